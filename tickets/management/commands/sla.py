"""`manage.py sla replay`: what the promises of a period would have become under another policy."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from aftersales.core.errors import Invalid
from aftersales.core.time import now
from tickets.sla import candidate
from tickets.sla.replay import Answer, Tally, replay


class Command(BaseCommand):
    help = "Ask the record of the clocks."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        asked = actions.add_parser("replay", help="run recorded history again under another policy")
        asked.add_argument("--from", dest="start", required=True, help="2026-10-01, or a time: 2026-10-01T08:00")
        asked.add_argument("--to", dest="end", required=True, help="the first day, or time, that no longer counts")
        asked.add_argument("--policy", required=True, help="the candidate, a JSON file (- reads standard input)")
        asked.add_argument("--everywhere", action="store_true", help="also where a narrower policy holds")
        asked.add_argument("--json", action="store_true", help="answer in JSON, spans in seconds")

    def handle(self, *_args: Any, **options: Any) -> None:
        start, end = _moment(options["start"], "--from"), _moment(options["end"], "--to")
        data = _read_json(options["policy"])
        try:
            answer = replay(candidate.read(data), start, end, at=now(), everywhere=options["everywhere"])
        except Invalid as error:
            raise CommandError("\n".join(f"{name}: {message}" for name, _code, message in error.errors)) from error
        self.stdout.write(json.dumps(_as_data(answer), indent=2) if options["json"] else _as_table(answer))


def _read_json(path: str) -> Any:
    try:
        if path == "-":
            return json.load(sys.stdin)
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"--policy: {path} cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise CommandError(f"--policy: {path} is no JSON: {error}") from error


def _moment(text: str, option: str) -> datetime:
    """A day or a time, local when it names no zone."""
    try:
        day = parse_date(text)
        found = datetime.combine(day, time()) if day else parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"{option}: {text} is neither a day such as 2026-10-01 nor a time such as 2026-10-01T08:00.")
    return found if timezone.is_aware(found) else timezone.make_aware(found)


# ── for machines ───────────────────────────────────────────────────────────────────────────────
def _as_data(answer: Answer) -> dict[str, Any]:
    def seconds(spans: dict[int, Any]) -> dict[str, int | None]:
        return {str(share): None if span is None else int(span.total_seconds()) for share, span in spans.items()}

    return {
        "target": answer.candidate.target,
        "from": answer.start.isoformat(),
        "to": answer.end.isoformat(),
        "at": answer.at.isoformat(),
        **{name: value for name, value in asdict(answer.tally).items() if name != "label"},
        "broken_to_kept": answer.gained,
        "kept_to_broken": answer.lost,
        "unchanged": answer.unchanged,
        "still_open": answer.open,
        "stopped": answer.stopped,
        "regions": [asdict(row) for row in answer.regions],
        "teams": [asdict(row) for row in answer.teams],
        "span_to_keep_percent": seconds(answer.spans),
        "time_needed_percent": seconds(answer.times),
        "left_out_narrower_policy": answer.narrower,
        "pauses_ignored": answer.pauses_ignored,
        "pauses_unknown": answer.pauses_unknown,
        "without_record": answer.unrecorded,
        "changed": [
            {
                "ticket": change.number,
                "clock": change.clock_id,
                "started_at": change.started_at.isoformat(),
                "was_due_at": change.was_due_at.isoformat(),
                "due_at": change.due_at.isoformat(),
                "time_needed": int(change.needed.total_seconds()),
                "kept": change.kept,
            }
            for change in answer.changes
        ],
    }


# ── for people ─────────────────────────────────────────────────────────────────────────────────
def _as_table(answer: Answer) -> str:
    lines = [_row("", "promises", "kept", "%", "would be", "%"), _counts("all", answer.tally)]
    for title, rows in (("region", answer.regions), ("team", answer.teams)):
        lines += [f"by {title}", *(_counts(f"  {row.label or f'no {title}'}", row) for row in rows)]
    lines += [
        "",
        f"broken → kept {answer.gained:,}   kept → broken {answer.lost:,}   unchanged {answer.unchanged:,}",
        f"of all: {answer.open:,} still open, counted as they stand now; {answer.stopped:,} stopped",
    ]
    lines += [f"{share} % are kept with {_span(span)}" for share, span in answer.spans.items()]
    lines += [f"{share} % of those met needed {_span(span)} at most" for share, span in answer.times.items()]
    notes = [
        (answer.narrower, "fit, but a narrower policy holds for them: left out (--everywhere counts them)"),
        (answer.pauses_ignored, "were paused for a reason that this policy does not allow: it counted on"),
        (answer.pauses_unknown, "ran under a policy without these pauses: how long they would have waited is unknown"),
        (answer.unrecorded, "have no record of pauses: judged as if there were none"),
    ]
    lines += [f"note: {count:,} {words}" for count, words in notes if count]
    return "\n".join(lines)


def _counts(label: str, row: Tally) -> str:
    numbers = (
        f"{row.total:,}",
        f"{row.before:,}",
        f"{row.share_before:.1f}",
        f"{row.after:,}",
        f"{row.share_after:.1f}",
    )
    return _row(label, *numbers)


def _row(label: str, *cells: str) -> str:
    return f"{label:<30}" + "".join(f"{cell:>11}" for cell in cells)


def _span(span: timedelta | None) -> str:
    if span is None:
        return "no span at all"
    hours, minutes = divmod(int(span.total_seconds()) // 60, 60)
    return f"{hours} h {minutes:02}" if hours else f"{minutes} min"
