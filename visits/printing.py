"""Paper: the service sheet as a PDF, company copy and customer copy, Chinese and English side by side."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import segno
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from aftersales.customers.models import Product
from visits.models import ServiceSheet, Visit
from visits.states import VisitState

FORM = "FWD"  # 服務單
FORM_VERSION = "1"
TRADITIONAL_COUNTRIES = frozenset({"TW", "HK", "MO"})

# A form has one wording in both languages at once, whatever language a page is read in: a catalogue serves one reader.
WORDS = {
    "title": ("Service sheet", "维修服务单", "維修服務單"),
    "company_copy": ("Company copy", "公司联", "公司聯"),
    "customer_copy": ("Customer copy", "客户联", "客戶聯"),
    "number": ("No.", "单号", "單號"),
    "order": ("Dispatch order", "派工单", "派工單"),
    "ticket": ("Ticket", "工单", "工單"),
    "customer": ("Customer", "客户", "客戶"),
    "phone": ("Telephone", "电话", "電話"),
    "site": ("Address", "地址", "地址"),
    "product": ("Product", "产品", "產品"),
    "serial": ("Serial no.", "序列号", "序號"),
    "purchased": ("Purchased", "购买日期", "購買日期"),
    "voucher": ("Voucher", "保修凭证", "保固憑證"),
    "warranty": ("Warranty", "保修", "保固"),
    "in_warranty": ("in warranty until", "保修期内，至", "保固期內，至"),
    "out_of_warranty": ("ended on", "已过保，止于", "已過保，止於"),
    "warranty_unknown": ("to be decided by the voucher", "以保修凭证为准", "以保固憑證為準"),
    "problem": ("Problem", "报修内容", "報修內容"),
    "finding": ("Finding", "故障情况", "故障情況"),
    "work": ("Work done", "处理情况", "處理情況"),
    "result": ("Result", "结果", "結果"),
    "solved": ("solved", "已解决", "已解決"),
    "not_solved": ("not solved", "未解决", "未解決"),
    "comment": ("Customer's comment", "客户意见", "客戶意見"),
    "satisfaction": ("Satisfaction", "满意度", "滿意度"),
    "times": ("Times", "时间", "時間"),
    "promised": ("Appointment", "预约", "預約"),
    "en_route": ("On the way", "出发", "出發"),
    "on_site": ("On site", "到达", "到達"),
    "ended": ("Ended", "结束", "結束"),
    "technician": ("Technician", "服务人员", "服務人員"),
    "signature": ("Customer's signature", "客户签字", "客戶簽名"),
    "not_signed": ("Not signed because", "未签字原因", "未簽名原因"),
    "contact": ("Questions and complaints", "咨询与投诉", "諮詢與投訴"),
    "form": ("Form", "表单", "表單"),
    "page": ("Page", "页", "頁"),
    "none": ("none", "无", "無"),
    "rule": (
        "The customer reads, comments on and signs this sheet and keeps a copy (R32).",
        "本单由客户阅读、填写意见并签字，客户留存一联（R32）。",
        "本單由客戶閱讀、填寫意見並簽名，客戶留存一聯（R32）。",
    ),
}


@dataclass(frozen=True)
class Labels(Mapping[str, SafeString]):
    """Every word of the form in Chinese and English, the customer's language first."""

    traditional: bool
    english_first: bool

    def __getitem__(self, name: str) -> SafeString:
        english, hans, hant = WORDS[name]
        chinese = format_html('<span lang="{}">{}</span>', self.chinese, hant if self.traditional else hans)
        latin = format_html('<span lang="en">{}</span>', english)
        first, second = (latin, chinese) if self.english_first else (chinese, latin)
        return format_html('<b class="first">{}</b> <span class="second">{}</span>', first, second)

    def __iter__(self) -> Any:
        return iter(WORDS)

    def __len__(self) -> int:
        return len(WORDS)

    @property
    def chinese(self) -> str:
        return "zh-Hant" if self.traditional else "zh-Hans"


def labels_for(visit: Visit) -> Labels:
    """Choose the glyphs and the order: the customer's language, else what the place reads."""
    language = visit.ticket.customer.language
    site = visit.ticket.site
    traditional = language == "zh-hant" or (
        language == "en" and site is not None and site.region.phone_region in TRADITIONAL_COUNTRIES
    )
    return Labels(traditional=traditional, english_first=language == "en")


