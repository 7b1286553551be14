"""What speaks for a graver class of complaint (R41): found in the customer's words and history; shown, not decisive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aftersales.core.text import fold
from complaints.models import Complaint
from complaints.states import Signal
from tickets.models import Ticket
from tickets.sla.models import Clock
from tickets.states import ComplaintClass

AGAIN_WITHIN = timedelta(days=365)  # the same customer or serial number complains again
_LONGEST_DETAIL = 80

# Folded words (traditional characters become simplified, letters small) that mean the thing in three languages.
_WORDS: dict[Signal, tuple[str, ...]] = {
    Signal.MEDIA: (
        "媒体", "记者", "报社", "电视台", "曝光", "新闻", "微博", "抖音", "小红书", "爆料", "直播",
        "journalist", "newspaper", "the press", "tv station", "reporter", "social media", "go viral",
    ),
    Signal.AUTHORITY: (
        "12315", "消协", "消费者协会", "消保会", "消基会", "消委会", "工商局", "市场监管", "监管局", "仲裁",
        "法院", "起诉", "律师", "报警", "派出所", "公平会", "信访", "消费者委员会",
        "consumer council", "ombudsman", "court", "lawyer", "sue ", "police", "regulator", "authorities",
    ),
    Signal.SAFETY: (
        "触电", "漏电", "起火", "着火", "冒烟", "爆炸", "受伤", "烫伤", "漏气", "燃气", "中毒", "火花",
        "electric shock", "caught fire", "on fire", "smoke", "explo", "injur", "burnt", "burned", "gas leak", "sparks",
    ),
    Signal.THREAT: (
        "投诉你们", "要投诉", "去投诉", "告你们", "告到", "不然就", "否则就", "找人评理", "公开",
        "complain outside", "file a complaint", "report you", "take this further", "legal action", "go public",
    ),
}  # fmt: skip
# Somebody outside is there already, and not only threatened with.
_ALREADY = (
    "已经", "已向", "已到", "我已", "来采访", "来电询问", "立案", "受理", "刚向", "发了", "曝光了",
    "already", "have filed", "has filed", "have reported", "was filed", "i filed", "i called the", "contacted the",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """The class that is proposed, and what speaks for it as it is kept: [{"signal", "detail"}]."""

    proposed: ComplaintClass
    signals: list[dict[str, str]]


def read(
    ticket: Ticket, words: str, *, at: datetime, again: bool = False, leaving_out: Complaint | None = None
) -> Finding:
    """Propose a class for what the customer says. Three queries at most."""
    found = _in_words(words)
    if again:
        found[Signal.REOPENED] = ""
    earlier = _earlier(ticket, at=at, leaving_out=leaving_out)
    if earlier:
        found[Signal.REPEATED] = earlier
    if ticket.customer.vip:
        found[Signal.VIP] = ""
    broken = (
        Clock.objects.filter(ticket=ticket, breached_at__isnull=False).order_by("-breached_at").only("target").first()
    )
    if broken is not None:
        found[Signal.BROKEN] = broken.target
    return Finding(
        _proposed(found, fold(words)), [{"signal": signal.value, "detail": detail} for signal, detail in found.items()]
    )


def _in_words(words: str) -> dict[Signal, str]:
    folded = fold(words)
    found = {}
    for signal, known in _WORDS.items():
        said = next((word for word in known if word in folded), "")
        if said:
            found[signal] = said.strip()[:_LONGEST_DETAIL]
    return found


def _earlier(ticket: Ticket, *, at: datetime, leaving_out: Complaint | None) -> str:
    """The number of the latest complaint of the same customer or product, or ""."""
    known = Complaint.objects.filter(registered_at__gt=at - AGAIN_WITHIN, registered_at__lte=at)
    if leaving_out is not None:
        known = known.exclude(pk=leaving_out.pk)
    latest = known.filter(ticket__customer=ticket.customer_id).order_by("-registered_at").first()
    serial = ticket.product.serial_key if ticket.product else ""
    if latest is None and serial:
        latest = known.filter(ticket__product__serial_key=serial).order_by("-registered_at").first()
    return latest.number if latest else ""


def _proposed(found: dict[Signal, str], folded: str) -> ComplaintClass:
    outside = found.keys() & {Signal.MEDIA, Signal.AUTHORITY}
    if outside and any(word in folded for word in _ALREADY):
        return ComplaintClass.THIRD
    if outside or found.keys() & {Signal.THREAT, Signal.SAFETY, Signal.REPEATED, Signal.REOPENED}:
        return ComplaintClass.SECOND
    if {Signal.VIP, Signal.BROKEN} <= found.keys():
        return ComplaintClass.SECOND
    return ComplaintClass.FIRST
