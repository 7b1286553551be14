"""Where a site is on the map: kept from the file, the ticket and the API, and refused when it is nowhere."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from aftersales.core.errors import Invalid
from aftersales.customers.models import Site
from archives import services
from tests.people import Cast
from tickets.services import desk

pytestmark = pytest.mark.django_db
POINT = {"latitude": 31.23, "longitude": 121.47}


def test_keeps_the_point_of_a_site_in_the_customers_file(cast: Cast) -> None:
    ticket = cast.ticket()
    services.save_site(
        ticket.customer_id,
        site_id=ticket.site_id,
        address="浦东大道1号",
        region=cast.region,
        by=cast.actor("clerk"),
        **POINT,
    )
    site = Site.objects.get(pk=ticket.site_id)
    assert (site.latitude, site.longitude) == (31.23, 121.47)
    change = ticket.customer.changes.latest("pk")
    assert (change.before["latitude"], change.after["latitude"]) == (None, "31.23")


@pytest.mark.parametrize(
    ("point", "field", "code"),
    [
        ({"latitude": 90.1, "longitude": 0.0}, "latitude", "range"),
        ({"latitude": 0.0, "longitude": -181.0}, "longitude", "range"),
        ({"latitude": 31.0}, "longitude", "half"),
        ({"longitude": 121.0}, "latitude", "half"),
    ],
)
def test_refuses_what_is_nowhere(cast: Cast, point: dict[str, Any], field: str, code: str) -> None:
    ticket = cast.ticket()
    for refuse in (
        lambda: services.save_site(
            ticket.customer_id, address="x", region=cast.region, by=cast.actor("clerk"), **point
        ),
        lambda: desk.set_site(ticket.pk, address="x", region=cast.region, by=cast.actor("clerk"), **point),
    ):
        with pytest.raises(Invalid) as refused:
            refuse()
        assert [error[:2] for error in refused.value.errors] == [(field, code)]
    assert Site.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Site.objects.filter(pk=ticket.site_id).update(**point)


def test_learns_the_point_with_the_address_of_a_ticket(cast: Cast) -> None:
    ticket = cast.ticket()
    desk.set_site(ticket.pk, address="浦东大道1号", region=cast.region, by=cast.actor("clerk"), **POINT)
    assert Site.objects.filter(**POINT).get() == ticket.site
    desk.set_site(
        ticket.pk, address="南京路2号", region=cast.region, by=cast.actor("clerk"), latitude=1.0, longitude=2.0
    )
    assert Site.objects.get(address="南京路2号").longitude == 2.0
