"""What customers complain of and what was found, in the customers' languages."""

from __future__ import annotations

from complaints.states import Cause

SAID: dict[Cause, tuple[str, ...]] = {
    Cause.LATE: (
        "约好上午十点，师傅下午才到，也没有电话",
        "等了一天没有人來，電話也沒有打",
        "Nobody came in the agreed window.",
    ),
    Cause.CONDUCT: (
        "师傅态度很差，问两句就不耐烦",
        "師傅口氣不好，東西亂放",
        "The technician was rude on the telephone.",
    ),
    Cause.WORKMANSHIP: ("修完第二天又漏水", "裝好之後還是會晃", "It broke again the day after the repair."),
    Cause.PRODUCT: ("新买的机器一个月坏了两次", "買不到半年就不冷了", "A new unit that never worked properly."),
    Cause.PART: ("换上的主板三天就坏了", "換的零件是舊的", "The part that was put in failed within days."),
    Cause.CHARGE: ("说好保修期内，怎么又收上门费", "收費和報價不一樣", "I was charged for a warranty repair."),
    Cause.INFORMATION: (
        "客服说不用准备，师傅来了又说不能装",
        "每個人說的都不一樣",
        "I was told something else each time.",
    ),
    Cause.UNREACHABLE: ("热线打了六次没人接", "電話永遠忙線", "Nobody answers the hotline."),
    Cause.LOGISTICS: ("配件等了三个星期还没到", "零件寄錯地址", "Still waiting for a part after three weeks."),
    Cause.CUSTOMER: ("噪音比商场里的样机大", "跟廣告上說的不一樣", "It is louder than I expected."),
    Cause.OTHER: ("对处理结果不满意", "整個過程很不舒服", "I am not satisfied at all."),
}
FINDINGS: dict[Cause, tuple[str, ...]] = {
    Cause.LATE: ("前一单超时，未提前告知客户", "派工時未計入路程"),
    Cause.CONDUCT: ("录音显示语气不当", "客戶與同事說法一致"),
    Cause.WORKMANSHIP: ("接头未拧紧", "固定螺絲少裝兩顆"),
    Cause.PRODUCT: ("压缩机批次缺陷", "感測器漂移，同型號多件"),
    Cause.PART: ("新主板电容虚焊", "零件批次不良"),
    Cause.CHARGE: ("保修判定有误", "報價單未附"),
    Cause.INFORMATION: ("话术未更新", "說明書版本不同"),
    Cause.UNREACHABLE: ("高峰时段排班不足", "語音選單轉接失敗"),
    Cause.LOGISTICS: ("仓库发错型号", "供應商延遲出貨"),
    Cause.CUSTOMER: ("噪音在标准范围内", "使用方式與說明書不符"),
    Cause.OTHER: ("流程衔接不畅", "無法確認"),
}
CAUSE_NOTES = ("已与班组核对", "与供应商确认中", "", "見調查記錄")
