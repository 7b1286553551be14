"""`manage.py clocks rebuild [--check]`: the caches of the clocks from their segments and firings."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tickets.sla.models import Clock
from tickets.sla.rebuild import rebuild


class Command(BaseCommand):
    help = "Compute due times and next steps of every clock again from its segments."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["rebuild"])
        parser.add_argument("--check", action="store_true", help="only compare; end with an error when any differs")
        parser.add_argument("--ticket", help="the number of one ticket")

    def handle(self, *_args: Any, **options: Any) -> None:
        clocks = Clock.objects.all()
        if options["ticket"]:
            clocks = clocks.filter(ticket__number=options["ticket"])
        differing = 0
        for clock, found in rebuild(clocks, check=options["check"]):
            differing += 1
            if differing <= 50:
                columns = "; ".join(f"{name}: {stands} → {has_to}" for name, (stands, has_to) in found.items())
                self.stdout.write(f"{clock.ticket.number} {clock.target} (clock {clock.pk}): {columns}")
        self.stdout.write(f"{clocks.count()} clocks, {differing} differences")
        if differing and options["check"]:
            raise CommandError("Some caches are not what their segments say; run it without --check to write them.")
