"""The load of the fault tests, a process of its own: it keeps a journal of what it was told has been done.

driver.py prepare             people, a partner with a key, promises of a few seconds round the clock
driver.py load JOURNAL PORT   two callers' tickets by the services, a partner's by the API, until SIGTERM
driver.py backlog JOURNAL N S N promises whose every step came within the last S seconds, as after an outage
driver.py letters N M         N people with e-mail are told urgently of M events each

A line of the journal is written after the answer and reaches the disk before the next request: what stands there was
acknowledged. A request of the API that got no answer is sent again with its key until it gets one.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aftersales.settings")
django.setup()

from django.db import InterfaceError, OperationalError, connection, transaction  # noqa: E402  after the set-up

from aftersales.accounts import services as accounts  # noqa: E402
from aftersales.accounts.actors import Actor, Door  # noqa: E402
from aftersales.accounts.models import Partner, Region, Team, User  # noqa: E402
from aftersales.customers.models import ProductModel  # noqa: E402
from tickets import notices  # noqa: E402
from tickets.models import Event  # noqa: E402
from tickets.services import desk, intake  # noqa: E402
from tickets.sla.models import Calendar, Policy  # noqa: E402
from tickets.sla.states import Target  # noqa: E402

KEY = "ask_faulttst_" + "k" * 40
SPAN = timedelta(seconds=3)
STEPS = [
    {"percent": 50, "tell": ["owner"]},
    {"tell": ["owner", "supervisor"]},
    {"after": 2, "tell": ["supervisor"]},
    {"after": 4, "tell": ["supervisor", "manager"], "repeat": 3600},
]
PAUSE_SECONDS = 0.2


def prepare() -> None:
    """Everything that a request needs; each promise runs out after three seconds, day and night."""
    region = Region.objects.create(code="home", name_en="Home", is_home=True)
    team = Team.objects.create(code="team", name_en="Team")
    team.regions.add(region)
    for role in ("clerk", "supervisor", "manager"):
        User.objects.create(username=role, name=role, role=role, team=team, password="!")
    team.supervisor = User.objects.get(username="supervisor")
    team.save()
    ProductModel.objects.create(code="kfr-35gw", name_en="Air conditioner")
    partner = Partner.objects.create(code="erp", name="ERP", team=team)
    accounts.issue_key(partner, secret=KEY)
    always = Calendar.objects.get(code="round-the-clock")
    Policy.objects.filter(target__in=["response", "on_site"]).update(span=SPAN, calendar=always, steps=STEPS)


class Journal:
    """Lines that are on the disk before anything else happens."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def note(self, **line: Any) -> None:
        self.note_all([line])

    def note_all(self, lines: Iterable[dict[str, Any]]) -> None:
        with self._lock:
            self._file.writelines(json.dumps(line) + "\n" for line in lines)
            self._file.flush()
            os.fsync(self._file.fileno())


def call(journal: Journal, ended: threading.Event, seed: int) -> None:
    """A clerk on the telephone: some customers are reached in time, some too late, some never."""
    chance = random.Random(seed)
    clerk = Actor(Door.PAGE, user=User.objects.get(username="clerk"))
    region = Region.objects.get()
    number = 0
    while not ended.wait(PAUSE_SECONDS):
        number += 1
        heard = call_of(f"{seed}-{number}", f"138{seed:03}{number:05}", region, visit=chance.random() < 0.5)
        try:
            ticket = intake.register(heard, by=clerk)
            journal.note(number=ticket.number, door="page", due=(ticket.received_at + SPAN).isoformat())
            if chance.random() < 0.4:
                desk.log_contact(ticket.pk, reached=True, by=clerk)
        except (OperationalError, InterfaceError) as error:
            print("caller:", repr(error), flush=True)
            connection.close()


def call_of(name: str, phone: str, region: Region, *, visit: bool = False) -> intake.Intake:
    return intake.Intake(
        summary=f"call {name}",
        customer_name=f"Caller {name}",
        phone=phone,
        visit_needed=visit,
        address="1 Pudong Avenue",
        region=region,
    )


def partner(journal: Journal, ended: threading.Event, port: int) -> None:
    """A partner's system: each request has its key and is sent until it is answered."""
    number = 0
    while not ended.wait(PAUSE_SECONDS):
        number += 1
        body = {
            "external_id": f"E-{number}",
            "kind": "repair",
            "channel": "partner",
            "customer": {"name": f"Partner's customer {number}", "phone": f"139000{number:05}"},
            "fault_grade": 3,
            "visit_needed": False,
            "summary": f"partner {number}",
        }
        tries = 0
        while True:
            tries += 1
            status, answer = post(port, body, key=f"key-{number}")
            if status in (200, 201):
                journal.note(number=answer["number"], door="api", external_id=body["external_id"], tries=tries)
                break
            if status and status < 500 and status not in (409, 429):
                raise SystemExit(f"{status} {answer}")
            if ended.is_set() and tries > 100:
                return
            time.sleep(0.2)


