"""What is entered about a corrective action."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Team, User
from aftersales.customers.models import ProductModel
from complaints.services.action import LONGEST, LONGEST_BATCH, LONGEST_TITLE, OWNERS
from complaints.states import Cause
from tickets.forms import text
from visits.models import Part


def owners() -> Any:
    """Who may own an action, by name."""
    return User.objects.filter(is_active=True, role__in=OWNERS).order_by("name", "pk")


class ActionForm(forms.Form):
    """Opening an action, from a complaint or for a thing."""

    use_required_attribute = False
    title = forms.CharField(label=_("What it is about"), max_length=LONGEST_TITLE)
    cause = forms.ChoiceField(label=_("Cause"), choices=[("", "–"), *Cause.choices])
    model = forms.ModelChoiceField(
        label=_("Model"),
        queryset=ProductModel.objects.order_by("code"),
        to_field_name="code",
        required=False,
        help_text=_("Whether the complaint returns is looked up by part and batch, or else by model."),
    )
    part = forms.CharField(label=_("Part number"), max_length=40, required=False)
    part_batch = forms.CharField(label=_("Batch"), max_length=LONGEST_BATCH, required=False)
    owner = forms.ModelChoiceField(label=_("Owner"), queryset=User.objects.none(), to_field_name="username")
    team = forms.ModelChoiceField(
        label=_("Department"), queryset=Team.objects.order_by("code"), to_field_name="code", required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = owners()  # type: ignore[attr-defined]

    def clean_part(self) -> Part | None:
        """The part with this number."""
        number = self.cleaned_data["part"].strip()
        if not number:
            return None
        found = Part.objects.filter(number__iexact=number).first()
        if found is None:
            raise ValidationError(_now("There is no part with this number."), code="unknown")
        return found


class StepForm(forms.Form):
    """One discipline."""

    use_required_attribute = False
    text = text(_("What was done"), rows=4, most=LONGEST)


class CauseStepForm(StepForm):
    """D4 asks twice: why it happened, and why nobody noticed."""

    escape = text(_("Escape point: why it was not noticed before it reached the customer"), rows=3, most=LONGEST)
    text = text(_("Root cause"), rows=4, most=LONGEST)
    field_order = ("text", "escape")


class CheckForm(forms.Form):
    """Whether it helped."""

    use_required_attribute = False
    effective = forms.TypedChoiceField(
        label=_("Did it help?"),
        coerce=lambda value: str(value).lower() in ("true", "1", "yes"),
        choices=[("true", _("effective")), ("false", _("not effective: the action is opened again"))],
        widget=forms.RadioSelect,
    )
    reason = text(_("What this rests on"), rows=3, most=LONGEST)


class OwnerForm(forms.Form):
    """Giving an action to somebody else."""

    use_required_attribute = False
    owner = forms.ModelChoiceField(label=_("Owner"), queryset=User.objects.none(), to_field_name="username")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = owners()  # type: ignore[attr-defined]
