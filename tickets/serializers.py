"""What a partner sends and reads of a ticket.

Input is checked by serializers that are built once; answers are plain dictionaries, for fifty rows through nested
serializers cost more than their queries. The output serializers below describe those dictionaries in the OpenAPI
document, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import Partner, Region, User
from aftersales.accounts.reference import region_code, region_with_code
from aftersales.core.api import stamp
from aftersales.core.strict import MomentField, StrictSerializer
from aftersales.customers.models import ProductModel
from aftersales.customers.reference import model_code, model_with_code
from tickets import actions, verbs
from tickets.models import Event, Ticket
from tickets.services.intake import MAX_DESCRIPTION, MAX_WINDOWS, Intake, Window
from tickets.sla.models import Clock
from tickets.sla.states import OPEN as OPEN_CLOCKS
from tickets.sla.states import ClockState, Target
from tickets.states import Channel, EventKind, Grade, Kind, State, WaitingFor

LANGUAGES = {
    "en": "en",
    "zh-Hans": "zh-hans",
    "zh-Hant": "zh-hant",
    "zh-CN": "zh-hans",
    "zh-TW": "zh-hant",
    "zh-HK": "zh-hant",
}
_LANGUAGES = {tag.lower(): code for tag, code in LANGUAGES.items()}
_TAGS = {code: tag for tag, code in reversed(LANGUAGES.items())}


# ── what is sent ───────────────────────────────────────────────────────────────────────────────
class LanguageField(serializers.ChoiceField):
    """A language tag in any case; places stand for the script that is read there."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[(tag, tag) for tag in LANGUAGES], **kwargs)

    def to_internal_value(self, data: Any) -> str:
        code = _LANGUAGES.get(data.lower()) if isinstance(data, str) else None
        if code is None:
            self.fail("invalid_choice", input=str(data)[:40])
        return code


class CodeField(serializers.SlugField):
    """The code of a row of a reference list; the value is the row."""

    default_error_messages = {"unknown": _("“%(code)s” is not in the list.")}

    def find(self, code: str) -> Any:
        raise NotImplementedError

    def run_validators(self, value: Any) -> None:
        """The list itself says what is in it."""

    def to_internal_value(self, data: Any) -> Any:
        code = super().to_internal_value(data)
        row = self.find(code) if len(code) <= 40 and "\0" not in code else None
        if row is None:
            raise serializers.ValidationError(
                self.error_messages["unknown"] % {"code": code[:40].replace("\0", "")}, code="unknown"
            )
        return row


class RegionField(CodeField):
    def find(self, code: str) -> Region | None:
        return region_with_code(code)


class ModelField(CodeField):
    def find(self, code: str) -> ProductModel | None:
        return model_with_code(code)


class CustomerInput(StrictSerializer):
    """Who needs help; the same name and telephone again are the same customer."""

    name = serializers.CharField(max_length=120)
    phone = serializers.CharField(max_length=40, help_text="As typed or E.164; without + as in the region's country.")
    email = serializers.EmailField(required=False, allow_blank=True, max_length=254)
    language = LanguageField(required=False)
    vip = serializers.BooleanField(required=False, help_text="A VIP is promised a shorter way.")


class SiteInput(StrictSerializer):
    """Where to come to."""

    address = serializers.CharField(max_length=300)
    region = RegionField(help_text="Code from /regions.")
    access_hours = serializers.CharField(required=False, allow_blank=True, max_length=120)
    latitude = serializers.FloatField(
        required=False, allow_null=True, min_value=-90, max_value=90, help_text="Degrees (WGS 84), with longitude."
    )
    longitude = serializers.FloatField(required=False, allow_null=True, min_value=-180, max_value=180)


class ProductInput(StrictSerializer):
    """What does not work."""

    model = ModelField(help_text="Code from /product-models.")
    serial = serializers.CharField(required=False, allow_blank=True, max_length=60)
    purchased_on = serializers.DateField(required=False, allow_null=True)
    installed_on = serializers.DateField(required=False, allow_null=True)
    manufactured_on = serializers.DateField(required=False, allow_null=True)
    voucher_number = serializers.CharField(required=False, allow_blank=True, max_length=60)


class WindowInput(StrictSerializer):
    """A time that would suit the customer, from start up to end."""

    start = MomentField()
    end = MomentField()


