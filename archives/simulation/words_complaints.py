"""What is said around complaints, in the three languages of the staff: simplified, traditional, English."""

from archives.simulation.words import Text

ABOUT_VISITS: list[Text] = [
    ("师傅迟到两个多小时，也没来电话", "師傅遲到兩個多小時，也沒打電話", "More than two hours late, and no call"),
    ("修好第二天又不制冷了，白跑一趟", "修好隔天又不冷了，白跑一趟", "Broken again the next day, all for nothing"),
    ("师傅说话很冲，弄脏地板也不收拾", "師傅口氣很差，弄髒地板也不清", "He was rude and left the floor dirty"),
    ("收费比电话里说的高了一倍", "收費比電話裡說的高一倍", "Twice the price that I was told"),
    ("换上去的零件用了三天就坏", "換上去的零件用三天就壞", "The new part lasted three days"),
]
GRAVE: list[Text] = [
    (
        "我已经向12315投诉了，再不处理就找记者曝光",
        "我已向消保會申訴，再不處理就找記者爆料",
        "I already filed it with the consumer council",
    ),
    (
        "插座冒烟差点起火，我已经报警了",
        "插座冒煙差點起火，我已報警",
        "The socket was smoking; I already called the police",
    ),
]
THREATS: list[Text] = [
    ("明天再不来，我就去消协投诉", "明天再不來，我就去消保會申訴", "Come tomorrow or I go to the consumer council"),
    ("不然就发到网上曝光你们", "不然就上網爆料你們", "Or I will go public with it"),
]
STATEMENT: list[Text] = [
    ("前一家耽误了，路上堵车，忘了打电话，向客户道歉。", "前一戶延誤、路上塞車，忘了打電話，向客戶致歉。", "The call before took longer and I forgot to ring; I am sorry."),
    ("报价单客户签过字，零件是后来加的。", "報價單客戶有簽名，零件是後來加的。", "The customer signed the offer; the part came later."),
]  # fmt: skip
EVIDENCE: list[Text] = [
    ("客户发来通话记录截图。", "客戶傳來通話紀錄截圖。", "The customer sent the list of calls."),
    ("客户补充：邻居也在场。", "客戶補充：鄰居也在場。", "The customer adds: a neighbour was there."),
]
FINDING: dict[str, Text] = {
    "late": ("派工单与签到时间相差两小时十分，无告知记录。", "派工單與簽到時間相差兩小時十分，無告知紀錄。", "Two hours ten between order and check-in, and no notice on record."),
    "conduct": ("与技师、客户分别核实，用语不当属实。", "與技師、客戶分別查證，用語不當屬實。", "Heard both sides: the words were as reported."),
    "workmanship": ("复查发现接头未拧紧，制冷剂泄漏。", "複查發現接頭未鎖緊，冷媒外洩。", "The joint was not tightened; refrigerant leaked."),
    "product": ("同批次主板第三起同样故障。", "同批次主機板第三起同樣故障。", "The third board of this batch with the same fault."),
    "part": ("更换的电容批次不良。", "更換的電容批次不良。", "The capacitor was of a bad batch."),
    "charge": ("多收上门费一次，系统未减免。", "多收一次到府費，系統未減免。", "The visit was charged twice."),
    "information": ("客服告知的价格未含配件。", "客服告知的價格未含零件。", "The price given on the telephone left the part out."),
    "unreachable": ("高峰时段排队超过二十分钟。", "尖峰時段排隊超過二十分鐘。", "More than twenty minutes in the queue at the peak."),
    "customer": ("说明书已注明，属使用不当。", "說明書已註明，屬使用不當。", "The manual says so; it was used otherwise."),
}  # fmt: skip
REMEDY: list[Text] = [
    ("当面道歉，赠送一次保养。", "當面致歉，贈送一次保養。", "An apology in person and one maintenance free of charge."),
    ("免费返修并延保三个月。", "免費返修並延長保固三個月。", "Repaired again free of charge, three months more warranty."),
    ("退还多收费用。", "退還溢收費用。", "What was charged too much is paid back."),
]  # fmt: skip
TOLD: list[Text] = [
    ("客户已知晓方案。", "客戶已知悉方案。", "The customer knows what we propose."),
    ("已电话说明处理结果与时限。", "已電話說明處理結果與期限。", "Explained the result and by when, on the telephone."),
]
NOT_ENOUGH: list[Text] = [
    ("只道歉不够，要求换新机。", "只道歉不夠，要求換新機。", "An apology is not enough, wants a new one."),
    ("不认可责任判定。", "不認同責任判定。", "Does not agree who was at fault."),
]
UPWARDS: list[Text] = [
    ("超出授权金额，请主管决定。", "超出授權金額，請主管決定。", "Beyond what I may decide; the supervisor, please."),
]
RAISED: list[Text] = [("客户再次来电，情绪激动。", "客戶再次來電，情緒激動。", "Called again, very upset.")]
CONFIRMED: list[Text] = [("首次投诉，沟通正常。", "首次申訴，溝通正常。", "A first complaint, calm.")]
LOWERED: list[Text] = [
    ("客户说明只是气话，未向外投诉。", "客戶說明只是氣話，未向外申訴。", "It was said in anger, nobody outside knows.")
]
