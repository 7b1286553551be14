"""What if: leaders choose what is promised by what the last weeks would have made of it."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import LEADERS
from aftersales.core.errors import Invalid
from aftersales.core.templatetags.ui import span
from aftersales.core.time import now
from tickets.forms_what_if import WhatIfForm
from tickets.sla.models import Policy
from tickets.sla.replay import SHOWN, Answer, replay
from tickets.sla.states import Target
from tickets.states import WaitingFor

MOST = 20_000  # promises that are looked at: some seconds


@staff_page(*LEADERS)
def what_if(request: HttpRequest) -> HttpResponse:
    """The form, and below it the answer once it was asked. `?policy=12` begins with a policy as it stands."""
    at = now()
    asked = "target" in request.GET
    form = WhatIfForm(request.GET if asked else None, at=at, policy=_policy(request.GET.get("policy", "")))
    answer: Answer | None = None
    if asked and form.is_valid() and form.policy is not None:
        everywhere = form.cleaned_data["everywhere"]
        try:
            answer = replay(form.policy, form.start, form.end, at=at, limit=MOST, everywhere=everywhere)
        except Invalid as error:
            form.add_error("calendar", error.message)
    context = {"form": form, "answer": answer, "most": MOST, "shown": SHOWN, **(_words(answer) if answer else {})}
    return render(request, "tickets/what_if.html", context, status=422 if form.errors else 200)


def _words(answer: Answer) -> dict[str, Any]:
    """The spans of an answer as they are read."""
    policy = answer.candidate
    return {
        "promised": promised(policy.span, policy),
        "times": [(share, open_time(length, policy)) for share, length in answer.times.items()],
        "changes": [(change, open_time(change.needed, policy)) for change in answer.changes],
        "spans": [
            (share, _("no time at all") if span is None else promised(span, policy))
            for share, span in answer.spans.items()
        ],
        "pauses": [str(WaitingFor(reason).label) for reason in policy.pause_reasons],
        "target_word": str(Target(policy.target).label),
    }


def promised(length: timedelta, policy: Policy) -> str:
    """How long a promise gives, counted as the policy counts."""
    if policy.until_day_end:
        if not length:
            return _("the end of the same service day")
        number = ceil(length / timedelta(days=1))
        return ngettext("%(n)d day, until closing time", "%(n)d days, until closing time", number) % {"n": number}
    if policy.before_anchor:
        return _("%(span)s before the appointment") % {"span": span(length)}
    return open_time(length, policy)


def open_time(length: timedelta, policy: Policy) -> str:
    """A length as it counts: where nights do not, no number of days is named, which would be taken for dates."""
    if policy.until_day_end or policy.calendar.round_the_clock or length < timedelta(days=1):
        return span(length)
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    return _("{h} h {m}").format(h=hours, m=f"{minutes:02}")


def _policy(key: str) -> Policy | None:
    """The policy to begin with, if there is one with this key."""
    if not (key.isascii() and key.isdigit() and len(key) < 10):
        return None
    return Policy.objects.select_related("calendar", "region", "contract").filter(pk=key).first()
