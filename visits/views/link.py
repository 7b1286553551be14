"""What the desk does with a customer's link: gives it, shown this once, and revokes it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import DESK
from aftersales.core.errors import Missing, Refusal
from aftersales.core.middleware import refuse_on_page
from visits.models import Visit
from visits.services import link as links
from visits.views.answers import go, sent_to
from visits.views.visit import Given, panel


def _to_ticket(visit_id: int) -> str:
    number = Visit.objects.filter(pk=visit_id).values_list("ticket__number", flat=True).first()
    return reverse("ticket", args=[number]) if number else reverse("home")


@staff_page(*DESK)
@sent_to(_to_ticket)
def give(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Make a link and show it in the panel of the ticket's visits: to be copied now, for it is not shown again."""
    number = _number(visit_id)
    try:
        link, token = links.give(visit_id, by=Actor.of(request))
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, reverse("ticket", args=[number]))
    path = links.path_of(token)
    base = settings.PUBLIC_URL.rstrip("/")
    url = f"{base}{path}" if base else request.build_absolute_uri(path)
    return panel(request, number, given=Given(visit_id, url, link.mail_state))


@staff_page(*DESK)
@sent_to(_to_ticket)
def revoke(request: HttpRequest, visit_id: int) -> HttpResponse:
    """End the link: whoever opens it sees nothing."""
    number = _number(visit_id)
    try:
        links.revoke(visit_id, by=Actor.of(request))
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, reverse("ticket", args=[number]))
    return go(request, reverse("ticket", args=[number]), _("The link is revoked: it opens nothing any more."))


def _number(visit_id: int) -> str:
    number = Visit.objects.filter(pk=visit_id).values_list("ticket__number", flat=True).first()
    if number is None:
        raise Missing(_("There is no such visit."))
    return number
