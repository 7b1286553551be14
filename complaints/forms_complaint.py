"""What is entered about a complaint; the API's serializers are derived from these forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Team, User
from aftersales.accounts.roles import Role
from aftersales.core.templatetags.ui import moment as short_moment
from complaints.services.story import LONGEST
from complaints.states import Against, Cause, Remedy, Verdict
from complaints.verbs import HANDLERS, REGISTRARS
from tickets.forms import moment, text, yes_or_no
from tickets.models import Ticket
from tickets.states import Channel, ComplaintClass
from visits.models import Charge, Part, Visit

_PICTURES = "image/jpeg,image/png,image/webp"


def person(label: Any, roles: Any, **kwargs: Any) -> forms.ModelChoiceField:
    """One of the people with these roles."""
    people = User.objects.filter(is_active=True, role__in=roles).order_by("name")
    return forms.ModelChoiceField(label=label, queryset=people, to_field_name="username", required=False, **kwargs)


def department(label: Any, *, required: bool = False) -> forms.ModelChoiceField:
    return forms.ModelChoiceField(
        label=label, queryset=Team.objects.order_by("code"), to_field_name="code", required=required
    )


class VisitField(forms.ModelChoiceField):
    """A visit by its order and its technician."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.order_number} · {obj.technician.name}"


class ChargeField(forms.ModelChoiceField):
    """A charge by its total and when it was announced."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.total} {obj.currency} · {short_moment(obj.announced_at)}"


class RegisterForm(forms.Form):
    """A complaint on a ticket that is there."""

    use_required_attribute = False
    words = text(_("What does the customer complain of, in their own words?"), rows=5, most=LONGEST)
    against = forms.ChoiceField(label=_("It is about"), choices=Against.choices, widget=forms.RadioSelect)
    visit = VisitField(label=_("Visit"), queryset=Visit.objects.none(), required=False, empty_label=_("none"))
    part = forms.ModelChoiceField(label=_("Part"), queryset=Part.objects.none(), required=False, empty_label=_("none"))
    charge = ChargeField(label=_("Charge"), queryset=Charge.objects.none(), required=False, empty_label=_("none"))
    people = forms.ModelMultipleChoiceField(
        label=_("Who is complained of"),
        queryset=User.objects.filter(is_active=True).exclude(role=Role.ADMIN).order_by("name"),
        to_field_name="username",
        required=False,
        help_text=_("They neither own nor grade, investigate or close it; they may give a statement."),
    )
    part_batch = forms.CharField(label=_("Batch of the part or product"), max_length=40, required=False)
    sought = forms.ChoiceField(
        label=_("What does the customer want?"), choices=Remedy.choices, initial=Remedy.NONE, widget=forms.RadioSelect
    )
    channel = forms.ChoiceField(label=_("How it came"), choices=Channel.choices, initial=Channel.HOTLINE)
    told = forms.BooleanField(label=_("The customer is on the line and knows when to hear from us"), required=False)
    expected_at = moment(_("Answer promised by"), required=False)

    def __init__(self, *args: Any, ticket: Ticket | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if ticket is None:
            for name in ("visit", "part", "charge", "part_batch"):
                del self.fields[name]
            return
        of_ticket = {
            "visit": Visit.objects.filter(ticket=ticket).select_related("technician").order_by("-id"),
            "part": Part.objects.filter(uses__visit__ticket=ticket).distinct().order_by("number"),
            "charge": Charge.objects.filter(ticket=ticket).order_by("-id"),
        }
        for name, rows in of_ticket.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows


class TakeForm(RegisterForm):
    """A complaint for which no ticket is known: who complains, from where."""

    ticket_number = forms.CharField(
        label=_("Ticket, if one is known"), max_length=20, required=False, help_text=_("Empty: one is opened.")
    )
    customer_name = forms.CharField(label=_("Who complains"), max_length=120, required=False)
    phone = forms.CharField(label=_("Telephone"), max_length=40, required=False)

    field_order = ("ticket_number", "customer_name", "phone", "words")


class AcknowledgeForm(forms.Form):
    reached = yes_or_no(_("Did you reach the customer?"), _("reached"), _("not reached"))
    expected_at = moment(_("By when does the customer hear from us?"), required=False)
    note = text(_("What was said"), required=False)


class AssignForm(forms.Form):
    owner = person(_("Owner"), HANDLERS)
    investigator = person(_("Who investigates"), REGISTRARS)
    team = department(_("Responsible department"))
    note = text(_("What must they know?"), rows=2, required=False)


class ClassForm(forms.Form):
    complaint_class = forms.TypedChoiceField(
        label=_("Class"),
        coerce=int,
        choices=[(one.value, one.label) for one in ComplaintClass],
        widget=forms.RadioSelect,
    )
    reason = text(_("Reason"), rows=2, most=300)


class FindForm(forms.Form):
    finding = text(_("What was found"), rows=5, most=LONGEST)
    cause = forms.ChoiceField(label=_("Cause"), choices=Cause.choices)
    cause_note = text(_("Cause in words"), rows=2, required=False, most=LONGEST)


class TextForm(forms.Form):
    text = text(_("Statement"), rows=5, most=LONGEST)


class EvidenceForm(forms.Form):
    text = text(_("What is to be known"), rows=4, most=LONGEST)
    picture = forms.FileField(
        label=_("Photograph"), required=False, widget=forms.ClearableFileInput(attrs={"accept": _PICTURES})
    )


class PeopleForm(forms.Form):
    people = forms.ModelMultipleChoiceField(
        label=_("Who is complained of"),
        queryset=User.objects.filter(is_active=True).exclude(role=Role.ADMIN).order_by("name"),
        to_field_name="username",
        required=False,
    )


class ReportForm(forms.Form):
    reason = text(_("Why can it not be answered here?"))
    major = forms.BooleanField(label=_("A major complaint: it goes to the manager"), required=False)


class DisagreeForm(forms.Form):
    team = department(_("Which department does not agree"), required=True)
    reason = text(_("What does each say?"))


class RuleForm(forms.Form):
    ruling = text(_("Ruling, with its reason"))
    team = department(_("Responsible department"))


class ProposeForm(forms.Form):
    verdict = forms.ChoiceField(label=_("Is the customer right?"), choices=Verdict.choices, widget=forms.RadioSelect)
    remedy = forms.ChoiceField(label=_("What do we do?"), choices=Remedy.choices, widget=forms.RadioSelect)
    remedy_note = text(_("Remedy in words"), rows=2, required=False, most=LONGEST)
    remedy_by = moment(_("Done by"), required=False)
    cost = forms.DecimalField(label=_("Cost"), max_digits=12, decimal_places=2, min_value=0, required=False)


class InformForm(forms.Form):
    reached = yes_or_no(_("Did you reach the customer?"), _("told"), _("not reached"))
    note = text(_("What was said"), required=False)


class DisputeForm(forms.Form):
    reason = text(_("What does the customer not agree with?"), most=LONGEST)


class RemedyForm(forms.Form):
    note = text(_("Remark"), rows=2, required=False)
    cost = forms.DecimalField(
        label=_("Cost, if it came out otherwise"), max_digits=12, decimal_places=2, min_value=0, required=False
    )


class WhyForm(forms.Form):
    reason = text(_("Reason"), rows=2, most=4000)


class AgainForm(forms.Form):
    reason = text(_("Why is it not settled?"), most=LONGEST)
