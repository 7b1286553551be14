"""Findings by fault code: those of the product's line, each once a visit, with photographs of that visit."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from tests.people import Cast
from tests.visits.helpers import complete
from tests.visits.test_photograph import _media as _media
from tests.visits.test_photograph import add as photograph
from tickets.models import Ticket
from visits.models import FaultCode, Finding
from visits.services import finding as services

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _codes(db: None) -> None:
    """A transactional test empties what the migration entered."""
    for code, line, active in (
        ("refrigerant-leak", "appliance", True),
        ("no-power", "", True),
        ("antenna", "gps", True),
        ("old", "", False),
    ):
        names = {"name_en": code.capitalize(), "name_zh_hans": f"{code} 简", "line": line, "active": active}
        FaultCode.objects.update_or_create(code=code, defaults=names)


def record(cast: Cast, ticket: Ticket, code: str = "refrigerant-leak", **changed: Any) -> None:
    known: dict[str, Any] = {"by": cast.actor("technician"), "at": cast.at + timedelta(hours=3)}
    services.record_finding(ticket.pk, code=code, **{**known, **changed})


def test_names_several_faults_with_photographs(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    kept = photograph(cast, ticket)
    record(cast, ticket, note="接头", photographs=str(kept.key))
    record(cast, ticket, "no-power")
    found = list(Finding.objects.order_by("pk"))
    assert [(one.code.code, one.note) for one in found] == [("refrigerant-leak", "接头"), ("no-power", "")]
    assert list(found[0].photographs.all()) == [kept]
    assert ticket.events.filter(kind="visit.found").count() == 2


def test_the_same_code_again_corrects_it(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    for note in ("a", "a", "b"):
        record(cast, ticket, note=note)
    assert Finding.objects.get().note == "b"
    assert ticket.events.filter(kind="visit.found").count() == 2


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"code": "antenna"}, "code"),
        ({"code": "old"}, "code"),
        ({"code": "nothing"}, "code"),
        ({"note": "x" * 1001}, "note"),
        ({"photographs": "no-key"}, "photographs"),
        ({"photographs": str(uuid4())}, "photographs"),
    ],
)
def test_refuses_what_is_not_there(cast: Cast, changed: dict[str, str], field: str) -> None:
    ticket = cast.ticket_in("visiting")
    with pytest.raises(Invalid) as refused:
        record(cast, ticket, **{"code": "no-power", **changed})
    assert refused.value.errors[0][0] == field
    assert not Finding.objects.exists()
    assert not ticket.events.filter(kind="visit.found").exists()


def test_is_taken_back_until_the_visit_ends(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    record(cast, ticket)
    with pytest.raises(Invalid):
        services.drop_finding(ticket.pk, code="no-power", by=cast.actor("technician"))
    services.drop_finding(ticket.pk, code="refrigerant-leak", by=cast.actor("technician"))
    assert not Finding.objects.exists()
    with pytest.raises(NotAllowed):
        services.drop_finding(ticket.pk, code="refrigerant-leak", by=cast.actor("technician"))
    record(cast, ticket)
    complete(cast, ticket)
    with pytest.raises(NotAllowed):
        services.drop_finding(ticket.pk, code="refrigerant-leak", by=cast.actor("technician"))
    assert Finding.objects.count() == 1


def test_is_recorded_on_the_page(cast: Cast, client: Client) -> None:
    ticket = cast.ticket_in("visiting")
    visit, kept = ticket.visits.get(), photograph(cast, ticket)
    client.force_login(cast.technician)
    page = client.get(f"/visits/{visit.pk}/").content.decode()
    assert "Refrigerant-leak" in page
    assert "Antenna" not in page
    path = f"/visits/{visit.pk}/do/record_finding/"
    assert client.post(path, {"version": visit.version, "code": ""}).status_code == 422
    form = {"version": visit.version, "code": "no-power", "photographs": [str(kept.key)], "note": "fuse"}
    assert client.post(path, form).status_code == 302
    assert list(Finding.objects.get().photographs.all()) == [kept]
    assert "found: No-power: fuse" in client.get(f"/tickets/{ticket.number}/").content.decode()


# ── the table ──────────────────────────────────────────────────────────────────────────────────
def test_the_table_is_kept_by_leaders(cast: Cast, client: Client) -> None:
    client.force_login(cast.user("supervisor"))
    form = {"code": "fuse", "name_en": "Fuse blown", "name_zh_hans": "保险丝", "line": "", "active": "on"}
    assert client.post("/warranty/codes/new/", form)["Location"] == "/warranty/codes/"
    again = client.post("/warranty/codes/new/", form)
    assert (again.status_code, "This code is there already." in again.content.decode()) == (422, True)
    changed = {"name_en": "Fuse", "line": "gps"}
    assert client.post("/warranty/codes/of/fuse/", changed).status_code == 302
    row = FaultCode.objects.get(code="fuse")
    assert (row.name_en, row.line, row.active) == ("Fuse", "gps", False)
    with pytest.raises(Forbidden):
        services.save_fault_code(code="x", name_en="x", by=cast.actor("technician"))


@pytest.mark.parametrize(("code", "name", "field"), [("Ä", "x", "code"), ("ok", " ", "name_en"), ("", "x", "code")])
def test_the_table_takes_no_nonsense(cast: Cast, code: str, name: str, field: str) -> None:
    before = FaultCode.objects.count()
    with pytest.raises(Invalid) as refused:
        services.save_fault_code(code=code, name_en=name, by=cast.actor("manager"))
    assert (refused.value.errors[0][0], FaultCode.objects.count()) == (field, before)
