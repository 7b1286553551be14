"""Escalations: broken promises that nobody takes care of yet, and what failed at the end of one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from aftersales.accounts.decorators import staff_page
from aftersales.accounts.models import Team
from aftersales.accounts.roles import LEADERS
from aftersales.core import keyset
from aftersales.core.errors import Invalid
from tickets import selectors
from tickets.sla.states import Target

PAGE_SIZE = 50
MOST_PARKED = 20  # shown at once: each of them is a fault to be mended


@staff_page(*LEADERS)
def escalations(request: HttpRequest) -> HttpResponse:
    """The oldest first; filtered by promise and by team."""
    target, team = request.GET.get("target", ""), request.GET.get("team", "")
    teams = {str(one.pk): one for one in Team.objects.order_by("code")}
    if (target and target not in Target) or (team and team not in teams):
        field = "target" if target and target not in Target else "team"
        raise Invalid(_("There is no such list."), code="unknown", field=field)
    rows = selectors.unanswered(target=target, team=int(team) if team else None)
    token = request.GET.get("after", "")
    parked = [] if token else list(selectors.parked()[: MOST_PARKED + 1])
    context = {
        "page": keyset.page(
            rows, selectors.BY_BREACH, token=token, size=PAGE_SIZE, params={"target": target, "team": team}
        ),
        "parked": parked[:MOST_PARKED],
        "more_parked": len(parked) > MOST_PARKED,
        "targets": Target,
        "target": target,
        "teams": teams.items(),
        "team": team,
    }
    template = "tickets/escalations.html#list" if request.htmx else "tickets/escalations.html"  # type: ignore[attr-defined]
    return render(request, template, context)
