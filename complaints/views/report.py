"""The doors of reports: the list, one report with its files, signing off and filing."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import LEADERS, Role
from aftersales.accounts.views import person
from aftersales.core import keyset
from aftersales.core.errors import Missing, Refusal
from aftersales.core.middleware import refuse_on_page
from aftersales.core.time import now
from complaints.forms_report import GenerateForm, SignForm
from complaints.models import Report, ReportFile
from complaints.periods import Period, PeriodKind
from complaints.report_tables import tables
from complaints.services import report as services
from complaints.states_report import FileFormat, ReportKind, ReportState
from visits.states import SheetState
from visits.views.answers import add_refusal, go, sent_to

READERS = LEADERS | {Role.OFFICER, Role.ARCHIVIST}
PAGE_SIZE = 40
NEWEST = keyset.Order("-id")


@staff_page(*READERS)
def reports(request: HttpRequest) -> HttpResponse:
    """Every report, the newest first; leaders have one generated."""
    may_generate = person(request).role in LEADERS
    last = Period.around(PeriodKind.MONTH, timezone.localdate(now())).first - timedelta(days=1)
    form = GenerateForm(request.POST if request.method == "POST" else None, initial={"day": last})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = services.generate(**form.cleaned_data, by=Actor.of(request))
            except Refusal as refusal:
                status = add_refusal(form, refusal)
            else:
                return go(request, reverse("report", args=[made.pk]), _("%(report)s is there.") % {"report": made})
    kind = request.GET.get("kind", "")
    rows = Report.objects.select_related("signed_by").defer("content")
    if kind in ReportKind.values:
        rows = rows.filter(kind=kind)
    page = keyset.page(
        rows, NEWEST, token=request.GET.get("after", ""), size=PAGE_SIZE, params={"kind": kind} if kind else {}
    )
    context = {
        "page": page,
        "form": form,
        "may_generate": may_generate,
        "kinds": ReportKind,
        "kind": kind,
        "tab": "reports",
    }
    return render(request, "complaints/reports.html", context, status=status)


@staff_page(*READERS)
@require_safe
def report(request: HttpRequest, report_id: int) -> HttpResponse:
    """What a report says, its files in three languages, and the next step."""
    return _page(request, _found(report_id))


@staff_page(Role.MANAGER)
@sent_to(lambda report_id: reverse("report", args=[report_id]))
def sign(request: HttpRequest, report_id: int) -> HttpResponse:
    """Sign a report off; a remark that is too long is still there."""
    found = _found(report_id)
    form = SignForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            services.sign_off(found.pk, **form.cleaned_data, by=Actor.of(request))
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            message = _("%(report)s is signed off; its files are being made anew.") % {"report": found}
            return go(request, reverse("report", args=[found.pk]), message)
    return _page(request, found, form=form, status=status)


@staff_page(*services.FILERS)
@sent_to(lambda report_id: reverse("report", args=[report_id]))
def file(request: HttpRequest, report_id: int) -> HttpResponse:
    """File a report that was signed off."""
    return _step(request, report_id, services.file, _("%(report)s is filed."))


@staff_page(*services.FILERS)
@sent_to(lambda report_id: reverse("report", args=[report_id]))
def again(request: HttpRequest, report_id: int) -> HttpResponse:
    """Have the files made whose making failed."""
    return _step(request, report_id, services.remake, _("%(report)s is being made."))


@staff_page(*READERS)
@require_safe
def download(request: HttpRequest, report_id: int, language: str, file_format: str) -> HttpResponse:
    """One file of a report."""
    row = ReportFile.objects.filter(report=report_id, language=language, format=file_format).first()
    if row is None or row.state != SheetState.READY:
        raise Http404
    row.report = _found(report_id)
    try:
        with row.file.open("rb") as opened:
            content = opened.read()
    except FileNotFoundError as error:
        raise Http404 from error
    answer = HttpResponse(content, content_type=FileFormat(file_format).media_type)
    way = "inline" if file_format == FileFormat.PDF else "attachment"
    answer["Content-Disposition"] = f'{way}; filename="{row.name}"'
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _found(report_id: int) -> Report:
    found = Report.objects.select_related("signed_by", "generated_by", "filed_by").filter(pk=report_id).first()
    if found is None:
        raise Http404
    return found


def _step(request: HttpRequest, report_id: int, service: object, message: str) -> HttpResponse:
    try:
        done = service(report_id, by=Actor.of(request))  # type: ignore[operator]
    except Missing as error:
        raise Http404 from error
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, reverse("report", args=[report_id]))
    return go(request, reverse("report", args=[report_id]), message % {"report": done})


def _page(request: HttpRequest, found: Report, *, form: SignForm | None = None, status: int = 200) -> HttpResponse:
    files = list(found.files.all())
    role = person(request).role
    mine = get_language() or "en"
    # The reader's language first.
    languages = sorted(settings.LANGUAGES, key=lambda one: one[0] != mine)
    context = {
        "report": found,
        "files": [(name, [row for row in files if row.language == code]) for code, name in languages],
        "waiting": any(row.state == SheetState.QUEUED for row in files),
        "failed": any(row.state == SheetState.FAILED for row in files),
        "versions": Report.objects.filter(kind=found.kind, first_day=found.first_day)
        .exclude(pk=found.pk)
        .only("number", "version", "kind", "current")
        .order_by("-version")[:20],
        "form": (form or SignForm())
        if found.state == ReportState.GENERATED and found.current and role == Role.MANAGER
        else None,
        "may_file": found.state == ReportState.SIGNED and role in services.FILERS,
        "may_again": role in services.FILERS,
        "tab": "reports",
    }
    if request.htmx and request.htmx.target == "report-files":  # type: ignore[attr-defined]
        return render(request, "complaints/report.html#files", context)
    return render(request, "complaints/report.html", {**context, "tables": tables(found)}, status=status)
