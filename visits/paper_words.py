"""The words of the forms, Chinese and English side by side, whatever language a page is read in.

A catalogue serves one reader; a form serves the customer, the company and whoever checks it later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.utils.html import format_html
from django.utils.safestring import SafeString

Word = tuple[str, str, str]  # English, 简体, 繁體

WORDS: dict[str, Word] = {
    "company_copy": ("Company copy", "公司联", "公司聯"),
    "customer_copy": ("Customer copy", "客户联", "客戶聯"),
    "number": ("No.", "单号", "單號"),
    "version": ("Version", "版本", "版本"),
    "order": ("Dispatch order", "派工单", "派工單"),
    "ticket": ("Ticket", "工单", "工單"),
    "kind": ("Kind", "类别", "類別"),
    "language": ("Language", "语言", "語言"),
    "customer": ("Customer", "客户", "客戶"),
    "phone": ("Telephone", "电话", "電話"),
    "site": ("Address", "地址", "地址"),
    "access": ("Access hours", "可上门时间", "可上門時間"),
    "product": ("Product", "产品", "產品"),
    "serial": ("Serial no.", "序列号", "序號"),
    "purchased": ("Purchased", "购买日期", "購買日期"),
    "voucher": ("Voucher", "保修凭证", "保固憑證"),
    "warranty": ("Warranty", "保修", "保固"),
    "warranty_until": ("Warranty until", "保修期至", "保固期至"),
    "in_warranty": ("in warranty until", "保修期内，至", "保固期內，至"),
    "out_of_warranty": ("ended on", "已过保，止于", "已過保，止於"),
    "warranty_unknown": ("to be decided by the voucher", "以保修凭证为准", "以保固憑證為準"),
    "problem": ("Problem", "报修内容", "報修內容"),
    "description": ("Description", "详细说明", "詳細說明"),
    "grade": ("Fault grade", "故障等级", "故障等級"),
    "grade_1": ("1 service down", "1 级 完全中断", "1 級 完全中斷"),
    "grade_2": ("2 at risk", "2 级 有中断风险", "2 級 有中斷風險"),
    "grade_3": ("3 degraded", "3 级 性能下降", "3 級 效能下降"),
    "grade_4": ("4 intermittent", "4 级 偶发", "4 級 偶發"),
    "finding": ("Finding", "故障情况", "故障情況"),
    "work": ("Work done", "处理情况", "處理情況"),
    "result": ("Result", "结果", "結果"),
    "planned": ("planned", "已预约", "已預約"),
    "en_route_state": ("on the way", "在途", "在途"),
    "on_site_state": ("on site", "已到达", "已到達"),
    "cancelled": ("called off", "已取消", "已取消"),
    "solved": ("solved", "已解决", "已解決"),
    "not_solved": ("not solved", "未解决", "未解決"),
    "comment": ("Customer's comment", "客户意见", "客戶意見"),
    "satisfaction": ("Satisfaction", "满意度", "滿意度"),
    "promised": ("Appointment", "预约", "預約"),
    "en_route": ("On the way", "出发", "出發"),
    "on_site": ("On site", "到达", "到達"),
    "ended": ("Ended", "结束", "結束"),
    "technician": ("Technician", "服务人员", "服務人員"),
    "signature": ("Customer's signature", "客户签字", "客戶簽名"),
    "signer": ("Signed by", "签字人", "簽名人"),
    "signed": ("Signed", "签字时间", "簽名時間"),
    "typed": ("Signature, typed", "客户签字（键入）", "客戶簽名（鍵入）"),
    "typed_because": ("Typed because", "未手写原因", "未手寫原因"),
    "unsigned": ("Not signed because", "未签字原因", "未簽名原因"),
    "contact": ("Questions and complaints", "咨询与投诉", "諮詢與投訴"),
    "form": ("Form", "表单", "表單"),
    "none": ("none", "无", "無"),
    "prepare": ("The customer prepares", "请客户准备", "請客戶準備"),
    "note": ("Note", "备注", "備註"),
    "planned_by": ("Planned by", "派工人", "派工人"),
    "planned_at": ("Planned", "派工时间", "派工時間"),
    "approved": ("Signed by the manager", "主管签批", "主管簽核"),
    "reason": ("Reason", "原因", "原因"),
    "yes": ("yes", "是", "是"),
    "no": ("no", "否", "否"),
    "date": ("Date", "日期", "日期"),
    "period": ("Period", "期间", "期間"),
    "days": ("Days", "日期", "日期"),
    "everyone": ("all technicians", "全部服务人员", "全部服務人員"),
    "visits": ("Visits", "上门次数", "上門次數"),
    # versions and verification
    "changed": ("Changed since version", "与上一版本的差异，版本", "與上一版本的差異，版本"),
    "was": ("before", "原", "原"),
    "now": ("now", "现", "現"),
    "more_changes": ("further changes", "处其他更改", "處其他更改"),
    "signed_before": (
        "The signature was given on an earlier version.",
        "客户签字所签为较早版本。",
        "客戶簽名所簽為較早版本。",
    ),
    "verify": ("Verify this paper", "扫码验证本单", "掃碼驗證本單"),
    "hash": ("Check sum", "校验码", "校驗碼"),
    # the contact card (R32)
    "card": ("Contact card", "服务联系卡", "服務聯絡卡"),
    "card_call": ("Call us about ticket", "来电请报工单号", "來電請報工單號"),
    "card_callback": (
        "We call you 3 to 7 days after the visit and ask whether all is well.",
        "上门后第 3 至第 7 天，我们会致电回访。",
        "上門後第 3 至第 7 天，我們會致電回訪。",
    ),
    # kit check (R21)
    "kit": ("Before leaving", "出发前检查", "出發前檢查"),
    "kit_call": ("customer called, time confirmed", "已致电客户并确认时间", "已致電客戶並確認時間"),
    "kit_badge": ("badge", "工牌", "工作證"),
    "kit_uniform": ("uniform", "工服", "制服"),
    "kit_tools": ("tools", "工具", "工具"),
    "kit_instruments": ("instruments", "仪器", "儀器"),
    "kit_parts": ("parts", "配件", "零件"),
    "kit_papers": ("papers", "单据", "單據"),
    # installation and commissioning
    "checks": ("Checks", "检查项目", "檢查項目"),
    "check_goods": ("goods complete, undamaged", "货物齐全、无损坏", "貨物齊全、無損壞"),
    "check_place": ("place and fixing", "安装位置与固定", "安裝位置與固定"),
    "check_supply": ("electricity, water, gas, network", "水、电、气、网络接入", "水、電、氣、網路接入"),
    "check_safety": ("earthing and leaks", "接地与泄漏检查", "接地與洩漏檢查"),
    "check_start": ("started and set up", "开机与参数设置", "開機與參數設定"),
    "check_run": ("test run", "试运行", "試運轉"),
    "check_taught": ("use explained to the customer", "已向客户讲解使用方法", "已向客戶講解使用方法"),
    "check_clean": ("place cleaned up", "现场已清理", "現場已清理"),
    "passed": ("in order", "合格", "合格"),
    "failed": ("not in order", "不合格", "不合格"),
    "measured": ("Measured", "实测值", "實測值"),
    # survey
    "survey_ask": (
        "How satisfied are you? 1 not at all, 5 very.",
        "您的满意程度：1 很不满意，5 很满意。",
        "您的滿意程度：1 很不滿意，5 很滿意。",
    ),
    "ask_time": ("came on time", "准时上门", "準時上門"),
    "ask_manner": ("manner and appearance", "态度与仪表", "態度與儀表"),
    "ask_skill": ("skill and quality of the work", "技术与服务质量", "技術與服務品質"),
    "ask_words": ("explanation of the fault and the use", "故障与使用讲解", "故障與使用說明"),
    "ask_price": ("charges announced and clear", "收费事先说明、清楚", "收費事先說明、清楚"),
    "ask_all": ("all in all", "总体评价", "整體評價"),
    "ask_recommend": ("would recommend us to others", "愿意向他人推荐我们", "願意向他人推薦我們"),
    "ask_solved": ("Is the problem solved?", "问题是否解决？", "問題是否解決？"),
    "ask_wishes": ("Wishes and suggestions", "意见与建议", "意見與建議"),
    # the rules that the forms keep
    "rule_order": (
        "Every visit leaves a dispatch order (R20).",
        "每次上门均须开具派工单（R20）。",
        "每次上門均須開具派工單（R20）。",
    ),
    "rule_sheet": (
        "The customer reads, comments on and signs this sheet and keeps a copy (R32).",
        "本单由客户阅读、填写意见并签字，客户留存一联（R32）。",
        "本單由客戶閱讀、填寫意見並簽名，客戶留存一聯（R32）。",
    ),
    "rule_survey": (
        "The customer is asked for satisfaction after every visit (R32).",
        "每次上门后征询客户满意度（R32）。",
        "每次上門後徵詢客戶滿意度（R32）。",
    ),
    "rule_register": (
        "Every visit is registered (R71).",
        "每次上门均须登记（R71）。",
        "每次上門均須登記（R71）。",
    ),
    # kinds of request
    "kind_installation": ("installation", "安装", "安裝"),
    "kind_repair": ("repair", "维修", "維修"),
    "kind_maintenance": ("maintenance", "保养巡检", "保養巡檢"),
    "kind_training": ("training", "培训", "培訓"),
    "kind_consultation": ("consultation", "咨询", "諮詢"),
    "kind_return": ("return", "退货", "退貨"),
    "kind_exchange": ("exchange", "换货", "換貨"),
    "kind_complaint": ("complaint", "投诉", "投訴"),
    "kind_out_of_stock": ("out-of-stock registration", "缺货登记", "缺貨登記"),
}


def in_language(word: Word, language: str) -> str:
    """A word for the reader of a page."""
    return word[{"zh-hans": 1, "zh-hant": 2}.get(language, 0)]


@dataclass(frozen=True)
class Labels(Mapping[str, SafeString]):
    """Every word of a form in Chinese and English, the customer's language first."""

    traditional: bool
    english_first: bool
    words: Mapping[str, Word] = field(default_factory=lambda: WORDS)

    def __getitem__(self, name: str) -> SafeString:
        return self.side_by_side(self.words[name])

    def __contains__(self, name: object) -> bool:
        return name in self.words

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __len__(self) -> int:
        return len(self.words)

    def side_by_side(self, word: Word) -> SafeString:
        """A word in the language that comes first, then in the other; two elements: each costs time in the layout."""
        english, hans, hant = word
        pair = [("en", english), (self.chinese, hant if self.traditional else hans)]
        (lang, first), (other, second) = pair if self.english_first else reversed(pair)
        markup = '<b class="first" lang="{}">{}</b> <span class="second" lang="{}">{}</span>'
        return format_html(markup, lang, first, other, second)

    def first(self, word: Word) -> str:
        """The word in the language that comes first."""
        return word[0] if self.english_first else word[2 if self.traditional else 1]

    def with_words(self, words: Mapping[str, Word]) -> Labels:
        """The same, with words that one form alone has."""
        return Labels(self.traditional, self.english_first, {**self.words, **words})

    @property
    def chinese(self) -> str:
        return "zh-Hant" if self.traditional else "zh-Hans"

    @property
    def lang(self) -> str:
        return "en" if self.english_first else self.chinese