class NewTicket(StrictSerializer):
    """A request of a customer."""

    external_id = serializers.CharField(
        required=False, allow_blank=True, max_length=80, help_text="Your own number, each once."
    )
    kind = serializers.ChoiceField(choices=Kind.choices)
    channel = serializers.ChoiceField(choices=Channel.choices, default=Channel.PARTNER)
    fault_grade = serializers.ChoiceField(
        choices=Grade.choices, default=Grade.DEGRADED, help_text="Defined at /grades."
    )
    summary = serializers.CharField(max_length=200)
    description = serializers.CharField(required=False, allow_blank=True, max_length=MAX_DESCRIPTION)
    visit_needed = serializers.BooleanField(default=False)
    wished_windows = WindowInput(many=True, required=False, max_length=MAX_WINDOWS)  # type: ignore[call-arg]
    contacted = serializers.BooleanField(
        default=False, help_text="You reached the customer and confirmed the problem. Needs the scope tickets.desk."
    )
    customer = CustomerInput()
    site = SiteInput(required=False, allow_null=True)
    product = ProductInput(required=False, allow_null=True)


_NEW_TICKET = NewTicket()


def read_intake(data: Any) -> Intake:
    """Read a request body. Raises ValidationError naming every wrong field."""
    given = _NEW_TICKET.run_validation(data)
    customer, site, product = given["customer"], given.get("site") or {}, given.get("product") or {}
    return Intake(
        external_id=given.get("external_id", ""),
        kind=given["kind"],
        channel=given["channel"],
        grade=int(given["fault_grade"]),
        summary=given["summary"],
        description=given.get("description", ""),
        visit_needed=given["visit_needed"],
        wished_windows=[Window(window["start"], window["end"]) for window in given.get("wished_windows", [])],
        contacted=given["contacted"],
        customer_name=customer["name"],
        phone=customer["phone"],
        email=customer.get("email", ""),
        language=customer.get("language", ""),
        vip=customer.get("vip"),
        address=site.get("address", ""),
        region=site.get("region"),
        access_hours=site.get("access_hours", ""),
        latitude=site.get("latitude"),
        longitude=site.get("longitude"),
        model=product.get("model"),
        serial=product.get("serial", ""),
        purchased_on=product.get("purchased_on"),
        installed_on=product.get("installed_on"),
        manufactured_on=product.get("manufactured_on"),
        voucher_number=product.get("voucher_number", ""),
    )


# ── what is read ───────────────────────────────────────────────────────────────────────────────
class ClockOut(serializers.Serializer[Any]):
    """One promise."""

    id = serializers.IntegerField()
    target = serializers.ChoiceField(choices=Target.choices)
    state = serializers.ChoiceField(choices=ClockState.choices)
    started_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="Moves when the clock is paused or judged anew.")
    met_at = serializers.DateTimeField(allow_null=True)
    breached_at = serializers.DateTimeField(allow_null=True, help_text="When it fell due unmet.")
    rule = serializers.CharField(help_text="The rule that promises it, such as R03.")


class CustomerOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    phone = serializers.CharField(help_text="The number of this request, as given.")
    email = serializers.CharField()
    language = serializers.ChoiceField(choices=[(tag, tag) for tag in _TAGS.values()])
    vip = serializers.BooleanField()


class SiteOut(serializers.Serializer[Any]):
    address = serializers.CharField()
    region = serializers.CharField()
    access_hours = serializers.CharField()
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)


class ProductOut(serializers.Serializer[Any]):
    model = serializers.CharField()
    serial = serializers.CharField()
    purchased_on = serializers.DateField(allow_null=True)
    installed_on = serializers.DateField(allow_null=True)
    manufactured_on = serializers.DateField(allow_null=True)
    voucher_number = serializers.CharField()
    warranty_until = serializers.DateField(allow_null=True)


