"""The ways out of the house behind one interface: SMTP, a gateway for text messages, one for WeChat Work, the log.

An adapter sends one message or says why not, within seconds. It keeps nothing of what it sent; the notices do.
"""

from __future__ import annotations

import json
import smtplib
from dataclasses import dataclass
from email.utils import parseaddr
from http.client import HTTPException
from typing import Any, Protocol
from urllib import error, request

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.utils.translation import gettext_noop

from tickets.models import Notice

SMTP_TIMEOUT = 20  # seconds of silence; a server that looks for viruses takes its time
GATEWAY_TIMEOUT = 10  # seconds of silence
MAX_SHORT = 300  # characters of a text message
MAX_WECHAT = 2000  # bytes of a message in WeChat Work, whose own limit is 2048
_MAX_ANSWER = 64 * 1024  # bytes
_THROTTLED = (401, 403, 404, 405, 407, 408, 425, 429)  # the gateway's or its settings' state, not this message's
log = structlog.get_logger(__name__)


class Never(Exception):
    """This message will not be taken, now or later: a wrong address, a refused text."""


class Later(Exception):
    """This message was not taken now. `unsure`: it may have got through all the same."""

    def __init__(self, reason: str, *, unsure: bool = False) -> None:
        super().__init__(reason)
        self.unsure = unsure


class Away(Later):
    """The service takes no message now, this one or another."""


@dataclass(frozen=True)
class Attachment:
    """A file of text that goes with a message."""

    name: str
    content: str
    media_type: str


@dataclass(frozen=True)
class Message:
    """One message to one person. `key` is the same each time it is sent: by it a receiver knows a duplicate."""

    key: str
    to: str
    subject: str
    text: str
    link: str = ""
    attachments: tuple[Attachment, ...] = ()  # by e-mail only

    @property
    def short(self) -> str:
        """Subject and address on one line, for where every character counts."""
        room = MAX_SHORT - len(self.link) - 1
        subject = self.subject if len(self.subject) <= room else self.subject[: room - 1] + "…"
        return f"{subject} {self.link}".strip()


class Adapter(Protocol):
    """Sends messages of one channel, from one thread."""

    def send(self, message: Message) -> None:
        """Hand the message over. Raises Never, Later or Away."""

    def close(self) -> None:
        """End what is open; the next message opens it again."""


class Console:
    """Writes messages to the log: the default, for a house without the service."""

    def __init__(self, channel: str) -> None:
        self._channel = channel

    def send(self, message: Message) -> None:
        log.info("notice.shown", channel=self._channel, key=message.key, to=message.to, text=message.short)

    def close(self) -> None:
        """Nothing is open."""


class Email:
    """Sends by SMTP, many messages over one connection."""

    def __init__(self) -> None:
        self._server = EmailBackend(**settings.EMAIL_SERVER, timeout=SMTP_TIMEOUT)
        self._domain = parseaddr(settings.EMAIL_FROM)[1].rpartition("@")[2]

    def send(self, message: Message) -> None:
        self._open()
        mail = EmailMessage(
            subject=message.subject,
            body=message.text,
            from_email=settings.EMAIL_FROM,
            to=[message.to],
            headers={
                "Message-ID": f"<{message.key}@{self._domain}>",
                "Auto-Submitted": "auto-generated",  # no "I am on holiday" in answer
            },
            attachments=[(file.name, file.content, file.media_type) for file in message.attachments],
        )
        try:
            self._server.send_messages([mail])
        except smtplib.SMTPRecipientsRefused as refused:
            ((code, text),) = refused.recipients.values()
            raise (Never if code >= 500 else Later)(_said(code, text)) from refused
        except smtplib.SMTPSenderRefused as refused:  # we are: whoever the message is for
            raise Away(_said(refused.smtp_code, refused.smtp_error)) from refused
        except smtplib.SMTPDataError as refused:
            raise (Never if refused.smtp_code >= 500 else Later)(
                _said(refused.smtp_code, refused.smtp_error)
            ) from refused
        except (smtplib.SMTPNotSupportedError, ValueError) as wrong:  # an address that the server cannot write
            raise Never(str(wrong)) from wrong
        except (smtplib.SMTPException, OSError) as broken:
            self.close()
            raise Away(_short(broken), unsure=True) from broken

    def _open(self) -> None:
        try:
            if self._server.connection is not None and self._server.connection.noop()[0] == 250:
                return
        except (smtplib.SMTPException, OSError):
            pass  # it has hung up meanwhile
        self.close()
        try:
            self._server.open()
        except (smtplib.SMTPException, OSError) as away:
            self.close()
            raise Away(_short(away)) from away

    def close(self) -> None:
        connection, self._server.connection = self._server.connection, None
        if connection is not None:
            connection.close()  # without QUIT, for whose answer one may wait


