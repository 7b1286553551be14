"""The inbox: what a person was told, what of it is new, and what asks for an answer."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.views import person
from aftersales.core import keyset
from tickets import describe
from tickets.models import Notice
from tickets.services import inbox as service
from tickets.views.sent import READERS

PAGE_SIZE = 50
MOST_NEW = 100  # shown at once; the next come when these are read
_NEWEST = keyset.Order("-id")


@staff_page()
def inbox(request: HttpRequest) -> HttpResponse:
    """New and urgent notices first, then the read ones by age."""
    user = person(request)
    notices = (
        Notice.objects.filter(recipient=user, channel=Notice.Channel.INBOX)
        .select_related("event__user", "event__partner", "ticket__customer")
        .order_by("-id")
    )
    new = Q(read_at=None) | Q(urgent=True, acknowledged_at=None)
    token = request.GET.get("after", "")
    fresh = [] if token else list(notices.filter(new)[: MOST_NEW + 1])
    page = keyset.page(notices.exclude(new), _NEWEST, token=token, size=PAGE_SIZE)
    for notice in (*fresh, *page.rows):
        notice.told = describe.entry(notice.event)  # type: ignore[attr-defined]
    context = {
        "fresh": fresh[:MOST_NEW],
        "more_fresh": len(fresh) > MOST_NEW,
        "most": MOST_NEW,
        "page": page,
        "sees_sent": user.role in READERS,
        "any_unread": any(notice.read_at is None for notice in fresh),
    }
    template = "tickets/inbox.html#list" if request.htmx else "tickets/inbox.html"  # type: ignore[attr-defined]
    return render(request, template, context)


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
