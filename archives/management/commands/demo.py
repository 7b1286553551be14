"""A system to look at: people, products, and a desk in the middle of a busy day."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.core.management.base import BaseCommand, CommandError, CommandParser

from aftersales.accounts.models import Partner, PartnerKey, User
from aftersales.accounts.services import digest, issue_key
from aftersales.core.time import now
from archives.simulation import people
from archives.simulation.caller import Script
from archives.simulation.people import DEMO_ACCOUNTS
from archives.simulation.play import play
from tickets.models import Ticket
from tickets.states import Channel, Kind

DEFAULT_PASSWORD = "aftersales-demo"  # noqa: S105  known to everybody, refused outside demonstrations
KEY_FORM = re.compile(r"ask_([a-z0-9]{8})_[A-Za-z0-9]{40}")
PARTNER = "demo-partner"


def _scene(hours: float, region: str = "cn-shanghai", **asked: Any) -> tuple[timedelta, Script]:
    return timedelta(hours=hours), Script(region=region, **asked)


def _now(hours: float, name: str, region: str = "cn-shanghai", **asked: Any) -> tuple[timedelta, Script]:
    """Something that somebody has to look at now; received so many service hours ago."""
    return _scene(hours, region, kind=Kind.REPAIR, channel=Channel.HOTLINE, scene=name, **asked)


# What each demo account should find at its desk, beside what chance brings; in service hours ago (13.5 make a day).
SCENES = [
    # The technician's visits around now.
    *(_scene(hours, kind=Kind.REPAIR, technician="technician") for hours in (12, 10, 8, 6, 5, 4, 3, 2)),
    # The clerk's calls of the day, some of which nobody has answered yet.
    *(_scene(hours, owner="clerk") for hours in (60, 50, 40, 27, 16, 9, 5, 2.5, 1)),
    *(_scene(hours, owner="clerk", fate="silent") for hours in (3, 0.8, 0.3)),
    # Offered to the clerk by a colleague, and a partner's tickets that nobody has taken.
    *(_scene(hours, owner="clerk.wang", fate="offered") for hours in (1.5, 0.5)),
    *(_scene(hours, channel="partner", fate="silent") for hours in (2, 0.4)),
    # Visits of the last week whose callbacks are due now.
    *(_scene(hours, kind=Kind.REPAIR, owner="clerk") for hours in (50, 60, 70, 80)),
    # What the dispatcher, the supervisor and the archivist have to look at.
    _now(4, "late_and_told", "tw-taipei"),
    _now(4, "late_and_untold"),
    _now(5, "absent_without_a_call"),
    _now(5, "we_stayed_away", "cn-beijing"),
    *(_now(hours, "freed", region) for hours, region in ((6, "cn-shanghai"), (7, "hk"))),
    _now(8, "asked_too_late"),
    _now(7, "major_failure", "cn-beijing", grade=1),
    _now(13, "analysed_failure", "cn-guangzhou", grade=1),
    _now(6, "disputed_plan", "tw-kaohsiung"),
    _now(6, "warranty_to_approve", "cn-guangzhou"),
    _now(3, "contractor_booked"),
    *(_now(hours, "taken_along", region) for hours, region in ((13, "cn-shanghai"), (13, "tw-taipei"))),
    _now(7, "interrupted", "hk"),
    _now(3, "helped_from_afar"),
    # What the complaint officer has to settle.
    _now(6, "complaint_fresh"),
    _now(6, "complaint_grave"),
    _now(42, "complaint_to_sign"),
    _now(42, "complaint_investigated", technician="technician"),
    _now(42, "complaint_proposed"),
    _now(42, "complaint_disputed", "hk"),
    *(_now(hours, "paid_and_corrected", technician="technician") for hours in (11, 24)),
]


class Command(BaseCommand):
    help = "Make the people of the demonstration, and tickets when there are none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=float, default=14)
        parser.add_argument("--tickets", type=int, default=120)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--force", action="store_true", help="also where DEMO_ALLOWED is off")

    def handle(self, **options: Any) -> None:
        if not (settings.DEMO_ALLOWED or options["force"]):
            raise CommandError(
                "Demo accounts have a known password and are refused here (DEMO_ALLOWED is off); --force makes them."
            )
        password = os.environ.get("DEMO_PASSWORD") or DEFAULT_PASSWORD
        cast = people.install()
        self._set_password(password)
        key = self._partner_key(os.environ.get("DEMO_PARTNER_KEY", ""))
        if not Ticket.objects.exists():
            story = play(
                cast,
                days=options["days"],
                tickets=options["tickets"],
                seed=options["seed"],
                until=now(),
                scenes=SCENES if options["tickets"] > len(SCENES) else (),
                tell=self.stdout.write,
            )
            for line in story.lines():
                self.stdout.write(line)
        self.stdout.write(f"accounts     {' '.join(DEMO_ACCOUNTS)}")
        self.stdout.write(f"password     {password}")
        self.stdout.write(f"partner key  {key}")

    def _set_password(self, password: str) -> None:
        """Give the people of the demonstration this password; one slow hash serves all, and is kept while it fits."""
        names = [row[0] for row in people.STAFF] + [row[0] for row in people.TECHNICIANS]
        staff = User.objects.filter(username__in=names)
        known = {one: check_password(password, one) for one in set(staff.values_list("password", flat=True))}
        fitting = [one for one, fits in known.items() if fits]
        if fitting and len(known) == 1:
            return
        # Not checked by the validators: the password of a demonstration may be as short as its owner likes.
        staff.exclude(password__in=fitting).update(password=fitting[0] if fitting else make_password(password))

    def _partner_key(self, secret: str) -> str:
        """Make sure that the demo partner has this key, or any key; answer what to print."""
        partner = Partner.objects.get(code=PARTNER)
        if not secret:
            if PartnerKey.objects.filter(partner=partner, revoked_at=None, expires_at__gt=now()).exists():
                return "unchanged (it was shown when it was made; set DEMO_PARTNER_KEY to choose one)"
            return issue_key(partner, label="demo")[1]
        form = KEY_FORM.fullmatch(secret)
        if form is None:
            raise CommandError(
                "DEMO_PARTNER_KEY must be ask_, 8 lower-case letters or digits, _, 40 letters or digits."
            )
        key = PartnerKey.objects.filter(prefix=form[1]).first()
        if key is None:
            issue_key(partner, label="demo", secret=secret)
        elif key.digest != digest(secret) or key.partner_id != partner.pk:
            raise CommandError("DEMO_PARTNER_KEY begins like another key here; choose another one.")
        elif key.revoked_at is not None or key.expires_at <= now():
            raise CommandError("DEMO_PARTNER_KEY was revoked or has expired; choose another one.")
        return secret
