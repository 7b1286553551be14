"""What is written around appointments and at the customer's. Each text in 简体, 繁體, English."""

from archives.simulation.words import Text

LATE: list[Text] = [
    ("前一户维修超时", "前一戶維修超時", "The visit before took longer"),
    ("路上堵车", "路上塞車", "Held up by traffic"),
    ("回库房取配件", "回庫房取零件", "Back to the stock for a part"),
]
ABSENT: list[Text] = [
    ("敲门无人应", "敲門無人應", "Nobody opens the door"),
    ("门卫说客户外出", "警衛說客戶外出", "The porter says that they went out"),
]
NO_ANSWER: Text = ("门口电话无人接听", "門口電話無人接聽", "Called from the door, no answer")
DECIDED: dict[str, list[Text]] = {
    "customer": [("客户承认忘记预约", "客戶承認忘記預約", "The customer says that it was forgotten")],
    "company": [("师傅走错楼，客户一直在家", "師傅走錯棟，客戶一直在家", "Wrong building; the customer was at home")],
    "nobody": [("客户晚到十分钟，已见面", "客戶晚到十分鐘，已見面", "The customer came ten minutes later")],
}
LATE_REFUSED: list[Text] = [
    ("改派其他师傅按时上门", "改派其他師傅準時到府", "Send somebody else, on time"),
    ("客户请了假，必须上门", "客戶請了假，必須到府", "The customer took the day off: we go"),
]
TOOLS_MISSING: list[Text] = [
    ("压力表送检，已借用", "壓力表送檢，已借用", "The gauge is being checked; borrowed one"),
    ("工具在另一辆车上", "工具在另一輛車上", "The tool is in the other van"),
]
MISMATCH: list[Text] = [
    ("外壳有磕痕，客户知悉", "外殼有碰痕，客戶知悉", "A dent in the case; the customer knows"),
    ("缺遥控器，与报修不符", "缺遙控器，與報修不符", "The remote control is missing"),
]
EXPLAINED: list[Text] = [
    ("已说明超出保修期，按价目表收费", "已說明超出保固期，依價目表收費", "Out of warranty: charged by the price list"),
    ("人工与上门费保修期已满，已说明", "人工與車馬費保固期已滿，已說明", "Labour and travel are over; explained"),
]
PLAN: list[Text] = [
    ("更换损坏部件并整机测试", "更換損壞零件並整機測試", "Replace the broken part and test everything"),
    ("清洗、补充并检查线路", "清洗、補充並檢查線路", "Clean, refill and check the wiring"),
]
DISPUTED: list[Text] = [
    ("客户认为不用换主板", "客戶認為不用換主機板", "The customer sees no need for a new board"),
]
TAKEN: list[Text] = [
    ("主板一块，无附件", "主機板一塊，無附件", "One main board, nothing else"),
    ("整机，外壳有划痕，含电源线", "整機，外殼有刮痕，含電源線", "The whole unit, scratched, with its lead"),
]
CORRECTED: list[Text] = [
    ("型号写错，更正", "型號寫錯，更正", "The model was wrong"),
    ("漏记更换的部件", "漏記更換的零件", "A replaced part was left out"),
]
REMOTE: list[Text] = [
    ("远程重置参数，问题依旧，需上门", "遠端重設參數，問題依舊，需到府", "Settings reset from afar; a visit is needed"),
    ("远程升级固件，恢复正常", "遠端升級韌體，恢復正常", "Firmware updated from afar; works again"),
]
EMERGENCY: Text = ("夜间断气，本站无人可派", "夜間斷氣，本站無人可派", "No gas at night, and nobody of ours is free")
LESS: Text = ("老客户优惠抹零", "老客戶優惠去尾數", "Rounded down for an old customer")
FAILURE: list[tuple[Text, Text, Text]] = [
    # what, place, first plan
    (
        ("机房空调全部停机，温度 38 度", "機房冷氣全部停機，溫度 38 度", "All cooling of a server room is down, 38 °C"),
        ("二楼机房", "二樓機房", "Server room, second floor"),
        ("先启用备用机组，调两名师傅增援", "先啟用備用機組，調兩名師傅增援", "Start the spare unit; two more come"),
    ),
    (
        ("通电后冒烟，已断电停用", "通電後冒煙，已斷電停用", "It smoked when switched on and is unplugged"),
        ("厨房阳台", "廚房陽台", "Balcony beside the kitchen"),
        (
            "整批排查，电源板送检",
            "整批排查，電源板送檢",
            "The whole batch is checked",
        ),
    ),
]
ANALYSIS: dict[str, Text] = {
    "impact": ("停机 4 小时，无人受伤", "停機 4 小時，無人受傷", "Down for 4 hours, nobody hurt"),
    "handling": ("当天更换部件并恢复", "當天更換零件並恢復", "The part was replaced the same day"),
    "cause": ("密封件批次老化", "密封件批次老化", "A batch of seals that aged early"),
    "corrective": ("更换同批次 32 台", "更換同批次 32 台", "Replace the 32 of the same batch"),
    "corrective_by": ("服务一组", "服務一組", "Service team 1"),
    "preventive": ("入库检验增加老化试验", "入庫檢驗增加老化試驗", "Test for ageing when parts come in"),
    "preventive_by": ("品质部", "品保部", "Quality department"),
}
