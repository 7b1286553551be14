"""The 8D report of a corrective action, as a numbered form with versions (R49, R71)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.core.errors import Missing
from aftersales.core.time import now
from complaints import selectors_action as selectors
from complaints.acting import HANDLERS
from complaints.models import CorrectiveAction
from complaints.states_action import Discipline
from tickets.models import Ticket
from visits import papers
from visits.models import Paper
from visits.paper_facts import layout, moment, zone_of
from visits.paper_words import Labels
from visits.papers import Content, Kind
from visits.services import paper
from visits.states import PaperKind

MOST_VERSIONS = 20


def enter() -> None:
    """Enter the form; called once when the house starts."""
    papers.kinds.add(
        Kind(
            PaperKind.EIGHT_D,
            "",
            "8D-1",
            ("8D report", "8D 报告", "8D 報告"),
            "complaints/papers/eight_d.html",
            report,
            rule="rule_8d",
            words=WORDS,
            of="action",
            number=lambda action: action.number,
            readers=frozenset(HANDLERS),
            page=lambda action_id: reverse("action", args=[action_id]),
            beside=_beside,
        )
    )


@transaction.atomic
def issue(action_id: int, *, by: Actor, at: datetime | None = None) -> Paper:
    """The report as the action stands now: its first version, the one there is, or the next one. Raises Missing."""
    require(by, HANDLERS)
    ticket_id = CorrectiveAction.objects.filter(pk=action_id).values_list("ticket_id", flat=True).first()
    if ticket_id is None:
        raise Missing(_("There is no such action."))
    ticket = Ticket.objects.locked(ticket_id)
    form, action = papers.kinds.get(PaperKind.EIGHT_D), with_facts(action_id)
    if form is None or action is None:
        raise Missing(_("There is no such form."))
    return paper.issue_of(form, action, ticket, by=by, at=at or now())


def versions(action_id: int) -> list[Paper]:
    """What was printed of it, the newest first."""
    found: QuerySet[Paper] = Paper.objects.filter(kind=PaperKind.EIGHT_D, subject=action_id)
    return list(found.defer("changes").select_related("created_by").order_by("-version")[:MOST_VERSIONS])


def stale(action: CorrectiveAction, version: Paper) -> bool:
    """Whether the action says something else now."""
    return paper.stale(action, version)


def with_facts(action_id: int) -> CorrectiveAction | None:
    """An action with what its report says of the ticket. One query."""
    return (
        CorrectiveAction.objects.filter(pk=action_id)
        .select_related("ticket__customer", "ticket__site__region", "owner", "team", "model", "part", "opened_by")
        .first()
    )


def report(action: CorrectiveAction) -> Content:
    """All eight steps as they read now, what stands behind them, and the checks."""
    zone = zone_of(action.ticket)
    steps = selectors.newest_steps(action)
    return {
        "language": layout(action.ticket),
        "ticket": action.ticket.number,
        "title": action.title,
        "action_cause": f"cause_{action.cause}",
        "thing": action.thing,
        "action_owner": action.owner.name if action.owner else "",
        "department": str(action.team or ""),
        "opened": moment(action.opened_at, zone),
        "cycle": action.cycle,
        "implemented": moment(action.implemented_at, zone),
        "closed": moment(action.closed_at, zone),
        "complaints": [{"complaint": one.number, "said": one.words[:160]} for one in selectors.behind(action)[:20]],
        "steps": [
            {
                "step": f"d{discipline.value}",
                "text": found.text if (found := steps.get(discipline.value)) else "",
                "escape": found.escape if found else "",
                "by": found.by.name if found and found.by else "",
                "at": moment(found.at, zone) if found else "",
            }
            for discipline in Discipline
        ],
        "checks": [
            {
                "days": check.days,
                "due": moment(check.due_at, zone),
                "helped": {True: "helped_yes", False: "helped_no", None: ""}[check.effective],
                "reason": check.reason,
                "by": check.checked_by.name if check.checked_by else "",
                "at": moment(check.checked_at, zone),
                "returned_n": check.returned.count() if check.checked_at else "",
            }
            for check in action.checks.filter(cycle=action.cycle).select_related("checked_by").order_by("days")
        ],
    }


def _beside(content: Content, labels: Labels) -> dict[str, Any]:
    """The stored words of the form as they are read."""
    return {
        "cause": labels[content["action_cause"]],
        "steps": [(labels[step["step"]], step) for step in content["steps"]],
        "checks": [(labels[check["helped"]] if check["helped"] else "", check) for check in content["checks"]],
    }


WORDS: dict[str, tuple[str, str, str]] = {
    "title": ("Subject", "主题", "主題"),
    "action_cause": ("Cause", "原因类别", "原因類別"),
    "thing": ("Model, part", "型号、配件", "型號、零件"),
    "action_owner": ("Owner", "负责人", "負責人"),
    "department": ("Department", "责任部门", "責任部門"),
    "opened": ("Opened", "立项时间", "立案時間"),
    "cycle": ("Round", "轮次", "輪次"),
    "implemented": ("In place since", "实施完成", "實施完成"),
    "closed": ("Closed", "关闭时间", "結案時間"),
    "complaints": ("Complaints behind it", "相关投诉", "相關客訴"),
    "complaint": ("Complaint", "投诉单号", "客訴單號"),
    "said": ("What the customer says", "客户反映", "客戶反映"),
    "steps": ("Steps", "步骤", "步驟"),
    "text": ("What was done", "内容", "內容"),
    "escape": ("Escape point", "流出原因", "流出原因"),
    "by": ("By", "填写人", "填寫人"),
    "at": ("On", "日期", "日期"),
    "d1": ("D1 Team", "D1 小组成立", "D1 小組成立"),
    "d2": ("D2 Problem", "D2 问题描述", "D2 問題描述"),
    "d3": ("D3 Containment", "D3 临时遏制措施", "D3 臨時遏制措施"),
    "d4": ("D4 Root cause", "D4 根本原因", "D4 根本原因"),
    "d5": ("D5 Chosen action", "D5 选定纠正措施", "D5 選定矯正措施"),
    "d6": ("D6 Done, validated", "D6 实施并验证", "D6 實施並驗證"),
    "d7": ("D7 Prevention", "D7 预防再发", "D7 預防再發"),
    "d8": ("D8 Closing", "D8 总结与表彰", "D8 總結與表揚"),
    "checks": ("Effectiveness checks", "有效性检查", "有效性檢查"),
    "days": ("Days after", "实施后天数", "實施後天數"),
    "due": ("Due", "应查日期", "應查日期"),
    "helped": ("Result", "结论", "結論"),
    "helped_yes": ("effective", "有效", "有效"),
    "helped_no": ("not effective", "无效", "無效"),
    "returned_n": ("Complaints since", "期间投诉数", "期間客訴數"),
    "cause_late": ("late or not there", "迟到或未到", "遲到或未到"),
    "cause_conduct": ("conduct", "服务态度", "服務態度"),
    "cause_workmanship": ("workmanship", "维修质量", "維修品質"),
    "cause_product": ("fault of the product", "产品质量", "產品品質"),
    "cause_part": ("faulty part", "配件质量", "零件品質"),
    "cause_charge": ("charge", "收费", "收費"),
    "cause_information": ("wrong or missing information", "告知有误或遗漏", "告知有誤或遺漏"),
    "cause_unreachable": ("we could not be reached", "无法联系", "無法聯絡"),
    "cause_logistics": ("parts or delivery", "配件或物流", "零件或物流"),
    "cause_customer": ("use or expectation", "使用或期望", "使用或期望"),
    "cause_other": ("other", "其他", "其他"),
    "leader": ("Seen by the manager", "主管审阅", "主管審閱"),
    "rule_8d": (
        "Quality problems are analysed, acted on and checked for effect (R49, R85).",
        "质量问题须分析、整改并检查效果（R49、R85）。",
        "品質問題須分析、改善並檢查成效（R49、R85）。",
    ),
}