def post(port: int, body: dict[str, Any], *, key: str) -> tuple[int, Any]:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Idempotency-Key": key}
    try:
        link.request("POST", "/api/v1/tickets", json.dumps(body), headers)
        answer = link.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError):
        return 0, None
    finally:
        link.close()


def load(path: Path, port: int) -> None:
    journal, ended = Journal(path), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    workers = [threading.Thread(target=call, args=(journal, ended, seed), daemon=True) for seed in (1, 2)]
    workers.append(threading.Thread(target=partner, args=(journal, ended, port), daemon=True))
    for worker in workers:
        worker.start()
    ended.wait()
    for worker in workers:
        worker.join(30)
    if any(worker.is_alive() for worker in workers):
        raise SystemExit("somebody is still waiting for an answer")


# ── much at once ───────────────────────────────────────────────────────────────────────────────
_COPIES = """
CREATE TEMPORARY TABLE copy ON COMMIT DROP AS
SELECT number, away, nextval(pg_get_serial_sequence('tickets_ticket', 'id')) AS ticket,
    nextval(pg_get_serial_sequence('sla_clock', 'id')) AS clock
FROM unnest(%(numbers)s::text[], %(away)s::interval[]) AS meant (number, away);

INSERT INTO tickets_ticket SELECT made.* FROM tickets_ticket one, copy, LATERAL jsonb_populate_record(one,
    jsonb_build_object('id', copy.ticket, 'number', copy.number)) AS made
WHERE one.id = %(ticket)s;

INSERT INTO sla_clock SELECT made.* FROM sla_clock one, copy, LATERAL jsonb_populate_record(one, jsonb_build_object(
    'id', copy.clock, 'ticket_id', copy.ticket, 'started_at', one.started_at - copy.away,
    'warn_at', one.warn_at - copy.away, 'due_at', one.due_at - copy.away, 'next_fire_at', one.next_fire_at - copy.away,
    'fire_times', (SELECT jsonb_agg(at - copy.away ORDER BY at) FROM unnest(one.fire_times) AS at))) AS made
WHERE one.id = %(clock)s;

INSERT INTO sla_segment SELECT made.* FROM sla_segment one, copy, LATERAL jsonb_populate_record(one, jsonb_build_object(
    'id', nextval(pg_get_serial_sequence('sla_segment', 'id')), 'clock_id', copy.clock,
    'at', one.at - copy.away)) AS made
WHERE one.clock_id = %(clock)s
"""
LAST_STEP = timedelta(seconds=10)  # before now at the latest


@transaction.atomic
def backlog(path: Path, count: int, seconds: int) -> None:
    """Copies of one ticket with its promise to respond, begun earlier; the journal tells when each step came."""
    clerk = Actor(Door.PAGE, user=User.objects.get(username="clerk"))
    ticket = intake.register(call_of("backlog", "13700000000", Region.objects.get()), by=clerk)
    clock = ticket.clocks.get(target=Target.RESPONSE)
    last = ticket.received_at + SPAN + timedelta(seconds=max(step.get("after", 0) for step in STEPS))
    away = [last - ticket.received_at + LAST_STEP + timedelta(seconds=seconds * n / count) for n in range(count)]
    numbers = [f"B{ticket.pk}-{n}" for n in range(count)]
    values = {"numbers": numbers, "away": away, "ticket": ticket.pk, "clock": clock.pk}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(_COPIES, values)
    lines = [
        {"number": number, "door": "backlog", "steps": steps_from(ticket.received_at - span)}
        for number, span in zip(numbers, away, strict=True)
    ]
    transaction.on_commit(lambda: Journal(path).note_all(lines))


def steps_from(began: datetime) -> dict[str, str]:
    """When each step of a promise of STEPS comes, reckoned here and not by the product."""
    due = began + SPAN
    half, after = began + SPAN / 2, [due + timedelta(seconds=step["after"]) for step in STEPS if "after" in step]
    times = {"warn-1": half, "due": due, "escalate-1": after[0], "escalate-2": after[1]}
    return {step: at.isoformat() for step, at in times.items()}


@transaction.atomic
def letters(people: int, events: int) -> None:
    """Tell people by e-mail of notes on one ticket, too few for a digest."""
    clerk = Actor(Door.PAGE, user=User.objects.get(username="clerk"))
    readers = [
        User.objects.create(
            username=f"reader-{n}",
            name="Reader",
            role="clerk",
            password="!",
            email=f"reader-{n}@example.com",
            channels=["email"],
        )
        for n in range(people)
    ]
    ticket = intake.register(call_of("letters", "13600000000", Region.objects.get()), by=clerk)
    for n in range(events):
        desk.note(ticket.pk, text=f"note {n}", by=clerk)
        event = Event.objects.filter(ticket=ticket).latest("pk")
        notices.post(event, to=readers, at=event.at, urgent=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["prepare"]:
            prepare()
        case ["load", journal, port]:
            load(Path(journal), int(port))
        case ["backlog", journal, count, seconds]:
            backlog(Path(journal), int(count), int(seconds))
        case ["letters", people, events]:
            letters(int(people), int(events))
        case words:
            raise SystemExit(f"not known: {words}")
