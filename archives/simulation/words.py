"""What customers say and technicians write, in three languages: (简体, 繁體, English)."""

from __future__ import annotations

from typing import NamedTuple

Text = tuple[str, str, str]
HANS, HANT, ENGLISH = 0, 1, 2


class Fault(NamedTuple):
    """A complaint about a product, what was found, and what was done about it."""

    grade: int
    says: Text
    finding: Text
    work: Text


FAULTS: dict[str, list[Fault]] = {
    "aircon": [
        Fault(
            2,
            ("空调不制冷，吹出来是热风", "冷氣不冷，吹出來是熱風", "Air conditioner blows warm air"),
            ("制冷剂不足，室外机接口处渗漏", "冷媒不足，室外機接頭滲漏", "Refrigerant low, leak at the outdoor joint"),
            (
                "补漏并加注制冷剂 R32 0.6 kg，试机 20 分钟正常",
                "補漏並充填冷媒 R32 0.6 kg，試機 20 分鐘正常",
                "Sealed, 0.6 kg R32 added, ran 20 minutes",
            ),
        ),
        Fault(
            3,
            ("室内机滴水，地板都湿了", "室內機滴水，地板都濕了", "Indoor unit drips on the floor"),
            ("排水管堵塞", "排水管阻塞", "Drain pipe blocked"),
            ("疏通排水管，清洗接水盘", "疏通排水管，清洗接水盤", "Drain cleared, tray cleaned"),
        ),
        Fault(
            1,
            ("开机跳闸，显示 E4", "一開機就跳電，顯示 E4", "Trips the breaker at start, shows E4"),
            ("压缩机电容击穿", "壓縮機電容擊穿", "Compressor capacitor broken down"),
            ("更换启动电容，绝缘测试合格", "更換啟動電容，絕緣測試合格", "Start capacitor replaced, insulation tested"),
        ),
    ],
    "fridge": [
        Fault(
            1,
            (
                "冰箱冷藏室完全不冷，菜都坏了",
                "冰箱冷藏室完全不冷，菜都壞了",
                "Fridge does not cool at all, food spoilt",
            ),
            ("温度传感器失效", "溫度感應器失效", "Temperature sensor failed"),
            ("更换冷藏传感器，4 小时后 5 ℃", "更換冷藏感應器，4 小時後 5 ℃", "Sensor replaced, 5 °C after four hours"),
        ),
        Fault(
            4,
            ("冰箱半夜嗡嗡响，影响睡觉", "冰箱半夜嗡嗡響，影響睡眠", "Fridge hums at night"),
            ("压缩机减震垫老化", "壓縮機減震墊老化", "Compressor dampers worn"),
            ("更换减震垫，调平机身", "更換減震墊，調平機身", "Dampers replaced, levelled"),
        ),
    ],
    "washer": [
        Fault(
            2,
            ("洗衣机脱水时剧烈晃动，声音很大", "洗衣機脫水時劇烈晃動，聲音很大", "Washer shakes badly when spinning"),
            ("减震器损坏，运输螺栓未拆", "避震器損壞，運輸螺栓未拆", "Damper broken, transport bolts left in"),
            ("更换减震器两只，拆除运输螺栓", "更換避震器兩支，拆除運輸螺栓", "Two dampers replaced, bolts removed"),
        ),
        Fault(
            1,
            (
                "洗衣机打不开门，衣服还在里面",
                "洗衣機門打不開，衣服還在裡面",
                "Washer door will not open, clothes inside",
            ),
            ("门锁电路故障", "門鎖電路故障", "Door lock circuit faulty"),
            ("更换门锁组件", "更換門鎖組件", "Door lock replaced"),
        ),
    ],
    "heater": [
        Fault(
            1,
            (
                "热水器打不着火，家里有老人",
                "熱水器點不著火，家裡有長輩",
                "Water heater does not ignite, elderly at home",
            ),
            ("点火针积碳，电池电量低", "點火針積碳，電池沒電", "Ignition pin sooted, battery low"),
            (
                "清洁点火针，更换电池，检漏合格",
                "清潔點火針，更換電池，檢漏合格",
                "Pin cleaned, battery replaced, no leak found",
            ),
        ),
        Fault(
            3,
            ("热水忽冷忽热", "熱水忽冷忽熱", "Water turns hot and cold"),
            ("水流传感器有水垢", "水流感應器有水垢", "Flow sensor scaled"),
            ("除垢并校准水流传感器", "除垢並校正水流感應器", "Descaled and calibrated the flow sensor"),
        ),
    ],
    "kitchen": [
        Fault(
            3,
            ("油烟机吸力变小，厨房全是烟", "抽油煙機吸力變小，廚房都是煙", "Range hood hardly draws"),
            ("风轮油垢严重", "風輪油垢嚴重", "Impeller clogged with grease"),
            ("拆洗风轮，更换油网", "拆洗風輪，更換油網", "Impeller washed, filter replaced"),
        ),
        Fault(
            2,
            ("洗碗机不排水，报 E2", "洗碗機不排水，顯示 E2", "Dishwasher does not drain, E2"),
            ("排水泵卡住异物", "排水泵卡住異物", "Drain pump jammed"),
            ("取出异物，测试两遍正常", "取出異物，測試兩次正常", "Foreign body removed, two test runs"),
        ),
    ],
    "water": [
        Fault(
            3,
            ("净水器出水很慢，滤芯灯一直闪", "淨水器出水很慢，濾心燈一直閃", "Water purifier slow, filter lamp blinks"),
            ("前置滤芯到期", "前置濾心到期", "Pre-filter used up"),
            (
                "更换 PP 棉与活性炭滤芯并冲洗",
                "更換 PP 棉與活性碳濾心並沖洗",
                "PP and carbon filters replaced and flushed",
            ),
        ),
        Fault(
            1,
            ("净水器漏水，柜子泡了", "淨水器漏水，櫃子泡水了", "Purifier leaks into the cupboard"),
            ("快接接头开裂", "快接接頭裂開", "Quick connector cracked"),
            ("更换接头，保压测试合格", "更換接頭，保壓測試合格", "Connector replaced, pressure held"),
        ),
    ],
    "electronics": [
        Fault(
            2,
            ("电视有声音没图像", "電視有聲音沒畫面", "TV has sound but no picture"),
            ("背光灯条损坏", "背光燈條損壞", "Backlight strip broken"),
            ("更换背光灯条一套", "更換背光燈條一組", "Backlight strips replaced"),
        ),
        Fault(
            4,
            ("扫地机器人找不到充电座", "掃地機器人找不到充電座", "Robot vacuum cannot find its dock"),
            ("激光雷达罩脏污", "雷射雷達罩髒污", "Laser cover dirty"),
            ("清洁雷达并升级固件", "清潔雷達並更新韌體", "Laser cleaned, firmware updated"),
        ),
        Fault(
            3,
            ("空气净化器一直显示红色", "空氣清淨機一直顯示紅色", "Air purifier always shows red"),
            ("颗粒物传感器积尘", "粉塵感應器積塵", "Particle sensor dusty"),
            ("清洁传感器，更换滤网", "清潔感應器，更換濾網", "Sensor cleaned, filter replaced"),
        ),
    ],
    "instrument": [
        Fault(
            2,
            ("分析天平读数漂移，无法归零", "分析天平讀數漂移，無法歸零", "Balance drifts and does not tare"),
            ("防风罩静电，传感器需校准", "防風罩靜電，感應器需校正", "Static on the draught shield, sensor off"),
            (
                "除静电，E2 级砝码校准，附校准记录",
                "除靜電，以 E2 級砝碼校正，附校正紀錄",
                "Discharged, calibrated with E2 weights, record attached",
            ),
        ),
        Fault(
            1,
            (
                "分光光度计开机自检失败，光源报警",
                "分光光度計自檢失敗，光源警報",
                "Spectrophotometer fails self-test, lamp alarm",
            ),
            ("氘灯寿命到期", "氘燈壽命到期", "Deuterium lamp at end of life"),
            ("更换氘灯，波长校正合格", "更換氘燈，波長校正合格", "Lamp replaced, wavelength verified"),
        ),
        Fault(
            3,
            ("示波器第二通道波形失真", "示波器第二通道波形失真", "Channel 2 of the oscilloscope distorts"),
            (
                "探头补偿不当，前端衰减器偏差",
                "探棒補償不當，前端衰減器偏差",
                "Probe compensation off, attenuator biased",
            ),
            ("调整补偿并校准前端", "調整補償並校正前端", "Compensated and calibrated"),
        ),
    ],
    "survey": [
        Fault(
            2,
            ("车载定位终端离线，车队看不到位置", "車載定位終端離線，車隊看不到位置", "Vehicle trackers offline"),
            ("SIM 卡欠费，天线接触不良", "SIM 卡停話，天線接觸不良", "SIM suspended, antenna loose"),
            ("恢复通讯，重新固定天线", "恢復通訊，重新固定天線", "Data restored, antenna refitted"),
        ),
        Fault(
            3,
            ("RTK 接收机固定解很慢", "RTK 接收機固定解很慢", "RTK receiver is slow to fix"),
            ("固件版本过旧", "韌體版本過舊", "Firmware outdated"),
            ("升级固件，野外实测 8 秒固定", "更新韌體，現場實測 8 秒固定", "Firmware updated, fixed in 8 s outdoors"),
        ),
    ],
    "software": [
        Fault(
            2,
            ("系统登录后一直转圈，无法开单", "系統登入後一直轉圈，無法開單", "Software hangs after login"),
            ("缓存服务未启动", "快取服務未啟動", "Cache service not running"),
            ("重启服务并设置开机自启", "重啟服務並設定開機自動啟動", "Service restarted and enabled"),
        ),
        Fault(
            4,
            ("报表导出后日期格式不对", "報表匯出後日期格式不對", "Exported report shows wrong dates"),
            ("区域设置错误", "區域設定錯誤", "Locale set wrongly"),
            ("更正区域设置，重新导出", "更正區域設定，重新匯出", "Locale corrected, exported again"),
        ),
    ],
    "building": [
        Fault(
            1,
            ("门禁刷卡没反应，住户进不来", "門禁刷卡沒反應，住戶進不來", "Access panel ignores cards"),
            ("电源模块故障", "電源模組故障", "Power module faulty"),
            ("更换电源模块", "更換電源模組", "Power module replaced"),
        ),
        Fault(
            3,
            ("对讲声音断断续续", "對講聲音斷斷續續", "Intercom breaks up"),
            ("线路接头氧化", "線路接頭氧化", "Contacts oxidised"),
            ("重做接头", "重做接頭", "Contacts renewed"),
        ),
    ],
}

