"""The inbox: what a person was told, what of it is new, and what asks for an answer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Max, Min, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.models import User
from aftersales.accounts.views import person
from aftersales.core import keyset
from tickets import describe
from tickets.models import Notice
from tickets.services import inbox as service
from tickets.services import promises
from tickets.states import EventKind
from tickets.views.sent import READERS

PAGE_SIZE = 50
LEAST_FOLDED = 3  # fewer late ones are no storm
MOST_NEW = 100  # shown at once; the next come when these are read
_NEWEST = keyset.Order("-id")


@staff_page()
def inbox(request: HttpRequest) -> HttpResponse:
    """New and urgent notices first, then the read ones by age; what was told late is folded into one line."""
    user = person(request)
    notices = (
        Notice.objects.filter(recipient=user, channel=Notice.Channel.INBOX)
        .select_related("event__user", "event__partner", "ticket__customer")
        .order_by("-id")
    )
    new = Q(read_at=None) | Q(urgent=True, acknowledged_at=None)
    token = request.GET.get("after", "")
    fresh = [] if token else list(notices.filter(new, digest=False)[: MOST_NEW + 1])
    late = [] if token else list(notices.filter(new, digest=True)[: MOST_NEW + 1])
    page = keyset.page(notices.exclude(new), _NEWEST, token=token, size=PAGE_SIZE)
    _tell([*fresh, *late, *page.rows], user=user)
    if len(late) < LEAST_FOLDED:
        fresh, late = sorted([*fresh, *late], key=lambda notice: -notice.pk), []
    context = {
        "folded": _folded(late[:MOST_NEW], notices.filter(new, digest=True)) if late else None,
        "fresh": fresh[:MOST_NEW],
        "more_fresh": len(fresh) > MOST_NEW,
        "most": MOST_NEW,
        "page": page,
        "sees_sent": user.role in READERS,
        "any_unread": any(notice.read_at is None for notice in (*fresh, *late)),
    }
    template = "tickets/inbox.html#list" if request.htmx else "tickets/inbox.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def _tell(notices: list[Notice], *, user: User) -> None:
    """Give each notice its words, and who else takes care of the promise that it tells of. At most one query."""
    kinds = (EventKind.BREACHED, EventKind.ESCALATED)
    clocks = [notice.event.data.get("clock") for notice in notices if notice.event.kind in kinds]
    care = promises.taken_care_of(clock for clock in clocks if clock) if clocks else {}
    for notice in notices:
        notice.told = describe.entry(notice.event)  # type: ignore[attr-defined]
        by = care.get(notice.event.data.get("clock")) if notice.event.kind in kinds else None
        notice.taken = by if by and by.user_id != user.pk else None  # type: ignore[attr-defined]


def _folded(shown: list[Notice], every: QuerySet[Notice]) -> dict[str, Any]:
    """What came late, after an outage: how many promises it tells of, what fell due between when and when."""
    found = every.aggregate(
        promises=Count(KeyTextTransform("clock", "event__data"), distinct=True),
        every=Count("pk"),
        first=Min("event__at"),
        last=Max("event__at"),
    )
    return {**found, "count": found["promises"] or found["every"], "notices": shown}


@require_POST
@staff_page()
def acknowledge(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Take note of one urgent notice."""
    service.acknowledge(notice_id, by=Actor.of(request))
    messages.success(request, _("Acknowledged."))
    return redirect("inbox")


@require_POST
@staff_page()
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything as read."""
    service.read_all(by=person(request))
    return redirect("inbox")
