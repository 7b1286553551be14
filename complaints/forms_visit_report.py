"""What is entered in a visit report."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from aftersales.accounts.roles import DESK, Role
from aftersales.customers.forms import day
from aftersales.customers.models import Customer, Product
from complaints.states_visit_report import LONGEST_TEXT, Purpose
from tickets.forms import moment, text

VISITORS = DESK | {Role.TECHNICIAN}


class ReportForm(forms.Form):
    """Who, when, whom, what was seen, wishes, next steps, follow-up."""

    use_required_attribute = False
    purpose = forms.ChoiceField(label=_("Purpose"), choices=Purpose.choices)
    visited_at = moment(_("When"))
    visited_by = forms.ModelChoiceField(
        label=_("Who was there"),
        queryset=User.objects.filter(is_active=True, role__in=VISITORS).order_by("name"),
        to_field_name="username",
    )
    place = forms.CharField(label=_("Where"), max_length=200, required=False)
    met = forms.CharField(label=_("Whom we met"), max_length=120)
    product = forms.ModelChoiceField(
        label=_("Product"), queryset=Product.objects.none(), required=False, empty_label=_("none in particular")
    )
    seen = text(_("What was seen"), rows=4, most=LONGEST_TEXT)
    wishes = text(_("The customer's wishes"), rows=3, most=LONGEST_TEXT, required=False)
    next_steps = text(_("Next steps"), rows=3, most=LONGEST_TEXT, required=False)
    follow_up_on = day(_("Follow up on"))

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        products = Product.objects.filter(customer=customer).select_related("model").order_by("-pk")
        self.fields["product"].queryset = products  # type: ignore[attr-defined]