# By kind; {model} is the product's name.
REQUESTS: dict[str, list[Text]] = {
    "installation": [
        ("新购{model}，请预约安装", "新購{model}，請安排安裝", "New {model}, please install"),
        ("{model}已到货，周末方便安装", "{model}已到貨，週末方便安裝", "{model} delivered, install at the weekend"),
    ],
    "maintenance": [
        ("{model}年度保养", "{model}年度保養", "Yearly maintenance of {model}"),
        ("换季清洗{model}", "換季清洗{model}", "Seasonal cleaning of {model}"),
    ],
    "training": [
        ("{model}操作培训，约五人参加", "{model}操作教育訓練，約五人參加", "Training for {model}, five people"),
        ("新员工学习使用{model}", "新進人員學習使用{model}", "New staff learn to use {model}"),
    ],
    "consultation": [
        ("{model}怎么连接手机？", "{model}怎麼連手機？", "How do I connect {model} to my phone?"),
        ("{model}的滤芯多久换一次？", "{model}的濾心多久換一次？", "How often does {model} need a new filter?"),
        ("保修期内换零件收费吗？", "保固期內換零件要收費嗎？", "Are parts free under warranty?"),
        ("想了解{model}的延保价格", "想了解{model}的延長保固價格", "Price of a longer warranty for {model}?"),
    ],
    "return": [
        (
            "{model}与页面描述不符，要求退货",
            "{model}與網頁描述不符，要求退貨",
            "{model} is not as described, wants to return it",
        ),
        ("{model}收到时外箱破损，要退货", "{model}收到時外箱破損，要退貨", "{model} arrived damaged, returns it"),
    ],
    "exchange": [
        (
            "{model}一周内坏两次，要求换新",
            "{model}一週內壞兩次，要求換新",
            "{model} broke twice in a week, wants a new one",
        ),
        ("{model}尺寸买错，想换大一号", "{model}尺寸買錯，想換大一號", "Wrong size of {model}, wants a larger one"),
    ],
    "out_of_stock": [
        ("{model}遥控器缺货登记", "{model}遙控器缺貨登記", "Remote control of {model} out of stock"),
        ("{model}主板缺件，等总部调货", "{model}主機板缺料，等總公司調貨", "Main board of {model} to be ordered"),
    ],
    "complaint": [
        ("师傅约好上午来，等了一天没人", "師傅約好上午來，等了一整天沒人", "Waited the whole day, nobody came"),
        ("修了三次还是老毛病，太失望了", "修了三次還是老毛病，太失望了", "Repaired three times, same fault again"),
        ("上门费和电话里说的不一样", "到府費跟電話裡說的不一樣", "The visit cost more than you said"),
        ("客服态度很差，直接挂我电话", "客服態度很差，直接掛我電話", "Your agent hung up on me"),
        ("安装时把墙面弄坏了，要求赔偿", "安裝時把牆面弄壞了，要求賠償", "The wall was damaged during installation"),
        ("打了五次电话才有人接", "打了五次電話才有人接", "Called five times before anyone answered"),
    ],
}
DETAILS: list[Text] = [
    ("昨天晚上开始的，之前没有修过。", "昨天晚上開始的，之前沒有修過。", "Since last night; never repaired before."),
    ("客户已经自己断电重启过，没有用。", "客戶已自行斷電重開過，沒有用。", "Already switched off and on, no change."),
    ("家里有小孩和老人，希望尽快。", "家裡有小孩和長輩，希望盡快。", "Children and elderly at home; please hurry."),
    ("公司设备，影响下周交货。", "公司設備，影響下週交貨。", "Company equipment; next week’s delivery depends on it."),
    ("可以加微信发视频。", "可以加 LINE 傳影片。", "Can send a video."),
]
CONTACT: list[Text] = [
    ("已与客户核实故障现象。", "已與客戶確認故障情形。", "Confirmed the fault with the customer."),
    ("客户在家，随时可以上门。", "客戶在家，隨時可到府。", "The customer is at home any time."),
    ("客户情绪激动，已安抚。", "客戶情緒激動，已安撫。", "The customer was upset; calmed down."),
    ("教客户自检，问题依旧。", "教客戶自行檢查，問題依舊。", "Walked through self-checks; still there."),
]
NOT_REACHED: list[Text] = [
    ("无人接听。", "無人接聽。", "No answer."),
    ("手机关机。", "手機關機。", "Phone switched off."),
    ("占线，稍后再打。", "忙線中，稍後再撥。", "Engaged; will try later."),
]
NOTES: list[Text] = [
    ("客户发来了照片，已存档。", "客戶傳來照片，已存檔。", "The customer sent photos; kept."),
    ("已查询订单，购买日期属实。", "已查訂單，購買日期屬實。", "Order checked; purchase date is right."),
    ("仓库确认有货。", "倉庫確認有貨。", "The store has the part."),
    ("客户催问进度，已说明。", "客戶詢問進度，已說明。", "The customer asked how it stands; explained."),
    (
        "同小区另有一台，建议同路安排。",
        "同社區另有一台，建議同趟安排。",
        "Another one in the same estate; combine the trips.",
    ),
]
HAND_OVER: list[Text] = [
    ("我下班了，请接着联系客户。", "我下班了，請接著聯絡客戶。", "My shift ends; please follow up."),
    ("仪器类问题，请你处理。", "儀器類問題，請你處理。", "An instrument case; yours, please."),
]
DECLINE: list[Text] = [
    ("手上已有二十张单，接不了。", "手上已有二十張單，接不了。", "I have twenty already."),
    ("不是我负责的区域。", "不是我負責的區域。", "Not my region."),
]
WAIT_CUSTOMER: list[Text] = [
    ("客户出差，下周才在家", "客戶出差，下週才在家", "The customer is travelling until next week"),
    ("等客户提供购买凭证", "等客戶提供購買憑證", "Waiting for the proof of purchase"),
    ("客户要和家人商量", "客戶要和家人商量", "The customer asks the family first"),
]
WAIT_PARTS: list[Text] = [
    ("等主板到货", "等主機板到貨", "Waiting for the main board"),
    ("压缩机总部调拨中", "壓縮機總公司調撥中", "Compressor on its way from headquarters"),
    ("滤芯缺货，预计三天", "濾心缺貨，預計三天", "Filters out of stock, three days"),
]
REFUSE: list[Text] = [
    ("非本公司产品，已告知客户", "非本公司產品，已告知客戶", "Not our product; the customer was told"),
    (
        "超出服务区域，建议联系当地经销商",
        "超出服務區域，建議聯絡當地經銷商",
        "Outside our area; referred to the local dealer",
    ),
    (
        "人为损坏不在保修范围，客户不接受收费",
        "人為損壞不在保固範圍，客戶不接受收費",
        "Damage by misuse; the customer declines to pay",
    ),
]
CANCEL: list[Text] = [
    ("客户自行修好", "客戶自行修好", "Works again; the customer mended it"),
    ("客户决定买新的", "客戶決定買新的", "The customer buys a new one"),
    ("重复登记", "重複登記", "Registered twice"),
]
MOVE: list[Text] = [
    ("客户临时有事，改约", "客戶臨時有事，改約", "The customer asked for another time"),
    ("师傅前一户超时", "師傅前一戶超時", "The job before took longer"),
    ("暴雨，安全原因改期", "豪雨，安全因素改期", "Moved because of a rainstorm"),
]
CALL_OFF: list[Text] = [
    ("客户取消预约，另约时间", "客戶取消預約，另約時間", "The customer called it off; another day"),
    ("配件未到，先取消", "零件未到，先取消", "The part did not come"),
]
SORRY: Text = ("非常抱歉，让您白等了", "非常抱歉，讓您久等了", "We are very sorry that you waited in vain")
NOT_SOLVED: list[Text] = [
    ("缺配件，需二次上门", "缺零件，需再次到府", "Part missing; a second visit is needed"),
    ("需要带示波器复测", "需帶儀器複測", "Must come back with instruments"),
    ("客户电源不合格，改造后再来", "客戶電源不合格，改善後再來", "The customer’s wiring must be mended first"),
]
RESOLUTION: list[Text] = [
    ("电话指导复位后恢复正常", "電話指導重置後恢復正常", "Reset by telephone; works again"),
    ("已解释使用方法，客户满意", "已說明使用方式，客戶滿意", "Explained its use; the customer is content"),
    ("远程升级后正常", "遠端更新後正常", "Updated remotely; works"),
    ("已寄出配件，客户自行更换", "已寄出零件，客戶自行更換", "Sent the part; the customer fits it"),
    ("已致歉并补偿上门费", "已致歉並補償到府費", "Apologised; the visit fee is refunded"),
]
SATISFIED: list[Text] = [
    ("师傅很专业，满意。", "師傅很專業，滿意。", "Very professional."),
    ("问题解决了，谢谢。", "問題解決了，謝謝。", "Solved, thank you."),
    ("准时，走之前还打扫了。", "準時，離開前還打掃了。", "On time, and cleaned up afterwards."),
]
NOT_SATISFIED: list[Text] = [
    ("用了两天又不行了。", "用了兩天又不行了。", "Broke again after two days."),
    ("噪音还是很大，没有修好。", "噪音還是很大，沒有修好。", "Still noisy; not mended."),
    ("漏水还在，要求再来。", "還在漏水，要求再來。", "Still leaks; come again."),
]
QUESTIONS: list[Text] = [
    ("滤网多久换一次？", "濾網多久換一次？", "How often is the filter changed?"),
    ("延保怎么买，多少钱？", "延長保固怎麼買，多少錢？", "What does a longer warranty cost?"),
    ("旧零件能退给我吗？", "舊零件能退給我嗎？", "May I have the old part back?"),
]
ANSWERS: list[Text] = [
    ("已查明并电话答复，客户清楚了。", "已查明並電話答覆，客戶清楚了。", "Found out and told by telephone; clear now."),
    ("请技术部确认后答复客户。", "請技術部確認後答覆客戶。", "Answered after asking the technical department."),
]
REOPEN: list[Text] = [
    ("客户来电：同样的问题又出现", "客戶來電：同樣的問題又出現", "The customer calls: the same fault again"),
    ("客户改变主意，要求继续处理", "客戶改變主意，要求繼續處理", "The customer changed their mind"),
]
UNSIGNED: list[Text] = [
    ("客户外出，家政代为接待", "客戶外出，由家人代為接待", "The customer was out"),
    ("客户拒绝签字，已拍照", "客戶拒絕簽名，已拍照", "Would not sign; photographed"),
]
