"""What is entered with a photograph."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from visits.services.photograph import LONGEST_CAPTION
from visits.states_warranty import Purpose


class PhotographForm(forms.Form):
    """A picture; `key` is made where the form is shown, so that a second sending is known."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    file = forms.FileField(
        label=_("Photograph"),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        allow_empty_file=True,  # the service says more clearly what is wrong
        error_messages={"required": _("Choose or take a photograph.")},
        help_text=_("JPEG, PNG or WebP, 10 MB at most. Where and when it was taken is removed."),
    )
    purpose = forms.ChoiceField(label=_("What it shows"), choices=Purpose.choices)
    caption = forms.CharField(label=_("Caption"), max_length=LONGEST_CAPTION, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "photograph_%s")
        super().__init__(*args, **kwargs)
        self.fields["key"].initial = uuid4
