"""What is written about a class 3 complaint."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.forms import text

MOST = 8000


class CaseStudyForm(forms.Form):
    """The five paragraphs; they can be kept half written, and have to be whole to be shared (R46)."""

    use_required_attribute = False
    happened = text(_("What happened"), rows=4, most=MOST, required=False)
    course = text(_("How it went on"), rows=4, most=MOST, required=False)
    causes = text(_("Causes"), rows=4, most=MOST, required=False)
    lessons = text(_("What we learn"), rows=4, most=MOST, required=False)
    changes = text(_("What we change"), rows=4, most=MOST, required=False)
