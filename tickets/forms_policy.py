"""What a leader enters of a policy: its span, its conditions, and rows for what is set off."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Region
from aftersales.core import rules
from aftersales.customers.models import Contract, ProductModel
from tickets.sla import checks
from tickets.sla.defaults import ON_SITE_HOURS, WORKING_DAY
from tickets.sla.models import Calendar, Policy
from tickets.sla.states import Level, OnChange, Target
from tickets.states import Channel, ComplaintClass, Grade, Kind, WaitingFor

_LENGTHS = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
    "working_days": WORKING_DAY,
}
UNITS = [
    ("minutes", _("minutes")),
    ("hours", _("hours")),
    ("days", _("days of 24 hours")),
    ("working_days", _("working days of 8 hours")),
]
_ANY = [("", pgettext_lazy("any kind, channel, region …", "any"))]


def number_and_unit(length: timedelta) -> tuple[str, str]:
    """The shortest way to write a length: (number, unit)."""
    for unit in ("days", "hours"):
        number = length / _LENGTHS[unit]
        if number >= 1 and number == int(number):
            return f"{number:g}", unit
    return f"{length / _LENGTHS['minutes']:g}", "minutes"


class SpanWidget(forms.MultiWidget):
    """A number and its unit side by side."""

    def __init__(self, units: list[tuple[str, Any]]) -> None:
        number = forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"})
        super().__init__([number, forms.Select(choices=units)])
        self.units = units

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0"

    def decompress(self, value: timedelta | None) -> list[str]:
        return list(number_and_unit(value)) if value is not None else ["", self.units[0][0]]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return format_html('<div class="span-field">{}</div>', super().render(name, value, attrs, renderer))

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        unit = context["widget"]["subwidgets"][1]
        unit["attrs"]["class"] = unit["attrs"].get("class", "").replace("form-control", "form-select")
        unit["attrs"]["aria-label"] = gettext("unit")
        return context


class SpanField(forms.MultiValueField):
    """A length of time as number and unit, None when left empty; whether it makes sense, the policy's check says."""

    def __init__(self, *, units: list[tuple[str, Any]] = UNITS, **kwargs: Any) -> None:
        number = forms.DecimalField(max_digits=8, decimal_places=2, required=False)
        super().__init__(
            [number, forms.ChoiceField(choices=units, required=False)],
            widget=SpanWidget(units),
            require_all_fields=False,
            **kwargs,
        )

    def compress(self, values: list[Any]) -> timedelta | None:
        number, unit = [*values, None, None][:2]
        return None if number is None else length_of(number, unit or "minutes")

    def clean(self, value: Any) -> timedelta | None:
        number = value[0] if value else None
        if number in (None, ""):
            if self.required:
                raise forms.ValidationError(self.error_messages["required"], code="required")
            return None
        return super().clean(value)


def length_of(number: Decimal | int, unit: str) -> timedelta:
    return timedelta(seconds=round(Decimal(number) * int(_LENGTHS[unit].total_seconds())))


