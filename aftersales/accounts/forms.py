"""What a person enters about themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import PasswordChangeForm
from django.utils.translation import gettext_lazy as _

BROWSER = [("", _("as the browser asks"))]


class LanguageForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"), required=False, choices=[*BROWSER, *settings.LANGUAGES])


class PasswordForm(PasswordChangeForm):
    """The old password and twice the new one; nothing is saved here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["old_password"].widget.attrs["autofocus"]
        for field in self.fields.values():
            field.widget.attrs["data-no-keep"] = ""
