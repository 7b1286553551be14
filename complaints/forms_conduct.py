"""What is entered about a conduct violation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from complaints.states_conduct import ConductKind
from tickets.forms import text


class ProposeForm(forms.Form):
    """By hand, against one of those whom the complaint is about."""

    use_required_attribute = False
    person = forms.ModelChoiceField(label=_("Employee"), queryset=User.objects.none(), to_field_name="username")
    kind = forms.ChoiceField(label=_("Violation"), choices=ConductKind.choices, widget=forms.RadioSelect)
    note = text(_("What it rests on"), rows=3)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = User.objects.filter(pk__in=people).order_by("name")  # type: ignore[attr-defined]


class DecideForm(forms.Form):
    """The manager's word."""

    use_required_attribute = False
    reason = text(_("Reason"), rows=3)


class AppealForm(forms.Form):
    """What the person says."""

    use_required_attribute = False
    text = text(_("Why it is not so"), rows=5)
