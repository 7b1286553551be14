"""Sent notices: what left the house, what did not, and why."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import LEADERS, Role
from aftersales.accounts.views import person
from aftersales.core import keyset
from aftersales.core.errors import NotAllowed
from aftersales.core.middleware import refuse_on_page
from tickets.models import Notice
from tickets.services import delivery

PAGE_SIZE = 50
READERS = LEADERS | {Role.ADMIN}
_NEWEST = keyset.Order("-id")
# state: (icon, colour)
_LOOKS = {
    Notice.State.QUEUED: ("clock", "azure"),
    Notice.State.IN_FLIGHT: ("send", "azure"),
    Notice.State.SENT: ("check", "green"),
    Notice.State.FAILED: ("alert-triangle", "red"),
    Notice.State.DROPPED: ("bell", "secondary"),
}


@staff_page(*READERS)
def notices(request: HttpRequest) -> HttpResponse:
    """The newest first, of all states or of one (`?state=failed`)."""
    state = request.GET.get("state", "")
    rows = Notice.objects.exclude(channel=Notice.Channel.INBOX).select_related("recipient", "ticket")
    if state in Notice.State:
        rows = rows.filter(state=state)
    else:
        state = ""
    page = keyset.page(rows, _NEWEST, token=request.GET.get("after", ""), size=PAGE_SIZE, params={"state": state})
    for notice in page.rows:
        notice.icon, notice.colour = _LOOKS[Notice.State(notice.state)]  # type: ignore[attr-defined]
        notice.why = _(notice.last_error) if notice.last_error else ""  # type: ignore[attr-defined]
    states = [("", _("all")), *((value, Notice.State(value).label) for value in _LOOKS)]
    context = {"page": page, "state": state, "states": states, "sees_tickets": person(request).leads}
    template = "tickets/sent.html#list" if request.htmx else "tickets/sent.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_POST
@staff_page(*READERS)
def send_again(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Queue one failed notice once more."""
    try:
        delivery.send_again(notice_id, by=Actor.of(request))
    except NotAllowed as refusal:
        refuse_on_page(request, refusal)
    else:
        messages.success(request, _("It will be sent again."))
    return redirect("notices")
