"""The customer's link: given, revoked, found again by its secret, sent by e-mail."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.roles import DESK
from aftersales.core.errors import Missing, NotAllowed
from aftersales.core.text import clean_line
from aftersales.core.time import now
from tickets import outbox, timeline
from tickets.delivery.adapters import Adapter, Attachment, Later, Message, Never, adapters
from tickets.models import Notice, Ticket
from tickets.states import EventKind
from visits import calendar_file
from visits.models import Visit, VisitLink
from visits.states import ACTIVE

MAIL_TASK = "visits.tasks.mail_link"
_LONGEST_TOKEN = 100
_SALT = "visits.link"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _token(seed: str, key: str | None = None) -> str:
    """The secret of a link: made from its seed with the key of the house, so that neither alone opens anything."""
    return salted_hmac(_SALT, seed, secret=key, algorithm="sha256").hexdigest()[:40]  # 160 bits


def path_of(token: str) -> str:
    return reverse("visit_link", args=[token])


@transaction.atomic
def give(visit_id: int, *, by: Actor, at: datetime | None = None) -> tuple[VisitLink, str]:
    """Make a link to an appointment; the one given before ends. Answers the link and its secret, shown once.

    Where the customer has an e-mail address and the house a public one, the link goes there too. Raises NotAllowed
    (code visit_over), Missing, Forbidden.
    """
    require(by, DESK)
    at = at or now()
    ticket, visit = _locked(visit_id, by)
    if visit.state not in ACTIVE:
        raise NotAllowed(_("The visit is over: there is nothing to see or settle by a link."), code="visit_over")
    visit.links.filter(revoked_at=None).update(revoked_at=at)
    seed = secrets.token_hex(16)
    token = _token(seed)
    mail = bool(ticket.customer.email and settings.PUBLIC_URL)
    link = VisitLink.objects.create(
        visit=visit,
        token_hash=_hash(token),
        seed=seed,
        created_at=at,
        created_by=by.user,
        mail_state=VisitLink.Mail.QUEUED if mail else VisitLink.Mail.NONE,
    )
    if mail:
        outbox.put(MAIL_TASK, link.pk)
    timeline.record(ticket, EventKind.LINK_GIVEN, at=at, by=by, visit=visit.pk, mailed=mail)
    return link, token


@transaction.atomic
def revoke(visit_id: int, *, by: Actor, at: datetime | None = None) -> None:
    """End the link to an appointment; whoever opens it sees nothing. Raises NotAllowed where there is none."""
    require(by, DESK)
    at = at or now()
    ticket, visit = _locked(visit_id, by)
    if not visit.links.filter(revoked_at=None).update(revoked_at=at):
        raise NotAllowed(_("There is no link to revoke."), code="no_link")
    timeline.record(ticket, EventKind.LINK_REVOKED, at=at, by=by, visit=visit.pk)


def _locked(visit_id: int, by: Actor) -> tuple[Ticket, Visit]:
    ticket_id = Visit.objects.filter(pk=visit_id).values_list("ticket", flat=True).first()
    if ticket_id is None:
        raise Missing(_("There is no such visit."))
    ticket = Ticket.objects.locked(ticket_id, actor=by)
    return ticket, Visit.objects.select_for_update(of=("self",)).get(pk=visit_id)


def find(token: str, *, at: datetime) -> VisitLink | None:
    """The link with this secret and all that its page shows; None when it is wrong, revoked or expired. One query."""
    if not 0 < len(token) <= _LONGEST_TOKEN or not token.isascii():
        return None
    link = (
        VisitLink.objects.filter(token_hash=_hash(token), revoked_at=None)
        .select_related(
            "visit__technician",
            "visit__ticket__customer",
            "visit__ticket__site__region",
            "visit__ticket__region",
            "visit__ticket__product__model",
        )
        .first()
    )
    return link if link is not None and at < link.expires_at else None


def opened(link: VisitLink, *, at: datetime) -> None:
    """Note that the customer has seen the page."""
    if link.opened_at is None:
        VisitLink.objects.filter(pk=link.pk, opened_at=None).update(opened_at=at)


def zone_of(visit: Visit) -> ZoneInfo:
    """The time zone in which the customer lives."""
    region = visit.ticket.site.region if visit.ticket.site else visit.ticket.region
    return ZoneInfo(region.zone if region else settings.TIME_ZONE)


def first_name(name: str) -> str:
    """What a customer may call a technician by: the first name, without the surname (R75)."""
    name = clean_line(name)
    if not name or name.isascii() or " " in name:
        return name.split(" ")[0]
    surname = 2 if len(name) > 2 and name[:2] in _TWO_LETTERS else 1
    return name[surname:] or name


_TWO_LETTERS = (
    *("欧阳", "歐陽", "司马", "司馬", "上官", "诸葛", "諸葛", "东方", "東方", "皇甫", "尉迟", "尉遲", "公孙", "公孫"),
    *("慕容", "令狐", "宇文", "长孙", "長孫", "夏侯", "司徒", "端木", "南宫", "南宮", "申屠"),
)


# ── by e-mail ──────────────────────────────────────────────────────────────────────────────────
def mail(link_id: int, *, at: datetime | None = None, way: Adapter | None = None) -> None:
    """Send a link that is queued to the customer's address with the calendar file, once. Raises Later to be retried."""
    at = at or now()
    link = (
        VisitLink.objects.filter(pk=link_id, mail_state__in=[VisitLink.Mail.QUEUED, VisitLink.Mail.FAILED])
        .select_related("visit__technician", "visit__ticket__customer", "visit__ticket__site__region")
        .select_related("visit__ticket__region")
        .filter(mailed_at=None)
        .first()
    )
    if link is None:
        return
    way = way or adapters()[Notice.Channel.EMAIL]
    try:
        way.send(message(link, at=at))
    except (Never, Later) as failure:
        said = str(failure)[:300]
        VisitLink.objects.filter(pk=link.pk).update(mail_state=VisitLink.Mail.FAILED, mail_error=said)
        if isinstance(failure, Later):
            raise
    else:
        VisitLink.objects.filter(pk=link.pk).update(mail_state=VisitLink.Mail.SENT, mailed_at=at, mail_error="")
    finally:
        way.close()


def message(link: VisitLink, *, at: datetime) -> Message:
    """What the customer reads, in the customer's language. Raises Never when there is nothing to send any more."""
    visit, customer = link.visit, link.visit.ticket.customer
    token = _secret_of(link)
    if link.revoked_at is not None or visit.state not in ACTIVE:
        raise Never(gettext_noop("The link was revoked or the visit is over."))
    if not customer.email or token is None or not settings.PUBLIC_URL:
        raise Never(gettext_noop("There is no address to send it to or from."))
    url = settings.PUBLIC_URL.rstrip("/") + path_of(token)
    with translation.override(customer.language), timezone.override(zone_of(visit)):
        context = {
            "visit": visit,
            "technician": first_name(visit.technician.name),
            "link": url,
            "company": settings.COMPANY,
            "contact": settings.COMPANY_CONTACT,
        }
        subject = _("%(company)s: your appointment") % {"company": settings.COMPANY}
        text = render_to_string("visits/link_mail.txt", context).strip() + "\n"
        file = Attachment("visit.ics", calendar_file.of_visit(visit, at=at), "text/calendar")
    return Message(f"visit-link-{link.pk}", customer.email, clean_line(subject), text, url, (file,))


def _secret_of(link: VisitLink) -> str | None:
    """The secret of a link made lately; None when the key of the house was changed for good meanwhile."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = _token(link.seed, key)
        if hmac.compare_digest(_hash(token), link.token_hash):
            return token
    return None
