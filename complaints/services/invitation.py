"""Telling customers ahead: of the next maintenance (R65), of campaigns (R66); by telephone, then by letter."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import Region
from aftersales.accounts.roles import LEADERS
from aftersales.core.errors import Invalid, Missing, NotAllowed
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from aftersales.customers.models import Customer, ProductModel
from complaints import calling
from complaints.models import Campaign, Invitation, InvitationCall, Letter
from complaints.models.letter import AHEAD, LETTER_WITHIN
from complaints.services import letter as letters
from complaints.services.callback import CALLERS
from complaints.states_letter import InvitationKind, InvitationState, LetterKind, ReminderOutcome
from tickets import outbox

LIST_TASK = "complaints.tasks.list_campaign"
CALLED_WITHIN = timedelta(days=3)  # of the day on which the list is made
BATCH = 1000
_TEXTS = ("text_en", "text_zh_hans", "text_zh_hant")


@transaction.atomic
def plan_campaign(
    *,
    name: str,
    on: date,
    text_en: str,
    text_zh_hans: str,
    text_zh_hant: str,
    region: Region | None = None,
    line: str = "",
    by: Actor,
    at: datetime | None = None,
) -> Campaign:
    """Plan an invitation; its call list is made two weeks before the date, at once when that is near."""
    require(by, LEADERS)
    at = at or now()
    name = clean_line(name)
    texts = dict(zip(_TEXTS, (clean_text(text) for text in (text_en, text_zh_hans, text_zh_hant)), strict=True))
    errors = []
    if not name:
        errors.append(("name", "required", _("Give it a name.")))
    elif len(name) > 120:
        errors.append(("name", "too_long", _("At most %(max)s characters.") % {"max": 120}))
    if on <= timezone.localdate(at):
        errors.append(("on", "past", _("The date must lie ahead.")))
    elif on > timezone.localdate(at) + timedelta(days=730):
        errors.append(("on", "too_far", _("At most %(days)d days ahead.") % {"days": 730}))
    if line not in ("", *ProductModel.Line.values):
        errors.append(("line", "unknown", _("There is no such product line.")))
    for field, text in texts.items():
        if not text:
            errors.append((field, "required", _("Write something here.")))
        elif len(text) > 4000:
            errors.append((field, "too_long", _("At most %(max)s characters.") % {"max": "4,000"}))
    if errors:
        raise Invalid(errors=errors, rule="R66")
    made = Campaign.objects.create(
        name=name, on=on, region=region, line=line, **texts, created_by=by.user, created_at=at
    )
    if timezone.localdate(at) >= on - AHEAD:
        outbox.put(LIST_TASK, made.pk)
    return made


def due_lists(*, at: datetime | None = None) -> int:
    """Make the call lists of campaigns that are two weeks away; answer how many."""
    at = at or now()
    until = timezone.localdate(at) + AHEAD
    due = list(Campaign.objects.filter(listed_at=None, on__lte=until).values_list("pk", flat=True))
    return sum(make_list(pk, at=at) for pk in due)


@transaction.atomic
def make_list(campaign_id: int, *, at: datetime | None = None) -> bool:
    """Put each customer whom the campaign is for on its call list, once."""
    at = at or now()
    campaign = Campaign.objects.select_for_update(of=("self",)).filter(pk=campaign_id, listed_at=None).first()
    if campaign is None:
        return False
    wanted = Customer.objects.filter(merged_into=None)
    if campaign.region_id is not None:
        wanted = wanted.filter(sites__region=campaign.region_id)
    if campaign.line:
        wanted = wanted.filter(products__model__line=campaign.line)
    due = _call_by(at, campaign.on)
    rows: list[Invitation] = []
    for pk in wanted.order_by("pk").distinct().values_list("pk", flat=True).iterator(chunk_size=BATCH):
        rows.append(
            Invitation(
                kind=InvitationKind.CAMPAIGN, campaign=campaign, customer_id=pk, on=campaign.on, due_at=due,
                created_at=at,
            )
        )  # fmt: skip
        if len(rows) == BATCH:
            Invitation.objects.bulk_create(rows, ignore_conflicts=True)
            rows = []
    Invitation.objects.bulk_create(rows, ignore_conflicts=True)
    campaign.listed_at = at
    campaign.save(update_fields=["listed_at"])
    return True


def remind_of_maintenance(*, at: datetime | None = None) -> int:
    """Put customers whose next maintenance is two weeks away on the list, once for each date; answer how many (R65)."""
    at = at or now()
    today = timezone.localdate(at)
    percent = calling.rules().maintenance_percent
    until = today + AHEAD
    known = set(
        Invitation.objects.filter(kind=InvitationKind.MAINTENANCE, on__gte=today, on__lte=until).values_list(
            "customer", "on"
        )
    )
    due = Customer.objects.filter(merged_into=None, next_maintenance_on__gte=today, next_maintenance_on__lte=until)
    rows = [
        Invitation(kind=InvitationKind.MAINTENANCE, customer_id=pk, on=on, due_at=_call_by(at, on), created_at=at)
        for pk, on in due.values_list("pk", "next_maintenance_on")
        if on is not None and (pk, on) not in known and calling.sampled(percent, "maintenance", pk, on)
    ]
    Invitation.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
    return len(rows)


def _call_by(at: datetime, on: date) -> datetime:
    """The call is due within days, and in any case the day before."""
    zone = timezone.get_default_timezone()
    return max(min(at + CALLED_WITHIN, datetime.combine(on, time(0), tzinfo=zone)), at)


@transaction.atomic
def record_call(
    invitation_id: int, *, outcome: str, note: str = "", by: Actor, at: datetime | None = None
) -> Invitation:
    """Keep how the call went (R64): who was told of a campaign is written to within two days, as is who was not reached
    and shall be."""
    require(by, CALLERS)
    invitation = Invitation.objects.select_for_update(of=("self",)).filter(pk=invitation_id).first()
    if invitation is None:
        raise Missing(_("There is no such invitation."))
    at = at or now()
    if invitation.state != InvitationState.CALL:
        raise NotAllowed(_("This customer was called already."), code="callback_done")
    if outcome not in ReminderOutcome.values:
        raise Invalid(_("Choose how the call went."), code="unknown", field="outcome")
    note = clean_text(note)
    if len(note) > 1000:
        raise Invalid(_("At most %(max)s characters.") % {"max": "1,000"}, code="too_long", field="note")
    InvitationCall.objects.create(invitation=invitation, at=at, by=by.user, outcome=outcome, note=note)
    invitation.attempts_made += 1
    by_letter = outcome == ReminderOutcome.BY_LETTER or (
        outcome == ReminderOutcome.REACHED and invitation.kind == InvitationKind.CAMPAIGN
    )
    if by_letter:
        invitation.state, invitation.due_at = InvitationState.LETTER, at + LETTER_WITHIN
    elif outcome in (ReminderOutcome.REACHED, ReminderOutcome.REFUSED):
        invitation.state, invitation.ended_at = InvitationState.DONE, at
    invitation.save()
    return invitation


@transaction.atomic
def write_letters(invitation_ids: Iterable[int], *, by: Actor, at: datetime | None = None) -> list[Letter]:
    """Write the letters that these invitations owe, in each customer's language. Raises Invalid without an address."""
    require(by, letters.WRITERS)
    ids = sorted(set(invitation_ids))
    if not ids:
        raise Invalid(_("Choose who is written to."), code="required", field="invitations")
    if len(ids) > letters.MOST_AT_ONCE:
        message = _("At most %(max)d letters at once.") % {"max": letters.MOST_AT_ONCE}
        raise Invalid(message, code="too_many", field="invitations")
    rows = list(
        Invitation.objects.select_for_update(of=("self",))
        .filter(pk__in=ids, state=InvitationState.LETTER)
        .select_related("customer", "campaign")
        .prefetch_related("customer__sites")
        .order_by("pk")
    )
    if not rows:
        raise NotAllowed(_("These letters were written already."), code="written")
    at = at or now()
    return [_write(row, by=by, at=at) for row in rows]


def _write(row: Invitation, *, by: Actor, at: datetime) -> Letter:
    customer = row.customer
    address = letters.address_of(customer)
    if not address:
        message = _("%(customer)s has no address on file.") % {"customer": customer.name}
        raise Invalid(message, code="no_address", field="invitations")
    with translation.override(customer.language):
        names = {"customer": customer.name, "date": formats.date_format(row.on, "DATE_FORMAT")}
    kind = LetterKind.MAINTENANCE
    if row.campaign is not None:
        kind = LetterKind.CAMPAIGN
        names |= {"name": row.campaign.name, "text": row.campaign.text(customer.language)}
    subject, text = letters.drafted(kind, customer.language, names)
    made = letters.write_locked(customer, None, kind=kind, subject=subject, text=text, address=address, by=by, at=at)
    row.letter, row.state, row.ended_at = made, InvitationState.DONE, at
    row.save(update_fields=["letter", "state", "ended_at"])
    return made
