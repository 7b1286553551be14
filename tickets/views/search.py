"""Search: one box for numbers, names, telephone tails, serial numbers and words."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import NOT_ADMIN, staff_page
from aftersales.core.text import clean_line
from aftersales.customers import selectors as customers
from tickets import selectors
from tickets.callers import visible_customers

_NUMBER = re.compile(r"T\d{8}-\d{5,12}\Z")
MAX_QUERY = 100  # characters
MAX_CUSTOMERS = 6

# What is looked through, each with an example.
FIELDS = (
    (_("Number"), "T20261121-00042"),
    (_("Last digits of a telephone"), "4412"),
    (_("End of a serial number"), "4A7F9"),
    (_("Name"), "王秀英"),
    (_("Words of the problem"), "不制冷"),
)


@staff_page(*NOT_ADMIN)
def search(request: HttpRequest) -> HttpResponse:
    """Tickets and customers that fit; a whole number leads straight to its ticket."""
    actor = Actor.of(request)
    query = clean_line(request.GET.get("q", ""))[:MAX_QUERY]
    number = query.upper().replace(" ", "")
    if _NUMBER.match(number) and selectors.by_number(number, actor) is not None:
        return redirect("ticket", number=number)
    found = selectors.search(query, actor) if query else None
    people = customers.find(query, among=visible_customers(actor), limit=MAX_CUSTOMERS) if query else []
    context = {"query": query, "found": found, "customers": people, "fields": FIELDS}
    template = "tickets/search.html#results" if request.htmx else "tickets/search.html"  # type: ignore[attr-defined]
    return render(request, template, context)
