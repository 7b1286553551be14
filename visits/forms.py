"""What is entered for dispatch and visit."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from tickets.forms import moment, text


def apology() -> forms.CharField:
    """What the customer is told when it is too late for the promised notice."""
    return text(
        _("Apology"),
        rows=2,
        most=500,
        required=False,
        help_text=_("Needed when it is too late for the promised notice; the supervisor approves then."),
    )


class PlanForm(forms.Form):
    technician = forms.ModelChoiceField(
        label=_("Technician"),
        queryset=User.objects.filter(role=Role.TECHNICIAN, is_active=True).order_by("name"),
        to_field_name="username",
    )
    window_start = moment(_("From"))
    window_end = moment(_("Until"))
    customer_wish = forms.BooleanField(
        label=_("The customer wishes this time"),
        required=False,
        help_text=_("A time later than promised is then the customer's wish, on record."),
    )
    prepare = text(
        _("What the customer must prepare"),
        rows=2,
        most=500,
        required=False,
        help_text=_("One complete list, read out to the customer now."),
    )
    note = forms.CharField(label=_("Note for the technician"), max_length=300, required=False)
    override_reason = forms.CharField(
        label=_("Book all the same, because"),
        max_length=300,
        required=False,
        help_text=_("Only a supervisor or the manager, who answers for it by name. Not against leave."),
    )


class MoveForm(PlanForm):
    prepare = None  # type: ignore[assignment]
    note = None  # type: ignore[assignment]
    reason = text(_("Reason"), rows=2, most=300)
    field_order = ("technician", "window_start", "window_end", "customer_wish", "reason", "override_reason")
    apology = apology()


class CallOffForm(forms.Form):
    reason = text(_("Reason"), rows=2, most=300)
    customer_wish = forms.BooleanField(label=_("The customer wishes it"), required=False)
    apology = apology()


class CompleteForm(forms.Form):
    """The service sheet (R32)."""

    finding = text(_("Finding"), rows=2)
    work_done = text(_("Work done"), rows=2)
    solved = forms.TypedChoiceField(
        label=_("Is the problem solved?"),
        coerce=lambda value: str(value).lower() in ("true", "1", "yes"),
        choices=[("true", _("solved")), ("false", _("not solved"))],
        widget=forms.RadioSelect,
    )
    customer_comment = text(_("Customer's comment"), rows=2, required=False)
    satisfaction = forms.IntegerField(label=_("Satisfaction, 1 to 5"), min_value=1, max_value=5, required=False)
    signer_name = forms.CharField(label=_("Name of who signs"), max_length=80, required=False)
    signature = forms.CharField(label=_("Signature"), required=False, widget=forms.HiddenInput, max_length=400_000)
    typed_signature = forms.CharField(
        label=_("Signature typed by the customer"),
        max_length=80,
        required=False,
        help_text=_("Only where it cannot be drawn; say why below."),
    )
    unsigned_reason = forms.CharField(
        label=_("If not drawn: why"),
        max_length=200,
        required=False,
        help_text=_("With this alone nobody signed: the sheet says so."),
    )
