"""A mail server for the tests, which takes, refuses, hangs up or keeps silent as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from aftersales.accounts.models import User
from aftersales.core import senders
from aftersales.embedded.places import free_port
from tickets import notices
from tickets.models import Event, Notice, Ticket
from tickets.services import desk


class PostOffice:
    """Keeps what it took in `mails`. `refused`: address → answer to RCPT; `after_data`: what it answers to a mail."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refused: dict[str, str] = {}
        self.after_data = "250 taken"
        self.silence = 0.0
        self.port = free_port()
        self._server: Controller | None = None

    def open(self) -> None:
        self._server = Controller(self, hostname="127.0.0.1", port=self.port)
        self._server.start()

    def close(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        await asyncio.sleep(self.silence)
        if self.after_data.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return self.after_data

    @property
    def keys(self) -> list[str]:
        return [mail["Message-ID"] for mail in self.mails]

    @property
    def subjects(self) -> list[str]:
        return [mail["Subject"].strip() for mail in self.mails]

    def text(self, index: int = -1) -> str:
        return self.mails[index].get_content().replace("\r\n", "\n")


@pytest.fixture
def post_office(settings: Any) -> Iterator[PostOffice]:
    """An open post office at which the settings point."""
    office = PostOffice()
    settings.EMAIL_SERVER = senders.smtp(f"smtp://127.0.0.1:{office.port}")
    settings.EMAIL_FROM = "Aftersales <service@example.com>"
    office.open()
    yield office
    office.close()


def reached(user: User, *channels: str, **fields: Any) -> User:
    """The person with these channels and an address for each."""
    given = {"email": f"{user.username}@example.com", "phone": "138 0000 1111", "wechat": user.username}
    for name, value in {**given, "channels": list(channels or ["email"]), **fields}.items():
        setattr(user, name, value)
    user.save()
    return user


def tell(ticket: Ticket, user: User, *, at: datetime, by: Any, text: str = "n", channel: str = "email") -> Notice:
    """Tell a person urgently of a fresh note; answer the notice that leaves the house."""
    desk.note(ticket.pk, text=text, by=by, at=at)
    event = Event.objects.filter(ticket=ticket).latest("pk")
    Notice.objects.filter(event=event).delete()
    notices.post(event, to=[user], at=at, urgent=True)
    return Notice.objects.get(event=event, channel=channel)