# ── what is set off ────────────────────────────────────────────────────────────────────────────
class StepForm(forms.Form):
    """One row; a row without a number is dropped."""

    use_required_attribute = False
    value = forms.IntegerField(label=_("Number"), required=False, max_value=999_999, min_value=-999_999)
    unit = forms.ChoiceField(label=_("Unit"))
    tell = forms.MultipleChoiceField(
        label=_("Tells"), choices=Level.choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    @property
    def given(self) -> bool:
        return self.cleaned_data.get("value") is not None


class WarningForm(StepForm):
    unit = forms.ChoiceField(
        label=_("Unit"),
        choices=[
            ("percent", _("% of the span")),
            ("minutes", _("minutes before the end")),
            ("hours", _("hours before the end")),
            ("days", _("days before the end")),
        ],
    )

    def step(self) -> dict[str, Any]:
        value, unit = self.cleaned_data["value"], self.cleaned_data["unit"]
        when = {"percent": value} if unit == "percent" else {"before": int(length_of(value, unit).total_seconds())}
        return {**when, "tell": self.cleaned_data["tell"]}


class EscalationForm(StepForm):
    unit = forms.ChoiceField(
        label=_("Unit"),
        choices=[("minutes", _("minutes later")), ("hours", _("hours later")), ("days", _("days later"))],
    )

    def step(self) -> dict[str, Any]:
        after = length_of(self.cleaned_data["value"], self.cleaned_data["unit"])
        return {"after": int(after.total_seconds()), "tell": self.cleaned_data["tell"]}


def _rows(form: type[StepForm]) -> Any:
    return forms.formset_factory(form, extra=1, max_num=checks.MAX_STEPS, absolute_max=2 * checks.MAX_STEPS)


WarningRows, EscalationRows = _rows(WarningForm), _rows(EscalationForm)


# ── the policy ─────────────────────────────────────────────────────────────────────────────────
def _three(label: Any, yes: Any, no: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        required=False,
        choices=[*_ANY, ("true", yes), ("false", no)],
        coerce=lambda value: value == "true",
        empty_value=None,
    )


def _one_of(label: Any, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[*_ANY, *choices])


class ConditionsForm(forms.Form):
    """Which tickets: what is left open fits every one."""

    use_required_attribute = False
    kind = _one_of(_("Kind"), Kind.choices)
    channel = _one_of(_("Channel"), Channel.choices)
    grade = forms.TypedChoiceField(
        label=_("Fault grade"), required=False, choices=[*_ANY, *Grade.choices], coerce=int, empty_value=None
    )
    region = forms.ModelChoiceField(
        label=_("Region"), required=False, queryset=Region.objects.all(), empty_label=_ANY[0][1]
    )
    home_region = _three(_("Home region"), _("inside the home region"), _("outside the home region"))
    vip = _three(_("VIP"), _("VIP only"), _("not VIP"))
    complaint_class = forms.TypedChoiceField(
        label=_("Complaint"), choices=[*_ANY, *ComplaintClass.choices], coerce=int, empty_value=None, required=False
    )
    product_line = _one_of(_("Product line"), ProductModel.Line.choices)
    contract = forms.ModelChoiceField(
        label=_("Service contract"), required=False, queryset=Contract.objects.all(), empty_label=_ANY[0][1]
    )


class PolicyForm(ConditionsForm):
    """A policy without its rows. `end_tell` and `repeat` are of its steps."""

    rule = forms.ChoiceField(label=_("Rule"), error_messages={"required": _("Say which rule is kept by it.")})
    span = SpanField(label=_("Span"), error_messages={"required": _("Give the span.")})
    until_day_end = forms.BooleanField(
        label=_("until the end of the service day"),
        required=False,
        help_text=_("The span counts calendar days, and the promise ends when that service day closes."),
    )
    before_anchor = forms.BooleanField(
        label=_("before the appointment"),
        required=False,
        help_text=_("The promise ends its span before the start of the appointment."),
    )
    not_before_span = SpanField(
        label=_("Not before"),
        required=False,
        help_text=_("Kept sooner it does not count. Empty: it may be kept at once."),
    )
    calendar = forms.ModelChoiceField(
        label=_("Counted in"),
        queryset=Calendar.objects.filter(current=True),
        empty_label=None,
        error_messages={"required": _("Choose the calendar in which it counts.")},
    )
    end_tell = forms.MultipleChoiceField(
        label=_("When it falls due, tell"),
        choices=Level.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Say who is told when the promise falls due.")},
    )
    repeat = SpanField(
        label=_("Then again every"),
        required=False,
        units=UNITS[:3],
        help_text=_("The last escalation, until somebody acknowledges. Empty: only once."),
    )
    loud = forms.BooleanField(
        label=_("also in quiet hours"), required=False, help_text=_("For promises for which somebody may be woken up.")
    )
    pause_reasons = forms.MultipleChoiceField(
        label=_("Pauses while waiting for"),
        required=False,
        choices=WaitingFor.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    on_change = forms.ChoiceField(
        label=_("When the ticket or this policy changes"), choices=OnChange.choices, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, target: Target, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(rule, f"{rule} · {Truncator(rules.text(rule)).chars(70)}") for rule in sorted(rules.texts())]
        field = self.fields["rule"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", gettext("choose")), *choices]
        if target not in checks.ABOUT_APPOINTMENTS:
            del self.fields["before_anchor"]


class PolicyEditor:
    """The form and its rows as one thing: filled from a policy, read from a request, written into a policy."""

    def __init__(self, policy: Policy, data: Any = None) -> None:
        self.policy = policy
        warnings, end, escalations = _split(policy)
        repeat = escalations[-1].get("repeat") if escalations else None
        initial = {name: getattr(policy, name) for name in _PLAIN} | {
            "home_region": _asked(policy.home_region),
            "vip": _asked(policy.vip),
            "region": policy.region_id,
            "contract": policy.contract_id,
            "complaint_class": policy.complaint_class,
            "calendar": policy.calendar_id,
            "end_tell": end.get("tell", []),
            "repeat": timedelta(seconds=repeat) if repeat else None,
        }
        self.form = PolicyForm(data, initial=initial, target=Target(policy.target))
        self.warnings = WarningRows(data, prefix="warning", initial=[_warning_row(step) for step in warnings])
        self.escalations = EscalationRows(data, prefix="later", initial=[_escalation_row(step) for step in escalations])
        self._places: list[StepForm | None] = []

    def is_valid(self) -> bool:
        """Whether each field can be read; what they mean together is the policy's check."""
        read = [part.is_valid() for part in (self.form, self.warnings, self.escalations)]  # each, for its errors
        return all(read)

    @property
    def row_errors(self) -> list[str]:
        """What is wrong with the rows, for the summary above the form."""
        return [
            f"{row.fields[name].label}: {message}"
            for rows in (self.warnings, self.escalations)
            for row in rows
            for name, messages in row.errors.items()
            for message in messages
        ] + [str(message) for rows in (self.warnings, self.escalations) for message in rows.non_form_errors()]

    def read(self) -> Policy:
        """The policy as it was entered, not saved; rows are put in the order in which they come."""
        given, policy = self.form.cleaned_data, self.policy
        for name in (*_PLAIN, "region", "home_region", "vip", "contract", "calendar", "complaint_class"):
            if name in given:
                setattr(policy, name, given[name])
        warnings = [(row.step(), row) for row in self.warnings if row.given]
        escalations = [(row.step(), row) for row in self.escalations if row.given]
        warnings.sort(key=lambda pair: checks.share(policy, pair[0]))
        escalations.sort(key=lambda pair: pair[0]["after"])
        policy.steps = [
            *(step for step, _row in warnings),
            {"tell": given["end_tell"]},
            *(step for step, _row in escalations),
        ]
        if given["repeat"] is not None:
            policy.steps[-1]["repeat"] = int(given["repeat"].total_seconds())
        self._places = [*(row for _step, row in warnings), None, *(row for _step, row in escalations)]
        return policy

    def refuse(self, errors: list[tuple[str, str, str]]) -> None:
        """Put what is wrong with the policy beside its fields."""
        for field, _code, message in errors:
            name, _dot, rest = field.partition(".")
            if name != "steps":
                self.form.add_error(name if name in self.form.fields else None, message)
                continue
            place, _dot, part = rest.partition(".")
            row = self._places[int(place)] if place.isdigit() and int(place) < len(self._places) else None
            if part == "repeat":
                self.form.add_error("repeat", message)
            elif row is None:
                self.form.add_error("end_tell", message)
            else:
                row.add_error("tell" if part == "tell" else "value", message)


_PLAIN = (
    "kind", "channel", "grade", "product_line", "rule", "span", "until_day_end", "before_anchor", "not_before_span",
    "loud", "pause_reasons", "on_change",
)  # fmt: skip


def _asked(value: bool | None) -> str:
    return "" if value is None else "true" if value else "false"


def _split(policy: Policy) -> tuple[list[dict[str, Any]], dict[str, Any], list[dict[str, Any]]]:
    end = policy.due_step
    return policy.steps[:end], policy.steps[end], policy.steps[end + 1 :]


def _warning_row(step: dict[str, Any]) -> dict[str, Any]:
    if "percent" in step:
        return {"value": step["percent"], "unit": "percent", "tell": step["tell"]}
    number, unit = number_and_unit(timedelta(seconds=step["before"]))
    return {"value": number, "unit": unit, "tell": step["tell"]}


def _escalation_row(step: dict[str, Any]) -> dict[str, Any]:
    number, unit = number_and_unit(timedelta(seconds=step["after"]))
    return {"value": number, "unit": unit, "tell": step["tell"]}


# ── the matrix and the question ────────────────────────────────────────────────────────────────
CELLS = [(grade, home, vip) for home, vip in ON_SITE_HOURS for grade in Grade.values]


def cell_name(grade: int, home: bool, vip: bool) -> str:
    return f"hours_{grade}_{'home' if home else 'away'}_{'vip' if vip else 'plain'}"


class MatrixForm(forms.Form):
    """On-site hours by grade, home region or not, VIP or not. `seen` is the newest policy that was read."""

    use_required_attribute = False
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for grade, home, vip in CELLS:
            label = " · ".join(
                [
                    str(Grade(grade).label),
                    gettext("inside the home region") if home else gettext("outside the home region"),
                    gettext("VIP") if vip else gettext("not VIP"),
                ]
            )
            self.fields[cell_name(grade, home, vip)] = forms.DecimalField(
                label=label,
                max_digits=7,
                decimal_places=2,
                error_messages={"required": gettext("Give the hours.")},
                widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal", "aria-label": label}),
            )


class WhichForm(forms.Form):
    """A ticket as one may imagine it."""

    use_required_attribute = False
    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    grade = forms.TypedChoiceField(label=_("Fault grade"), choices=Grade.choices, coerce=int)
    region = forms.ModelChoiceField(
        label=_("Region"), required=False, queryset=Region.objects.all(), empty_label=_("not known")
    )
    vip = forms.BooleanField(label=_("VIP customer"), required=False)
    complaint_class = forms.TypedChoiceField(
        label=_("Complaint"), choices=[("0", _("none open")), *ComplaintClass.choices], coerce=int,
        empty_value="0",
        required=False,
    )  # fmt: skip
    product_line = forms.ChoiceField(
        label=_("Product line"), required=False, choices=[("", _("not known")), *ProductModel.Line.choices]
    )
    contract = forms.ModelChoiceField(
        label=_("Service contract"), required=False, queryset=Contract.objects.all(), empty_label=_("none")
    )
