"""What is asked in a survey."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints.forms import _mark, _truth
from complaints.states_survey import BY_STAFF


class SurveyForm(forms.Form):
    """The questions; each may be left out. How much is too much, the service says, so that nothing typed is lost."""

    use_required_attribute = False
    attitude = _mark(_("How friendly were our people?"))
    punctuality = _mark(_("Did we come when we said?"))
    quality = _mark(_("How good was the work?"))
    solved = forms.TypedChoiceField(
        label=_("Is the problem solved?"),
        choices=[("true", _("Yes")), ("false", _("No"))],
        coerce=_truth,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    recommend = forms.TypedChoiceField(
        label=_("Would you recommend us to friends?"),
        choices=[(str(mark), str(mark)) for mark in range(11)],
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("What else would you like to tell us?"), required=False, widget=forms.Textarea(attrs={"rows": 4})
    )


class EnterForm(SurveyForm):
    """The same, read out on the telephone or taken from paper (R63)."""

    how = forms.ChoiceField(label=_("How did the customer answer?"), choices=BY_STAFF, widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["how"])
