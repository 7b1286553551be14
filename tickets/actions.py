"""How each verb is asked for: its input and the service that does it. Pages and API look here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from django import forms as django_forms

from aftersales.core.form_serializers import serializer_for
from aftersales.core.strict import StrictSerializer
from tickets import forms
from tickets.models import Ticket
from tickets.services import answers, desk, repair

Run = Callable[..., Ticket]


@dataclass(frozen=True)
class Action:
    """`run(ticket_id, by=…, version=…, **input)` with the input that `form` cleans."""

    name: str
    form: type[django_forms.Form]
    run: Run

    @property
    def serializer(self) -> type[StrictSerializer]:
        return _serializer(self.name, self.form)


@cache
def _serializer(name: str, form: type[django_forms.Form]) -> type[StrictSerializer]:
    return serializer_for(form, "".join(part.title() for part in name.split("_")) + "Action")


_actions: dict[str, Action] = {}


def add(name: str, form: type[django_forms.Form], run: Run) -> None:
    """Enter how a verb is asked for."""
    _actions[name] = Action(name, form, run)


def get(name: str) -> Action | None:
    return _actions.get(name)


def names() -> list[str]:
    return list(_actions)


def enter() -> None:
    """Enter the desk's verbs; called once when the house starts."""
    add("accept", forms.NothingForm, desk.accept)
    add("decline", forms.ReasonForm, desk.decline)
    add("take", forms.NothingForm, desk.take)
    add("log_contact", forms.ContactForm, desk.log_contact)
    add("reply_to_sales", forms.SalesReplyForm, answers.reply_to_sales)
    add("answer_stock", forms.StockForm, answers.answer_stock)
    add("postpone_repair", forms.PostponeForm, repair.postpone_repair)
    add("ready_for_collection", forms.ContactForm, repair.ready_for_collection)
    add("notify_collection", forms.ContactForm, repair.notify_collection)
    add("hand_out", forms.RemarkForm, repair.hand_out)
    add("post_back", forms.PostBackForm, repair.post_back)
    add("note", forms.NoteForm, desk.note)
    add("edit", forms.EditForm, desk.edit)
    add("set_site", forms.SiteForm, desk.set_site)
    add("grade", forms.GradeForm, desk.grade)
    add("hand_over", forms.HandOverForm, desk.hand_over)
    add("wait", forms.WaitForm, desk.wait)
    add("resume", forms.RemarkForm, desk.resume)
    add("resolve", forms.ResolveForm, desk.resolve)
    add("close", forms.RemarkForm, desk.close)
    add("refuse", forms.ReasonForm, desk.refuse)
    add("reopen", forms.ReopenForm, desk.reopen)
