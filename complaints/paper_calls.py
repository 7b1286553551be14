"""The forms of calls and letters: the record of one call, the registers of a period's calls and letters (R64)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from complaints.models import Attempt, Callback, InvitationCall, Letter
from visits import papers
from visits.paper_facts import Period, facts, layout, moment, zone_of
from visits.paper_words import Labels
from visits.papers import Content, Kind
from visits.states import PaperKind

MOST_ROWS = 1000

WORDS = {
    "why": ("Why", "回访类型", "回訪類型"),
    "kind_first": ("after the visit", "上门后回访", "到府後回訪"),
    "kind_second": ("second follow-up", "二次回访", "二次回訪"),
    "kind_complaint": ("after a complaint", "投诉回访", "客訴回訪"),
    "kind_plan": ("by plan", "计划跟踪", "計畫追蹤"),
    "kind_survey": ("low marks", "低分回访", "低分回訪"),
    "kind_invitation": ("invitation", "活动邀请", "活動邀請"),
    "kind_maintenance": ("maintenance reminder", "保养提醒", "保養提醒"),
    "window": ("To be made", "应回访时间", "應回訪時間"),
    "when": ("When", "时间", "時間"),
    "caller": ("Caller", "回访人", "回訪人"),
    "outcome": ("Outcome", "结果", "結果"),
    "outcome_satisfied": ("reached, satisfied", "已接通，满意", "已接通，滿意"),
    "outcome_question": ("reached, question open", "已接通，有问题待答复", "已接通，有問題待答覆"),
    "outcome_not_satisfied": ("reached, not satisfied", "已接通，不满意", "已接通，不滿意"),
    "outcome_not_reached": ("not reached", "未接通", "未接通"),
    "outcome_wrong_number": ("wrong number", "号码错误", "號碼錯誤"),
    "outcome_refused": ("does not want to be asked", "拒绝回访", "拒絕回訪"),
    "outcome_reached": ("reached", "已接通", "已接通"),
    "outcome_by_letter": ("not reached; letter", "未接通，改寄信函", "未接通，改寄信函"),
    "attitude": ("Attitude", "态度", "態度"),
    "quality": ("Quality", "质量", "品質"),
    "solved_asked": ("Solved", "是否解决", "是否解決"),
    "yes": ("yes", "是", "是"),
    "no": ("no", "否", "否"),
    "note": ("What was said", "谈话内容", "談話內容"),
    "question": ("Open question", "待答复问题", "待答覆問題"),
    "promised_by": ("Answer promised by", "承诺答复时间", "承諾答覆時間"),
    "answer": ("Answer", "答复", "答覆"),
    "answered_at": ("Answered", "答复时间", "答覆時間"),
    "calls": ("Calls", "回访次数", "回訪次數"),
    "letters": ("Letters", "信函数", "信函數"),
    "subject": ("Subject", "主题", "主旨"),
    "recipient": ("Recipient", "收件人", "收件人"),
    "writer": ("Written by", "经办人", "經辦人"),
    "rule_calls": (
        "Every follow-up call and letter is registered (R64).",
        "每次跟踪电话和信函均须登记（R64）。",
        "每次追蹤電話與信函均須登記（R64）。",
    ),
    "letter_not_reached": ("could not be reached", "未能联系到", "未能聯絡到"),
    "letter_maintenance": ("maintenance reminder", "保养提醒", "保養提醒"),
    "letter_campaign": ("invitation", "活动邀请", "活動邀請"),
    "letter_other": ("other", "其他", "其他"),
}


def _bounds(days: Period) -> tuple[datetime, datetime]:
    zone = timezone.get_default_timezone()
    start = datetime.combine(days.first_day, datetime.min.time(), tzinfo=zone)
    return start, datetime.combine(days.last_day + timedelta(days=1), datetime.min.time(), tzinfo=zone)


def enter() -> None:
    """Enter the forms; called once when the house starts."""
    papers.kinds.add(
        Kind(
            PaperKind.CALL_RECORD,
            "",
            "CRE-1",
            ("Call record", "跟踪服务电话记录表", "追蹤服務電話記錄表"),
            "complaints/papers/call_record.html",
            call_record,
            rule="rule_calls",
            words=WORDS,
            of="callback",
            number=lambda callback: f"CR{callback.pk:08d}",
            beside=_record_rows,
        )
    )
    papers.kinds.add(
        Kind(
            PaperKind.CALL_REGISTER,
            "T",
            "CRG-1",
            ("Call register", "跟踪服务电话登记表", "追蹤服務電話登記表"),
            "complaints/papers/call_register.html",
            call_register,
            rule="rule_calls",
            words=WORDS,
            of="days",
            beside=_register_rows,
        )
    )
    papers.kinds.add(
        Kind(
            PaperKind.LETTER_REGISTER,
            "B",
            "LRG-1",
            ("Letter register", "跟踪服务信函登记表", "追蹤服務信函登記表"),
            "complaints/papers/letter_register.html",
            letter_register,
            rule="rule_calls",
            words=WORDS,
            of="days",
            beside=_letter_rows,
        )
    )


def with_facts(callback_id: int) -> Callback | None:
    """A callback with all that its record says. Three queries."""
    return (
        Callback.objects.filter(pk=callback_id)
        .select_related(
            "ticket__customer", "ticket__site__region", "ticket__product__model", "visit__technician", "complaint",
            "promised__answered_by",
        )
        .prefetch_related("attempts__by", "ticket__customer__phones")
        .first()
    )  # fmt: skip


def call_record(callback: Callback) -> Content:
    """One call that was owed: every attempt, what was said, what was promised."""
    ticket, zone = callback.ticket, zone_of(callback.ticket)
    if callback.visit is not None:
        callback.visit.ticket = ticket
        known = facts(callback.visit)
    else:
        phone = next(iter(ticket.customer.phones.all()), None)
        known = {
            "language": layout(ticket),
            "ticket": ticket.number,
            "customer": ticket.customer.name,
            "phone": phone.display if phone else ticket.contact_phone,
            "site": ticket.site.address if ticket.site else "",
            "problem": ticket.summary,
        }
    promised = getattr(callback, "promised", None)
    attempts = sorted(callback.attempts.all(), key=lambda one: one.pk)
    return {
        **known,
        "why": callback.kind,
        "complaint": callback.complaint.number if callback.complaint else "",
        "window": f"{moment(callback.opens_at, zone)} – {moment(callback.due_at, zone)}",
        "rows": {
            str(one.pk): {
                "when": moment(one.at, zone),
                "caller": one.by.name if one.by else "",
                "outcome": one.outcome,
                "attitude": one.attitude,
                "quality": one.quality,
                "solved_asked": "" if one.solved is None else "yes" if one.solved else "no",
                "note": one.note,
            }
            for one in attempts
        },
        "question": promised.question if promised else "",
        "promised_by": moment(promised.promised_at, zone) if promised else "",
        "answer": promised.answer if promised else "",
        "answered_at": moment(promised.answered_at, zone) if promised else "",
    }


def call_register(days: Period) -> Content:
    """Every call of the days, about visits, complaints, plans, reminders and campaigns, by time."""
    zone, (start, end) = timezone.get_default_timezone(), _bounds(days)
    rows: dict[str, Any] = {}
    for one in (
        Attempt.objects.filter(at__gte=start, at__lt=end)
        .select_related("by", "callback__ticket__customer")
        .order_by("at", "pk")[: MOST_ROWS + 1]
    ):
        rows[f"C{one.pk}"] = {
            "when": moment(one.at, zone),
            "caller": one.by.name if one.by else "",
            "customer": one.callback.ticket.customer.name,
            "ticket": one.callback.ticket.number,
            "why": one.callback.kind,
            "outcome": one.outcome,
            "note": papers.cut(one.note, 120),
        }
    for call in (
        InvitationCall.objects.filter(at__gte=start, at__lt=end)
        .select_related("by", "invitation__customer", "invitation__campaign")
        .order_by("at", "pk")[: MOST_ROWS + 1]
    ):
        campaign = call.invitation.campaign
        rows[f"I{call.pk}"] = {
            "when": moment(call.at, zone),
            "caller": call.by.name if call.by else "",
            "customer": call.invitation.customer.name,
            "ticket": campaign.name if campaign else "",
            "why": "invitation" if campaign else "maintenance",
            "outcome": call.outcome,
            "note": papers.cut(call.note, 120),
        }
    return {"language": "zh-Hans", "days": f"{days.first_day} – {days.last_day}", "rows": rows}


def letter_register(days: Period) -> Content:
    """Every letter of the days, by number."""
    zone, (start, end) = timezone.get_default_timezone(), _bounds(days)
    found = Letter.objects.filter(written_at__gte=start, written_at__lt=end).select_related("written_by", "ticket")
    rows = {
        one.number: {
            "when": moment(one.written_at, zone),
            "recipient": one.recipient,
            "site": one.address,
            "letter": one.kind,
            "subject": one.subject,
            "ticket": one.ticket.number if one.ticket else "",
            "writer": one.written_by.name if one.written_by else "",
        }
        for one in found.defer("text").order_by("written_at", "pk")[: MOST_ROWS + 1]
    }
    return {"language": "zh-Hans", "days": f"{days.first_day} – {days.last_day}", "rows": rows}


def _record_rows(content: Content, words: Labels) -> dict[str, Any]:
    rows = [
        {
            **row,
            "outcome": words[f"outcome_{row['outcome']}"],
            "solved_asked": words[row["solved_asked"]] if row["solved_asked"] else "",
        }
        for row in content["rows"].values()
    ]
    return {"rows": sorted(rows, key=lambda row: row["when"]), "why": words[f"kind_{content['why']}"]}


def _register_rows(content: Content, words: Labels) -> dict[str, Any]:
    rows = [
        {**row, "outcome": words[f"outcome_{row['outcome']}"], "why": words[f"kind_{row['why']}"]}
        for row in content["rows"].values()
    ]
    return {"rows": sorted(rows, key=lambda row: row["when"])}


def _letter_rows(content: Content, words: Labels) -> dict[str, Any]:
    rows = [
        {**row, "number": number, "letter": words[f"letter_{row['letter']}"]} for number, row in content["rows"].items()
    ]
    return {"rows": sorted(rows, key=lambda row: row["number"])}
