"""Complaints in any state, made by the real services, in the minutes after `START`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from complaints.models import Complaint
from complaints.services import callback, handling, register, settling
from complaints.states import Against, ComplaintState
from tests.people import Cast

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WORDS = "师傅迟到两小时,还没修好。"


def start(cast: Cast) -> datetime:
    """Two days after the visit: a Friday, 10:00 in Shanghai."""
    return cast.at + 2 * DAY


def complain(cast: Cast, *, by: str = "clerk", at: datetime | None = None, **given: Any) -> Complaint:
    """A complaint about the visit of Li Ming, taken by a clerk."""
    ticket = given.pop("ticket", None) or cast.visited()
    visit = ticket.visits.order_by("-id").first()
    heard: dict[str, Any] = {"words": WORDS, "against": Against.VISIT, "visit": visit, "sought": "repair", **given}
    return register.register(ticket.pk, **heard, by=cast.actor(by), at=at or start(cast))


def called_back(cast: Cast, complaint: Complaint, outcome: str = "satisfied", *, at: datetime) -> None:
    """The customer was called back about a settled complaint."""
    owed = complaint.callbacks.get(state="owed")
    callback.record_attempt(
        owed.pk, outcome=outcome, note="still hums", asked_time=True, by=cast.actor("officer"), at=at
    )


def in_state(cast: Cast, state: str, **given: Any) -> Complaint:
    """A complaint brought into a state by its verbs."""
    made = complain(cast, **given)
    at, pk = start(cast), made.pk
    officer, manager = cast.actor("officer"), cast.actor("manager")

    def go(verb: Any, **entered: Any) -> None:
        nonlocal at
        at += MINUTE
        verb(pk, by=officer, at=at, **entered)

    def decided() -> None:
        go(handling.acknowledge, reached=True)
        go(handling.investigate)
        go(handling.find, finding="he was late", cause="late")
        go(settling.propose, verdict="upheld", remedy="apology", remedy_by=at + DAY)

    match ComplaintState(state):
        case ComplaintState.REGISTERED:
            pass
        case ComplaintState.ACKNOWLEDGED:
            go(handling.acknowledge, reached=True)
        case ComplaintState.INVESTIGATING:
            go(handling.investigate)
            go(handling.find, finding="he was late", cause="late")
        case ComplaintState.ESCALATED:
            go(handling.investigate)
            go(handling.find, finding="he was late", cause="late")
            go(settling.report, reason="cannot say")
        case ComplaintState.PROPOSED:
            decided()
            go(settling.inform, reached=True)
        case ComplaintState.DISPUTED:
            decided()
            go(settling.inform, reached=True)
            go(settling.dispute, reason="not enough")
        case _:
            decided()
            go(settling.inform, reached=True)
            go(settling.accept)
            if state == ComplaintState.ACCEPTED:
                return Complaint.objects.get(pk=pk)
            go(settling.remedy)
            if state == ComplaintState.REMEDIED:
                return Complaint.objects.get(pk=pk)
            called_back(cast, made, at=at + MINUTE)
            if state == ComplaintState.CALLED_BACK:
                return Complaint.objects.get(pk=pk)
            at += MINUTE
            go(settling.close)
            if state == ComplaintState.REOPENED:
                go(settling.reopen, reason="it leaks again")
    assert manager
    return Complaint.objects.get(pk=pk)
