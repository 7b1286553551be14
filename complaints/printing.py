"""Printing letters: one file for many, each on its own page with the address in the envelope's window."""

from __future__ import annotations

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import formats, timezone, translation

from aftersales.core.templatetags.ui import bcp47
from complaints.models import Letter
from visits.printing import to_pdf


def letters_html(letters: list[Letter]) -> str:
    """The pages; what customers are called and what was written to them enters as escaped text alone."""
    shown = []
    for letter in letters:
        with translation.override(letter.language):
            day = formats.date_format(timezone.localdate(letter.written_at), "DATE_FORMAT")
        shown.append({"letter": letter, "day": day, "lang": bcp47(letter.language)})
    context = {"letters": shown, "company": settings.COMPANY, "contact": settings.COMPANY_CONTACT}
    return render_to_string("complaints/letters_print.html", context)


def letters_pdf(run_id: int) -> bytes:
    """Render the letters of one run."""
    letters = list(Letter.objects.filter(run=run_id).order_by("pk"))
    return to_pdf({"letters": letters_html(letters)}).all_copies
