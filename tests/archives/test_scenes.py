"""Every scene of the demonstration can be played at any hour, and shows what it promises."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from archives.management.commands import demo
from archives.simulation import catalogue, people
from archives.simulation.caller import Script
from archives.simulation.life import Life
from archives.simulation.play import appointments
from archives.simulation.scenes import SCENES, Scene
from archives.simulation.visiting import MEETINGS
from archives.simulation.world import World, service_time_ago
from complaints.models import Complaint
from tickets.models import Ticket
from tickets.sla.models import Clock
from tickets.states import Channel, Kind
from visits.models import (
    Charge,
    Consent,
    ContractorApproval,
    CustomerNotice,
    Finding,
    FreedSlot,
    Interruption,
    LateCancellation,
    Leave,
    MajorFailure,
    NoShowCase,
    Paper,
    Part,
    Photograph,
    Receipt,
    RemoteSession,
    RepairPlan,
    VanStock,
    WarrantyDecision,
    WorkshopItem,
)
from visits.states import Fault

pytestmark = pytest.mark.django_db
UNTIL = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)  # a Friday afternoon at the desk
HOURS = [0, 8.2, 13]  # after UNTIL: also just before midnight, and at night
SHOWS: dict[str, Callable[[], Any]] = {
    "late_and_told": lambda: CustomerNotice.objects.filter(about="running_late", in_time=True),
    "late_and_untold": lambda: CustomerNotice.objects.filter(about="running_late", told_at=None),
    "absent_without_a_call": lambda: NoShowCase.objects.filter(state="open"),
    "we_stayed_away": lambda: NoShowCase.objects.filter(fault=Fault.COMPANY, first_in_line=True),
    "freed": lambda: FreedSlot.objects.filter(taken_at=None),
    "asked_too_late": lambda: LateCancellation.objects.filter(state="pending"),
    "major_failure": lambda: MajorFailure.objects.filter(analysed_at=None),
    "analysed_failure": lambda: MajorFailure.objects.exclude(analysed_at=None),
    "disputed_plan": lambda: RepairPlan.objects.filter(state="disputed"),
    "warranty_to_approve": lambda: WarrantyDecision.objects.filter(state="to_approve"),
    "contractor_booked": lambda: ContractorApproval.objects.all(),
    "taken_along": lambda: WorkshopItem.objects.exclude(state="taken"),
    "interrupted": lambda: Interruption.objects.all(),
    "helped_from_afar": lambda: RemoteSession.objects.filter(result="visit"),
    "paid_and_corrected": lambda: Paper.objects.filter(version=2),
    "complaint_fresh": lambda: Complaint.objects.filter(state="registered"),
    "complaint_grave": lambda: Complaint.objects.filter(state="registered", complaint_class=3),
    "complaint_to_sign": lambda: Complaint.objects.filter(complaint_class=3, lower_to=2),
    "complaint_investigated": lambda: Complaint.objects.filter(state="investigating").exclude(finding=""),
    "complaint_proposed": lambda: Complaint.objects.filter(state="proposed"),
    "complaint_disputed": lambda: Complaint.objects.filter(state="escalated").exclude(dispute_reason=""),
}


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def world(until: datetime) -> World:
    cast = people.install()
    catalogue.install(cast, at=until)
    return World(cast, 1, until - timedelta(days=3), until)


def life(kind: type[Life], place: World, index: int, hours: float, **asked: Any) -> Ticket:
    script = Script(kind=Kind.REPAIR, channel=Channel.HOTLINE, region="cn-shanghai", **asked)
    return kind(place, index, service_time_ago(place.until, timedelta(hours=hours)), script).run()


def test_shows_every_scene_at_any_hour() -> None:
    place = world(UNTIL)
    for after in HOURS:
        with transaction.atomic():
            place = World(place.cast, 1, UNTIL - timedelta(days=3), UNTIL + timedelta(hours=after))
            for index, (before, script) in enumerate(demo.SCENES):
                if script.scene:
                    Scene(place, index, service_time_ago(place.until, before), script).run()
                    assert SHOWS[script.scene]().exists(), (after, script.scene)
            assert Photograph.objects.exists()
            assert Consent.objects.exists()
            assert Finding.objects.exists()
            call_command("clocks", "rebuild", "--check")
            transaction.set_rollback(True)


def test_asks_for_scenes_that_there_are() -> None:
    asked = {script.scene for _before, script in demo.SCENES if script.scene}
    assert asked == set(SCENES) == set(SHOWS)


def test_keeps_a_catalogue_once() -> None:
    for _time in range(2):
        place = world(UNTIL)
    assert Part.objects.count() == len(catalogue.PARTS)
    assert Leave.objects.count() == len(catalogue.LEAVES)
    assert VanStock.objects.filter(technician=place.cast.people["technician"]).count() == 5


@pytest.mark.rule("R23")
@pytest.mark.rule("R25")
@pytest.mark.parametrize(
    ("meeting", "shown"),
    [
        ("in_time", {"kept"}),
        ("late_told", {"late, told before the time"}),
        ("late_untold", {"late, told after it"}),
        ("nobody", {"somebody missing: company"}),
        ("given_up", {"somebody missing: customer"}),
        ("undecided", {"somebody missing: customer", "somebody missing: company", "somebody missing: nobody"}),
        ("came_after_all", {"kept"}),
    ],
)
def test_plays_how_an_appointment_goes(meeting: str, shown: set[str]) -> None:
    assert meeting in MEETINGS
    place = world(UNTIL)
    tickets = [life(Life, place, index, 60 - index, meeting=meeting, scene="-").pk for index in range(4)]
    counts = {name for name, count in appointments(tickets).items() if count}
    assert counts & shown
    assert not Clock.objects.filter(next_fire_at__lte=UNTIL).exists()
    call_command("clocks", "rebuild", "--check")


@pytest.mark.rule("R24")
def test_calls_appointments_off_in_time_and_too_late() -> None:
    place = world(UNTIL)
    tickets = [life(Calling, place, index, 60 - index, scene="-").pk for index in range(8)]
    counts = appointments(tickets)
    assert counts["called off with notice"]
    assert counts["called off too late"] + counts["calling off too late: refused"]
    call_command("clocks", "rebuild", "--check")


class Calling(Life):
    """A life of which each first appointment is called off; customers wish a later day."""

    def _chance(self, share: float) -> bool:
        return share in (0.06, 0.15) or (share != 0.1 and super()._chance(share))


def test_takes_and_owes_money() -> None:
    place = world(UNTIL)
    for index in range(3):
        life(Scene, place, index, 20, scene="paid_and_corrected", technician="technician")
    collected = Charge.objects.filter(state="collected")
    assert Receipt.objects.count() == collected.count() > 0