class _NoRedirect(request.HTTPRedirectHandler):
    """A redirected POST becomes a GET, which would be taken for a message that was sent."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


class Gateway:
    """Posts JSON to a gateway over HTTP(S): 2xx is taken, other 4xx are about this message, the rest may pass."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        self._opener = request.build_opener(_NoRedirect)

    def send(self, message: Message) -> None:
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.key, "User-Agent": "aftersales"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = json.dumps(self.body(message), ensure_ascii=False).encode()
        try:
            with self._opener.open(request.Request(self._url, data, headers), timeout=GATEWAY_TIMEOUT) as answer:  # noqa: S310
                self.judge(answer.read(_MAX_ANSWER))
        except error.HTTPError as refused:
            refused.close()
            reason = f"HTTP {refused.code}"  # no more: its text may repeat the address, which may hold a key
            if 400 <= refused.code < 500 and refused.code not in _THROTTLED:
                raise Never(reason) from refused
            raise Away(reason, unsure=refused.code >= 500 and refused.code != 503) from refused
        except error.URLError as away:  # connecting failed, or the request did not get out whole
            raise Away(_short(away.reason)) from away
        except (OSError, HTTPException) as broken:
            raise Away(_short(broken), unsure=True) from broken

    def body(self, message: Message) -> dict[str, Any]:
        """What is posted."""
        return {"id": message.key, "to": message.to, "text": message.short}

    def judge(self, answer: bytes) -> None:
        """Look into an answer of 2xx; it is taken."""

    def close(self) -> None:
        """Each message has its own connection."""


class WeChat(Gateway):
    """Posts what a group robot of WeChat Work takes, with the person named, and the person's account for a gateway.

    WeChat Work answers 200 to everything and says in `errcode` what it did.
    """

    _UNKNOWN_PERSON = (40003, 60111, 81013)

    def body(self, message: Message) -> dict[str, Any]:
        content = message.text.encode()[:MAX_WECHAT].decode(errors="ignore")
        return {
            "id": message.key,
            "touser": message.to,
            "msgtype": "text",
            "text": {"content": content, "mentioned_list": [message.to]},
        }

    def judge(self, answer: bytes) -> None:
        try:
            said = json.loads(answer)
        except ValueError:
            return  # a gateway that says nothing has taken it
        code = said.get("errcode", 0) if isinstance(said, dict) else 0
        if code not in (0, "0", None):
            raise (Never if code in self._UNKNOWN_PERSON else Away)(f"errcode {code}"[:100])


def adapters() -> dict[str, Adapter]:
    """One adapter for each channel, as the settings say."""
    made: dict[str, Adapter] = {
        channel.value: Console(channel.value)
        for channel in (Notice.Channel.EMAIL, Notice.Channel.SMS, Notice.Channel.WECHAT)
    }
    if settings.EMAIL_SERVER:
        made[Notice.Channel.EMAIL] = Email()
    if settings.SMS_GATEWAY_URL:
        made[Notice.Channel.SMS] = Gateway(settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_TOKEN)
    if settings.WECHAT_GATEWAY_URL:
        made[Notice.Channel.WECHAT] = WeChat(settings.WECHAT_GATEWAY_URL, settings.WECHAT_GATEWAY_TOKEN)
    return made


def _said(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"


def _short(problem: object) -> str:
    """What a person reads of a failure: its kind and its words, never an address."""
    if isinstance(problem, TimeoutError) or isinstance(getattr(problem, "__context__", None), TimeoutError):
        return gettext_noop("The service did not answer in time.")
    if isinstance(problem, ConnectionRefusedError):
        return gettext_noop("The service is not there: the connection was refused.")
    return f"{type(problem).__name__}: {problem}" if isinstance(problem, Exception) else str(problem)
