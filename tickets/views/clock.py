"""Why a promise falls due when it does, and taking care of one that was broken."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import NOT_ADMIN, staff_page
from aftersales.accounts.roles import LEADERS
from aftersales.core.time import now
from tickets import explained
from tickets.services import promises
from tickets.sla.explain import Explanation, Way, explain, is_unanswered, readable
from tickets.states import WaitingFor


@staff_page(*NOT_ADMIN)
def clock(request: HttpRequest, clock_id: int) -> HttpResponse:
    """Explain one clock: nothing here is stored for the explanation, it follows from the segments."""
    actor = Actor.of(request)
    one = readable(actor).filter(pk=clock_id).first()
    if one is None:
        raise Http404
    found = explain(one, at=now())
    context = {
        "clock": one,
        "ticket": one.ticket,
        "found": found,
        "policy": found.policy,
        "promise": explained.promise(found.policy, one.target),
        "reasons": explained.reasons(found),
        "lines": explained.lines(found),
        "summed": found.result.way == Way.SPAN,
        "conditions": explained.conditions(found.policy),
        "others": [(other, explained.conditions(other)) for other in found.others],
        "pauses": [str(WaitingFor(reason).label) for reason in found.policy.pause_reasons if reason in WaitingFor],
        "next_people": _people(found),
        "unanswered": is_unanswered(one),
        "may_acknowledge": is_unanswered(one) and promises.may_acknowledge(one, by=actor),
        "may_unpark": one.parked_at is not None and actor.user is not None and actor.user.role in LEADERS,
    }
    return render(request, "tickets/clock_explain.html", context)


def _people(found: Explanation) -> list[tuple[str, str]]:
    """(level, names) of whom the next step would tell."""
    if found.next is None:
        return []
    comma = pgettext("between the things of a list", ", ")
    return [
        (explained.level(level), comma.join(name for at, name in found.next.people if at == level))
        for level in found.next.levels
    ]


@require_POST
@staff_page(*NOT_ADMIN)
def acknowledge(request: HttpRequest, clock_id: int) -> HttpResponse:
    """Take care of a broken promise; nobody else is called for it."""
    promises.acknowledge(clock_id, by=Actor.of(request))
    messages.success(request, _("Acknowledged: nobody else is called for it."))
    return redirect(_back(request, clock_id))


@require_POST
@staff_page(*LEADERS)
def unpark(request: HttpRequest, clock_id: int) -> HttpResponse:
    """Do once more what failed when the promise fell due."""
    promises.unpark(clock_id, by=Actor.of(request))
    messages.success(request, _("It worked this time."))
    return redirect(_back(request, clock_id))


def _back(request: HttpRequest, clock_id: int) -> str:
    """To the list that the button stood in, with its filters; else to the clock."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("clock", args=[clock_id])