class WindowOut(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class TicketOut(serializers.Serializer[Any]):
    """A ticket as its partner sees it."""

    id = serializers.IntegerField()
    number = serializers.CharField(help_text="What people say on the telephone: T20261121-00042.")
    external_id = serializers.CharField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    channel = serializers.ChoiceField(choices=Channel.choices)
    state = serializers.ChoiceField(choices=State.choices)
    version = serializers.IntegerField(help_text="Rises with each change; also the ETag.")
    cycle = serializers.IntegerField(help_text="2 after the first reopening.")
    fault_grade = serializers.ChoiceField(choices=Grade.choices)
    summary = serializers.CharField()
    description = serializers.CharField()
    visit_needed = serializers.BooleanField()
    wished_windows = WindowOut(many=True)
    customer = CustomerOut()
    site = SiteOut(allow_null=True)
    product = ProductOut(allow_null=True)
    region = serializers.CharField(allow_null=True)
    owner = serializers.CharField(allow_null=True, help_text="Name of who answers for it.")
    technician = serializers.CharField(allow_null=True, help_text="Name of who comes.")
    waiting_for = serializers.ChoiceField(choices=WaitingFor.choices, allow_null=True)
    wake_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(help_text="Why it waits, was refused or cancelled.")
    resolution = serializers.CharField()
    callback_owed = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    clocks = ClockOut(many=True)
    actions = serializers.ListField(
        child=serializers.CharField(), help_text="What this key may do now: POST /tickets/{id}/actions/{verb}."
    )


class TicketPage(serializers.Serializer[Any]):
    results = TicketOut(many=True)
    next = serializers.URLField(allow_null=True, help_text="Address of the next page; null on the last.")


class ByOut(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["staff", "partner", "system"])
    name = serializers.CharField()


class EventOut(serializers.Serializer[Any]):
    """One thing that happened."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=EventKind.choices)
    label = serializers.CharField(help_text="The kind in the language of Accept-Language.")  # type: ignore[assignment]
    at = serializers.DateTimeField(help_text="When it happened; a broken promise: when it fell due.")
    recorded_at = serializers.DateTimeField()
    door = serializers.CharField(help_text="page, api, link, system …")
    by = ByOut()
    from_state = serializers.ChoiceField(choices=State.choices, allow_null=True)
    to_state = serializers.ChoiceField(choices=State.choices, allow_null=True)
    version = serializers.IntegerField(help_text="The ticket's version after it.")
    data = serializers.DictField(help_text="What else is known of it, by kind.")  # type: ignore[assignment]


class EventPage(serializers.Serializer[Any]):
    results = EventOut(many=True)
    next = serializers.URLField(allow_null=True)


class ChoiceOut(serializers.Serializer[Any]):
    code = serializers.JSONField()
    name = serializers.CharField()


class FieldOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.ChoiceField(
        choices=["string", "integer", "boolean", "date-time", "choice", "technician", "region"]
    )
    required = serializers.BooleanField()  # type: ignore[assignment]
    max_length = serializers.IntegerField(allow_null=True)
    choices = ChoiceOut(many=True)


class ActionOut(serializers.Serializer[Any]):
    verb = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    url = serializers.URLField()
    fields = FieldOut(many=True)  # type: ignore[assignment]


class ActionPage(serializers.Serializer[Any]):
    results = ActionOut(many=True)
    next = serializers.URLField(allow_null=True)


def possible(ticket: Ticket, actor: Actor) -> list[str]:
    """The verbs that this key may use on the ticket now."""
    return [verb.name for verb in verbs.available(ticket, actor) if actions.get(verb.name)]


def clocks_of(ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """The promises of these tickets by ticket, oldest first. One query."""
    found: dict[int, list[dict[str, Any]]] = {pk: [] for pk in ids}
    rows = Clock.objects.filter(ticket_id__in=list(found)).order_by("pk")
    columns = ("target", "state", "started_at", "due_at", "met_at", "breached_at", "policy__rule")
    for ticket_id, pk, *row in rows.values_list("ticket_id", "pk", *columns):
        found[ticket_id].append(_clock(pk, *row))
    return found


def _clock(
    pk: int,
    target: str,
    state: str,
    started_at: datetime,
    due_at: datetime,
    met_at: datetime | None,
    breached_at: datetime | None,
    rule: str,
) -> dict[str, Any]:
    return {
        "id": pk,
        "target": str(target),
        "state": str(state),
        "started_at": stamp(started_at),
        "due_at": stamp(due_at),
        "met_at": stamp(met_at),
        "breached_at": stamp(breached_at),
        "rule": rule,
    }


def new_clock(clock: Clock) -> dict[str, Any]:
    """A promise that was just made."""
    return _clock(clock.pk, clock.target, clock.state, clock.started_at, clock.due_at, None, None, clock.policy.rule)


def ticket_out(ticket: Ticket, clocks: list[dict[str, Any]], actor: Actor) -> dict[str, Any]:
    """A ticket in an answer (TicketOut). No query when customer, site, product, owner and technician are there."""
    ticket.known_targets = frozenset(clock["target"] for clock in clocks if clock["state"] in OPEN_CLOCKS)
    customer, site, product = ticket.customer, ticket.site, ticket.product
    return {
        "id": ticket.pk,
        "number": ticket.number,
        "external_id": ticket.external_id,
        "kind": str(ticket.kind),
        "channel": str(ticket.channel),
        "state": str(ticket.state),
        "version": ticket.version,
        "cycle": ticket.cycle,
        "fault_grade": int(ticket.grade),
        "summary": ticket.summary,
        "description": ticket.description,
        "visit_needed": ticket.visit_needed,
        "wished_windows": [
            {name: moment.replace("+00:00", "Z") for name, moment in window.items()} for window in ticket.wished_windows
        ],
        "customer": {
            "name": customer.name,
            "phone": ticket.contact_phone,
            "email": customer.email,
            "language": _TAGS.get(customer.language, settings.LANGUAGE_CODE),
            "vip": customer.vip,
        },
        "site": site
        and {
            "address": site.address,
            "region": region_code(site.region_id),
            "access_hours": site.access_hours,
            "latitude": site.latitude,
            "longitude": site.longitude,
        },
        "product": product
        and {
            "model": model_code(product.model_id),
            "serial": product.serial,
            "purchased_on": product.purchased_on and product.purchased_on.isoformat(),
            "installed_on": product.installed_on and product.installed_on.isoformat(),
            "manufactured_on": product.manufactured_on and product.manufactured_on.isoformat(),
            "voucher_number": product.voucher_number,
            "warranty_until": product.warranty_until and product.warranty_until.isoformat(),
        },
        "region": region_code(ticket.region_id),
        "owner": ticket.owner.name if ticket.owner else None,
        "technician": ticket.technician.name if ticket.technician else None,
        "waiting_for": ticket.waiting_for or None,
        "wake_at": stamp(ticket.wake_at),
        "reason": ticket.reason,
        "resolution": ticket.resolution,
        "callback_owed": ticket.callback_owed,
        "created_at": stamp(ticket.received_at),
        "updated_at": stamp(ticket.updated_at),
        "resolved_at": stamp(ticket.resolved_at),
        "ended_at": stamp(ticket.ended_at),
        "clocks": clocks,
        "actions": possible(ticket, actor),
    }


def by_out(user: User | None, partner: Partner | None) -> dict[str, str]:
    """Who did something (ByOut)."""
    if user is not None:
        return {"type": "staff", "name": user.name}
    return {"type": "partner", "name": partner.name} if partner is not None else {"type": "system", "name": ""}


def event_out(event: Event) -> dict[str, Any]:
    """A timeline entry in an answer (EventOut)."""
    return {
        "id": event.pk,
        "kind": event.kind,
        "label": event.get_kind_display(),
        "at": stamp(event.at),
        "recorded_at": stamp(event.recorded_at),
        "door": event.door,
        "by": by_out(event.user, event.partner),
        "from_state": event.from_state or None,
        "to_state": event.to_state or None,
        "version": event.version,
        "data": {name: value for name, value in event.data.items() if name != "to"},  # a key of ours
    }


_TYPES: list[tuple[type[serializers.Field[Any, Any, Any, Any]], str]] = [
    (serializers.ChoiceField, "choice"),
    (serializers.BooleanField, "boolean"),
    (serializers.DateTimeField, "date-time"),
    (serializers.IntegerField, "integer"),
]


def _type(field: serializers.Field[Any, Any, Any, Any]) -> str:
    if isinstance(field, serializers.SlugRelatedField):
        rows: Any = field.get_queryset()
        return "region" if rows.model is Region else "technician"
    return next((word for kind, word in _TYPES if isinstance(field, kind)), "string")


def fields_out(serializer: type[StrictSerializer]) -> list[dict[str, Any]]:
    """What a verb asks for, in the reader's language (FieldOut)."""
    return [
        {
            "name": name,
            "label": str(field.label or name),
            "type": _type(field),
            "required": field.required,
            "max_length": getattr(field, "max_length", None),
            "choices": [{"code": code, "name": str(label)} for code, label in field.choices.items()]
            if isinstance(field, serializers.ChoiceField)
            else [],
        }
        for name, field in serializer().fields.items()
    ]
