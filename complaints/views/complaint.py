"""The complaints' doors: worklists, registering, one complaint with its verbs, the panel of a ticket."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import Role
from aftersales.core import keyset
from aftersales.core.errors import Refusal
from complaints import selectors_complaint as selectors
from complaints.actions import ACTIONS
from complaints.forms_complaint import RegisterForm, TakeForm
from complaints.models import Complaint, ComplaintEntry
from complaints.services import register as services
from complaints.states import Against, Signal
from complaints.verbs import REGISTRARS, TABLE, Verb, available, permit
from tickets import describe
from tickets.models import Ticket
from tickets.sla.states import Target
from tickets.states import Channel, ComplaintClass
from tickets.views.ticket import visible as visible_ticket
from visits.models import Visit
from visits.states import VisitState
from visits.views.answers import add_refusal, go, version

PAGE_SIZE = 40
MAX_BUTTONS = 4
READERS = REGISTRARS
TABS = (
    ("open", gettext_lazy("Open"), "inbox"),
    ("mine", gettext_lazy("Mine"), "user"),
    ("grave", gettext_lazy("Class 2 and 3"), "alert-octagon"),
    ("undecided", gettext_lazy("Not decided"), "hourglass"),
    ("closed", gettext_lazy("Closed"), "lock"),
)
_STEPS = (
    ("registered_at", gettext_lazy("registered")),
    ("acknowledged_at", gettext_lazy("acknowledged")),
    ("investigated_at", gettext_lazy("investigated")),
    ("decided_at", gettext_lazy("decided")),
    ("informed_at", gettext_lazy("customer told")),
    ("answered_at", gettext_lazy("customer answered")),
    ("remedied_at", gettext_lazy("remedied")),
    ("called_back_at", gettext_lazy("called back")),
    ("closed_at", gettext_lazy("closed")),
)


@staff_page(*READERS)
@require_safe
def complaints(request: HttpRequest) -> HttpResponse:
    """The complaints of a tab, the one that has waited longest first; narrowed when a figure asks for it."""
    actor = Actor.of(request)
    show = request.GET.get("show", "")
    show = show if show in selectors.SHOWN else "open"
    found, order = selectors.worklist(actor, show)
    start, end = _day(request, "from"), _day(request, "until")
    found, used = selectors.filtered(
        found, request.GET, start=start, end=end + timedelta(days=1) if end is not None else None
    )
    used |= {name: request.GET[name] for name in ("from", "until") if request.GET.get(name)}
    params = {**used, **({"show": show} if show != "open" else {})}
    page = keyset.page(found, order, token=request.GET.get("after", ""), size=PAGE_SIZE, params=params)
    context = {"page": page, "show": show, "tabs": TABS, "used": used}
    return render(request, "complaints/complaints.html", context)


def _day(request: HttpRequest, name: str) -> datetime | None:
    """The local midnight with which a day begins."""
    try:
        found: date | None = parse_date(request.GET.get(name, ""))
    except ValueError:
        found = None
    return timezone.make_aware(datetime(found.year, found.month, found.day)) if found else None


# ── registering ────────────────────────────────────────────────────────────────────────────────
@staff_page(*REGISTRARS)
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest, number: str) -> HttpResponse:
    """Register a complaint on a ticket (R40)."""
    actor = Actor.of(request)
    ticket = visible_ticket(number, actor)
    visits = Visit.objects.filter(ticket=ticket).select_related("technician").order_by("-id")
    last = visits.exclude(state=VisitState.CANCELLED).first()
    initial = {
        "words": request.GET.get("words", "")[:2000],
        "visit": last,
        "against": Against.VISIT if last else Against.SERVICE,
        "sought": "none",
        "channel": Channel.HOTLINE,
    }
    form = RegisterForm(request.POST or None, initial=initial, ticket=ticket)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        given = form.cleaned_data
        if given["against"] not in (Against.VISIT, Against.PERSON, Against.CHARGE):
            given["visit"] = None  # the technician of a visit is complained of; a product's fault is not his
        try:
            made = services.register(ticket.pk, **given, by=actor)
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return _registered(request, made)
    context = {"ticket": ticket, "form": form, "open_one": Complaint.objects.open().filter(ticket=ticket).first()}
    return render(request, "complaints/complaint_new.html", context, status=status)


@staff_page(*REGISTRARS)
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest) -> HttpResponse:
    """Register a complaint from anywhere: on the ticket that is named, or on one that is opened for it."""
    actor = Actor.of(request)
    initial = {"against": Against.SERVICE, "sought": "none", "channel": Channel.HOTLINE, **request.GET.dict()}
    form = TakeForm(request.POST or None, initial=initial)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        given = dict(form.cleaned_data)
        number, name, phone = (given.pop(key).strip() for key in ("ticket_number", "customer_name", "phone"))
        try:
            made = _take(actor, number, name, phone, given)
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            if made is not None:
                return _registered(request, made)
            form.add_error("ticket_number", _("There is no such ticket, or it is not yours to see."))
    return render(request, "complaints/complaint_new.html", {"form": form}, status=status)


def _take(actor: Actor, number: str, name: str, phone: str, given: dict[str, Any]) -> Complaint | None:
    """The new complaint; None when there is no ticket with that number."""
    if number:
        ticket = Ticket.objects.visible_to(actor).filter(number=number.upper()).first()
        return services.register(ticket.pk, **given, by=actor) if ticket else None
    heard = services.Complained(customer_name=name, phone=phone, **{**given, "people": tuple(given["people"])})
    return services.register_new(heard, by=actor)


def _registered(request: HttpRequest, made: Complaint) -> HttpResponse:
    said = _("%(number)s is registered: %(class)s is proposed.") % {
        "number": made.number,
        "class": made.class_word.label,
    }
    return go(request, reverse("complaint", args=[made.pk]), said)


# ── one complaint ──────────────────────────────────────────────────────────────────────────────
@staff_page(*READERS)
@require_safe
def complaint(request: HttpRequest, complaint_id: int) -> HttpResponse:
    """Everything about one complaint: what is said, how grave, what was found and done, and what may be done now."""
    actor = Actor.of(request)
    found = selectors.page_of(complaint_id, actor)
    if found is None:
        raise Http404
    verbs = _first(found, available(found, actor))
    context = {
        "complaint": found,
        "ticket": found.ticket,
        "shown": verbs[:MAX_BUTTONS],
        "more": verbs[MAX_BUTTONS:],
        "signals": [(Signal(one["signal"]), _said(one)) for one in found.signals if one["signal"] in Signal.values],
        "steps": [(label, getattr(found, name)) for name, label in _STEPS],
        "entries": [describe.entry(event) for event in selectors.story_of(found)],
        "about_me": found.concerns(actor),
        "past": list(found.past_cycles.all()),
        "sees_ticket": Ticket.objects.visible_to(actor).filter(pk=found.ticket_id).exists(),
        "acts": request.user.role != Role.TECHNICIAN,  # type: ignore[union-attr]
    }
    return render(request, "complaints/complaint.html", context)


def _first(complaint: Complaint, verbs: list[Verb]) -> list[Verb]:
    """The next steps in front; what was done once stands behind what was not."""
    done = {"acknowledge": complaint.acknowledged_at, "find": complaint.investigated_at}
    return sorted(verbs, key=lambda verb: (not verb.primary, bool(done.get(verb.name))))


def _said(signal: dict[str, str]) -> str:
    """The words that gave a signal, or the name of the promise that was broken."""
    detail = signal["detail"]
    return str(Target(detail).label) if signal["signal"] == Signal.BROKEN and detail in Target.values else detail


@staff_page(*READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def verb(request: HttpRequest, complaint_id: int, name: str) -> HttpResponse:
    """Show the form of a verb, or do it. The version that the reader saw travels with the form."""
    actor = Actor.of(request)
    action, word = ACTIONS.get(name), TABLE.get(name)
    found = selectors.page_of(complaint_id, actor)
    if action is None or word is None or found is None:
        raise Http404
    page: dict[str, Any] = {"complaint": found, "verb": word, "version": found.version}
    if request.method != "POST":
        try:
            permit(found, name, actor)
        except Refusal as refusal:
            return _answer(request, {**page, "refusal": refusal}, status=refusal.status)
        return _answer(request, {**page, "form": action.form(initial=_initial(found, name))})
    form = action.form(request.POST, request.FILES)
    page |= {"form": form, "version": version(request)}
    if not form.is_valid():
        return _answer(request, page, status=422)
    try:
        action.run(found.pk, by=actor, version=version(request), **form.cleaned_data)
    except Refusal as refusal:
        fields = {refusal.field, *(field for field, _code, _words in getattr(refusal, "errors", []))}
        if fields & set(form.fields):
            return _answer(request, page, status=add_refusal(form, refusal))
        return _answer(request, {**page, "refusal": refusal}, status=refusal.status)
    back = reverse("complaint", args=[found.pk])
    return go(request, back, str(word.label))


def _initial(complaint: Complaint, name: str) -> dict[str, Any]:
    """What the form of a verb holds at first: what is known already."""
    match name:
        case "assign":
            return {
                "owner": complaint.owner and complaint.owner.username,
                "investigator": complaint.investigator and complaint.investigator.username,
                "team": complaint.team and complaint.team.code,
            }
        case "grade":
            return {"complaint_class": complaint.complaint_class}
        case "find":
            return {"finding": complaint.finding, "cause": complaint.cause, "cause_note": complaint.cause_note}
        case "propose":
            return {
                "verdict": complaint.verdict,
                "remedy": complaint.remedy or complaint.sought,
                "remedy_note": complaint.remedy_note,
                "cost": complaint.cost or None,
            }
        case "name_people":
            return {"people": [person.username for person in complaint.people.all()]}
        case "rule":
            return {"team": complaint.team and complaint.team.code}
    return {}


def _answer(request: HttpRequest, page: dict[str, Any], *, status: int = 200) -> HttpResponse:
    form: forms.Form | None = page.get("form")
    if form is not None and not form.errors:
        first = next(iter(form.visible_fields()), None)
        if first is not None:
            first.field.widget.attrs["autofocus"] = True
    page["classes"] = list(ComplaintClass) if page["verb"].name == "grade" else []
    template = "complaints/complaint_verb.html#form" if request.htmx else "complaints/complaint_verb.html"  # type: ignore[attr-defined]
    return render(request, template, page, status=status)


@staff_page(*READERS)
@require_safe
def picture(request: HttpRequest, complaint_id: int, entry_id: int) -> HttpResponse:
    """A photograph of the evidence."""
    seen = Complaint.objects.visible_to(Actor.of(request)).filter(pk=complaint_id).exists()
    entry = ComplaintEntry.objects.filter(pk=entry_id, complaint=complaint_id, picture__isnull=False).first()
    if not seen or entry is None:
        raise Http404
    assert entry.picture is not None
    answer = HttpResponse(bytes(entry.picture), content_type="image/jpeg")
    answer["Cache-Control"] = "private, max-age=3600"
    answer["Content-Security-Policy"] = "default-src 'none'"
    return answer


@staff_page(*READERS)
@require_safe
def of_ticket(request: HttpRequest, number: str) -> HttpResponse:
    """The complaints of a ticket, as a panel of its page."""
    ticket = visible_ticket(number, Actor.of(request))
    found = selectors.of_ticket(ticket)
    context = {"ticket": ticket, "complaints": found, "may_register": not any(one.is_open for one in found)}
    template = "complaints/complaint_panel.html#panel" if request.htmx else "complaints/complaint_panel.html"  # type: ignore[attr-defined]
    return render(request, template, context)