def service_sheet_pdf(sheet_id: int) -> bytes:
    """Render both copies of one sheet as PDF; nothing outside the page itself is ever read."""
    sheet = ServiceSheet.objects.select_related(
        "visit__technician",
        "visit__ticket__customer",
        "visit__ticket__site__region",
        "visit__ticket__product__model",
    ).get(pk=sheet_id)
    return to_pdf(service_sheet_html(sheet))


def service_sheet_html(sheet: ServiceSheet) -> str:
    """Write the page; customers' words enter as escaped text alone."""
    visit = sheet.visit
    ticket = visit.ticket
    labels = labels_for(visit)
    zone = ZoneInfo(ticket.site.region.zone) if ticket.site else timezone.get_default_timezone()
    phone = ticket.customer.phones.first()
    model = ticket.product.model if ticket.product else None
    context = {
        "sheet": sheet,
        "visit": visit,
        "ticket": ticket,
        "w": labels,
        "copies": ("company_copy", "customer_copy"),
        "lang": "en" if labels.english_first else labels.chinese,
        "chinese": labels.chinese,
        "phone": phone.display if phone else ticket.contact_phone,
        "model_names": _both(labels, model.name_en, model.name_zh_hans, model.name_zh_hant) if model else [],
        "warranty": _warranty(ticket.product, timezone.localdate(visit.ended_at, zone) if visit.ended_at else None),
        "solved": visit.state == VisitState.COMPLETED,
        "marks": range(1, 6),
        "signature": _data_uri("image/png", bytes(visit.signature)) if visit.signature else "",
        "qr": segno.make(ticket_address(ticket.number), error="m").svg_data_uri(border=1),
        "mark": _mark(),
        "company": settings.COMPANY,
        "contact": settings.COMPANY_CONTACT,
        "form": f"{FORM}-{FORM_VERSION}",
        "moments": {name: _moment(getattr(visit, name), zone) for name in _MOMENTS},
    }
    return render_to_string("print/service_sheet.html", context)


_MOMENTS = ("window_start", "window_end", "en_route_at", "checked_in_at", "ended_at", "signed_at")


def ticket_address(number: str) -> str:
    """What the QR code says: the ticket's address where the installation knows its own, else its number."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/tickets/{number}/" if settings.PUBLIC_URL else number


def _both(labels: Labels, english: str, hans: str, hant: str) -> list[str]:
    chinese = (hant or hans) if labels.traditional else (hans or hant)
    names = [english, chinese] if labels.english_first else [chinese, english]
    return list(dict.fromkeys(name for name in names if name))


def _warranty(product: Product | None, on: date | None) -> dict[str, Any]:
    if product is None or product.warranty_until is None or on is None:
        return {"word": "warranty_unknown", "until": None}
    word = "in_warranty" if on <= product.warranty_until else "out_of_warranty"
    return {"word": word, "until": product.warranty_until.isoformat()}


def _moment(value: datetime | None, zone: ZoneInfo | Any) -> str:
    return value.astimezone(zone).strftime("%Y-%m-%d %H:%M") if value else ""


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _mark() -> str:
    path = settings.BASE_DIR / "static" / "favicon.svg"
    return _data_uri("image/svg+xml", path.read_bytes()) if path.exists() else ""


def to_pdf(html: str) -> bytes:
    """Render a page that carries everything it shows; any address in it but data: is left unread."""
    # WeasyPrint loads Pango; a web process never prints, and one machine without Pango must still take calls.
    from weasyprint import CSS, HTML
    from weasyprint.urls import URLFetcher

    class DataOnly(URLFetcher):
        """Reads data: addresses; files and the network are out of reach, redirects too."""

        def __init__(self) -> None:
            super().__init__(allowed_protocols={"data"}, allow_redirects=False)

    fetcher = DataOnly()
    style = CSS(string=render_to_string("print/sheet.css"), url_fetcher=fetcher)
    return HTML(string=html, url_fetcher=fetcher).write_pdf(stylesheets=[style], presentational_hints=False)
