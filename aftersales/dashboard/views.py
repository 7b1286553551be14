"""What supervisors and managers look at first: how the promises stand, and the list behind each number."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import LEADERS
from aftersales.core.time import now
from aftersales.dashboard import figures, health, lists
from tickets.sla import calendars
from tickets.sla.states import Target

PAGE_SIZE = 50


@staff_page(*LEADERS)
def dashboard(request: HttpRequest) -> HttpResponse:
    """The whole house at a glance; as a fragment when the page refreshes itself."""
    target = request.GET.get("target", "")
    if target not in Target.values:
        target = ""
    at = now()
    found = figures.gather(at, target=target)
    title = _("Promises kept and broken in the last %(days)d days") % {"days": figures.DAYS}
    context = {
        "figures": found,
        "target": target,
        "targets": Target,
        "as_table": "table" in request.GET,
        "plot": figures.plot(found.days, title=title, kept=_("kept in time"), broken=_("broken")),
        "plot_title": title,
        "silent": health.silent(),
        "unconfirmed": calendars.unconfirmed(at),
    }
    template = "dashboard/dashboard.html#figures" if request.htmx else "dashboard/dashboard.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@staff_page(*LEADERS)
def drill_down(request: HttpRequest) -> HttpResponse:
    """The tickets, promises, visits or callbacks behind a number."""
    at = now()
    listing = lists.listing(request.GET.dict(), at)
    context = {
        "listing": listing,
        "page": lists.page(listing, token=request.GET.get("after", ""), size=PAGE_SIZE),
        "total": lists.count([listing.params], at)[0],
    }
    template = "dashboard/list.html#rows" if request.htmx else "dashboard/list.html"  # type: ignore[attr-defined]
    return render(request, template, context)
