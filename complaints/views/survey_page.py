"""The customer's survey, reached by a link without signing in.

Whoever has the link may answer, once. The page shows the day of the visit and the first name of who was there, and
nothing else of the ticket or its people (R75).
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from aftersales.core.errors import NotAllowed, Refusal
from aftersales.core.throttle import Throttle, TooOften, address_of
from aftersales.core.time import now
from complaints.forms_survey import SurveyForm
from complaints.models import Survey
from complaints.services import survey as services
from visits.services.link import first_name
from visits.views.answers import add_refusal

MISSES = Throttle(20, 60)  # wrong links of one address a minute: nobody mistypes a link that often
OPENINGS = Throttle(60, 60)  # of one link a minute
THANKED = timedelta(minutes=10)  # after the answers were sent: a page that is loaded again still says thank you
_GONE = 410
_TOO_OFTEN_SECONDS = "60"


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, token: str) -> HttpResponse:
    """Ask, take the answers, say thank you; every link that opens nothing is answered alike.

    The policy for referrers stays "same-origin": no other site learns the address, and a form sent without any origin
    would be refused as forged.
    """
    at = now()
    address, mark = address_of(request), hashlib.sha256(token.encode(errors="replace")).hexdigest()
    if MISSES.full(address) or OPENINGS.full(mark):
        answer = render(request, "complaints/survey_gone.html", {"too_often": True}, status=TooOften.status)
        answer["Retry-After"] = _TOO_OFTEN_SECONDS
    else:
        found = services.find(token, at=at)
        (OPENINGS if found else MISSES).count(mark if found else address)
        if found is None:
            answer = render(request, "complaints/survey_gone.html", status=404)
        else:
            with translation.override(_language(request, found)), timezone.override(services.zone_of(found)):
                answer = _answer(request, found, token, at)
                answer["Content-Language"] = translation.get_language()
    answer["Cache-Control"] = "no-store, private"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _answer(request: HttpRequest, found: Survey, token: str, at: datetime) -> HttpResponse:
    if found.answered_at is not None:
        just_now = request.GET.get("done") == "1" and at - found.answered_at < THANKED
        return _thanks(request, found, status=200 if just_now else _GONE)
    if request.method != "POST":
        services.opened(found, at=at)
        return _page(request, found, SurveyForm())
    form = SurveyForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    try:
        services.answer_by_link(found, at=at, **form.cleaned_data)
    except NotAllowed:  # sent twice at the same moment: the first one counts
        return _thanks(request, found, status=_GONE)
    except Refusal as refusal:
        return _page(request, found, form, status=add_refusal(form, refusal))
    return redirect(f"{services.path_of(token)}?language={translation.get_language()}&done=1")


def _language(request: HttpRequest, found: Survey) -> str:
    """The language that was chosen on the page, else the customer's own."""
    chosen = request.GET.get("language", "")
    return chosen if chosen in dict(settings.LANGUAGES) else found.ticket.customer.language


def _frame() -> dict[str, object]:
    return {
        "contact": settings.COMPANY_CONTACT,
        "language": translation.get_language(),
        "languages": settings.LANGUAGES,
    }


def _thanks(request: HttpRequest, found: Survey, *, status: int) -> HttpResponse:
    return render(request, "complaints/survey_thanks.html", {**_frame(), "again": status == _GONE}, status=status)


def _page(request: HttpRequest, found: Survey, form: SurveyForm, *, status: int = 200) -> HttpResponse:
    context = {
        **_frame(),
        "survey": found,
        "visit": found.visit,
        "technician": first_name(found.visit.technician.name) if found.visit else "",
        "form": form,
        "recommends": [str(mark) for mark in range(11)],
    }
    return render(request, "complaints/survey.html", context, status=status)
