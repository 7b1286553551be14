"""`manage.py sweep`: one round of the sweep by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tickets.sla import sweep, watch


class Command(BaseCommand):
    help = "Break the promises that are due and wake the tickets whose waiting is over."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-silent", action="store_true", help="only when nobody swept for SWEEP_SILENCE_SECONDS")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["if_silent"]:
            self.stdout.write("swept" if watch.look() else f"swept {sweep.silent_for():.1f} s ago")
        else:
            self.stdout.write(f"{watch.ring()} promises broken")
