"""The policy that a leader thinks about, as a form."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Region
from aftersales.core.errors import Invalid
from aftersales.customers.models import Contract, ProductModel
from tickets.sla import candidate
from tickets.sla.models import Calendar, Policy
from tickets.sla.replay import MAX_PERIOD
from tickets.sla.states import Target
from tickets.states import Channel, ComplaintClass, Grade, Kind, WaitingFor

DAYS = 30
_ANY: list[tuple[Any, Any]] = [("", _("any"))]
_UNITS = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
    "service_days": timedelta(days=1),
    "before": timedelta(hours=1),
}
_FIELD_OF = {"span": "value"}


class WhatIfForm(forms.Form):
    """Cleaned, it has the candidate as `policy` and the period as `start` and `end` (half-open)."""

    use_required_attribute = False

    target = forms.ChoiceField(label=_("Promise"), choices=Target.choices)
    value = forms.DecimalField(
        label=_("How long"), min_value=0, max_value=100_000, max_digits=9, decimal_places=2,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any", "min": "0"}),
    )  # fmt: skip
    unit = forms.ChoiceField(
        label=_("Unit"),
        choices=[
            ("minutes", _("minutes")),
            ("hours", _("hours")),
            ("days", _("days of 24 hours")),
            ("service_days", _("days, until closing time")),
            ("before", _("hours before the appointment")),
        ],
    )
    calendar = forms.ChoiceField(label=_("Calendar"), help_text=_("Only its open hours count."))
    pause_reasons = forms.MultipleChoiceField(
        label=_("Pauses while waiting for"),
        choices=WaitingFor.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    first = forms.DateField(label=_("Started from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last = forms.DateField(label=_("to (inclusive)"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    kind = forms.ChoiceField(label=_("Kind"), choices=[*_ANY, *Kind.choices], required=False)
    channel = forms.ChoiceField(label=_("Channel"), choices=[*_ANY, *Channel.choices], required=False)
    grade = forms.TypedChoiceField(
        label=_("Fault grade"), choices=[*_ANY, *Grade.choices], coerce=int, empty_value=None, required=False
    )
    region = forms.ChoiceField(label=_("Region"), required=False)
    home_region = forms.ChoiceField(
        label=_("Home region"),
        choices=[*_ANY, ("yes", _("home region")), ("no", _("outside the home region"))],
        required=False,
    )
    vip = forms.ChoiceField(
        label=_("Customer"), choices=[*_ANY, ("yes", _("VIP")), ("no", _("not VIP"))], required=False
    )
    complaint_class = forms.TypedChoiceField(
        label=_("Complaint"), choices=[*_ANY, *ComplaintClass.choices], coerce=int, empty_value=None, required=False
    )
    product_line = forms.ChoiceField(
        label=_("Product line"), choices=[*_ANY, *ProductModel.Line.choices], required=False
    )
    contract = forms.ChoiceField(label=_("Service contract"), required=False)
    everywhere = forms.BooleanField(label=_("Also where a narrower policy holds"), required=False)

    CONDITIONS = (*Policy.CONDITIONS, "everywhere")

    def __init__(self, data: Any = None, *, at: datetime, policy: Policy | None = None) -> None:
        today = timezone.localdate(at)
        initial: dict[str, Any] = {
            "target": Target.RESPONSE, "value": 45, "unit": "minutes", "calendar": "service-hours",
            "first": today - timedelta(days=DAYS - 1), "last": today,
        }  # fmt: skip
        super().__init__(data, initial=initial | (_shown(policy) if policy else {}))
        self.fields["calendar"].choices = _coded(Calendar.objects.filter(current=True))  # type: ignore[attr-defined]
        self.fields["region"].choices = [*_ANY, *_coded(Region.objects.all())]  # type: ignore[attr-defined]
        self.fields["contract"].choices = [*_ANY, *_coded(Contract.objects.all())]  # type: ignore[attr-defined]
        self.policy: Policy | None = None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, last = given.get("first"), given.get("last")
        if first and last and last < first:
            self.add_error("last", gettext("The period ends before it begins."))
        elif first and last and last - first >= MAX_PERIOD:
            self.add_error("first", gettext("At most %(days)d days at once.") % {"days": MAX_PERIOD.days})
        if not self.errors:
            try:
                self.policy = candidate.read(_as_data(given))
            except Invalid as error:
                for name, _code, message in error.errors:
                    self.add_error(
                        _FIELD_OF.get(name, name) if name in self.fields or name in _FIELD_OF else None, message
                    )
        return given

    @property
    def start(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.cleaned_data["first"], time()))

    @property
    def end(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.cleaned_data["last"] + timedelta(days=1), time()))

    @cached_property
    def narrowed(self) -> bool:
        """Whether the conditions are to be shown: one is set, or wrong."""
        return any(self[name].value() or self[name].errors for name in self.CONDITIONS)

    @property
    def condition_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.CONDITIONS]


def _coded(rows: Any) -> list[tuple[str, str]]:
    return [(row.code, str(row)) for row in rows]


def _as_data(given: dict[str, Any]) -> dict[str, Any]:
    """What was entered, as `candidate.read` takes it."""
    flags = {"yes": True, "no": False}
    return {
        "target": given["target"],
        "span": float(given["value"]) * _UNITS[given["unit"]].total_seconds(),
        "calendar": given["calendar"],
        "until_day_end": given["unit"] == "service_days",
        "before_anchor": given["unit"] == "before",
        "pause_reasons": given["pause_reasons"],
        "home_region": flags.get(given["home_region"]),
        "vip": flags.get(given["vip"]),
        **{
            name: given[name]
            for name in ("kind", "channel", "grade", "region", "product_line", "contract", "complaint_class")
        },
    }


def _shown(policy: Policy) -> dict[str, Any]:
    """A policy as it stands, to be changed in the form."""
    unit = "service_days" if policy.until_day_end else "before" if policy.before_anchor else ""
    if not unit:
        unit = next(
            name for name in ("days", "hours", "minutes") if name == "minutes" or not policy.span % _UNITS[name]
        )
    flag = {True: "yes", False: "no", None: ""}
    value = policy.span / _UNITS[unit]
    return {
        "target": policy.target,
        "value": int(value) if value == int(value) else round(value, 2),
        "unit": unit,
        "calendar": policy.calendar.code,
        "pause_reasons": policy.pause_reasons,
        "kind": policy.kind,
        "channel": policy.channel,
        "grade": policy.grade or "",
        "region": policy.region.code if policy.region else "",
        "home_region": flag[policy.home_region],
        "vip": flag[policy.vip],
        "product_line": policy.product_line,
        "contract": policy.contract.code if policy.contract else "",
        "complaint_class": policy.complaint_class or "",
    }
