"""Days at a service desk, played through the real services; or very many tickets at once, for measuring."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from aftersales.core.time import now
from archives.simulation import bulk, bulk_complaints, people
from archives.simulation.play import play


class Command(BaseCommand):
    help = "Play days at the service desk through the real services, or fill the database for measuring (--bulk)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=float, default=30, help="how many days, ending now")
        parser.add_argument("--tickets", type=int, default=2000)
        parser.add_argument("--seed", type=int, default=1, help="the same seed and end tell the same story")
        parser.add_argument("--until", default="", help="end of the story, ISO 8601 with offset; default: now")
        parser.add_argument("--bulk", type=int, default=0, help="fill up to so many tickets by SQL, not by services")
        parser.add_argument("--events", type=int, default=3, help="timeline entries of each --bulk ticket, at most 10")
        parser.add_argument("--force", action="store_true", help="also where DEMO_ALLOWED is off")

    def handle(self, **options: Any) -> None:
        if not (settings.DEMO_ALLOWED or options["force"]):
            raise CommandError("Invented tickets are refused here (DEMO_ALLOWED is off); --force makes them anyway.")
        until = parse_datetime(options["until"]) if options["until"] else now()
        if until is None or until.tzinfo is None:
            raise CommandError("--until wants a time such as 2026-11-21T12:00:00+08:00.")
        cast = people.install()
        if options["bulk"]:
            added = bulk.fill(cast, options["bulk"], events=options["events"], at=until, tell=self.stdout.write)
            self.stdout.write(f"{added:,} tickets added")
            wanted = {
                "visits": int(options["bulk"] * bulk_complaints.VISITS_PER_TICKET),
                "complaints": int(options["bulk"] * bulk_complaints.COMPLAINTS_PER_TICKET),
            }
            more = bulk_complaints.fill(cast, **wanted, seed=options["seed"], at=until, tell=self.stdout.write)
            if any(more):
                bulk_complaints.settle()
            return
        story = play(
            cast,
            days=options["days"],
            tickets=options["tickets"],
            seed=options["seed"],
            until=until,
            tell=self.stdout.write,
        )
        for line in story.lines():
            self.stdout.write(line)
        if story.failed:
            raise CommandError(f"{len(story.failed)} lives could not be played.")
