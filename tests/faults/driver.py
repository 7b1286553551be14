"""The load of the fault tests, a process of its own: it keeps a journal of what it was told has been done.

driver.py prepare             people, a partner with a key, promises of a few seconds round the clock
driver.py load JOURNAL PORT   two callers' tickets by the services, a partner's by the API, until SIGTERM

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
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aftersales.settings")
django.setup()

from django.db import OperationalError, connection  # noqa: E402  after the set-up

from aftersales.accounts import services as accounts  # noqa: E402
from aftersales.accounts.actors import Actor, Door  # noqa: E402
from aftersales.accounts.models import Partner, Region, Team, User  # noqa: E402
from aftersales.customers.models import ProductModel  # noqa: E402
from tickets.services import desk, intake  # noqa: E402
from tickets.sla.models import Calendar, Policy  # noqa: E402

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
        with self._lock:
            self._file.write(json.dumps(line) + "\n")
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
        heard = intake.Intake(
            summary=f"call {seed}-{number}",
            customer_name=f"Caller {seed}-{number}",
            phone=f"138{seed:03}{number:05}",
            visit_needed=chance.random() < 0.5,
            address="1 Pudong Avenue",
            region=region,
        )
        try:
            ticket = intake.register(heard, by=clerk)
            journal.note(number=ticket.number, door="page")
            if chance.random() < 0.4:
                desk.log_contact(ticket.pk, reached=True, by=clerk)
        except OperationalError as error:
            print("caller:", repr(error), flush=True)
            connection.close()


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


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare()
    else:
        load(Path(sys.argv[2]), int(sys.argv[3]))
