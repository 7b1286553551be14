"""What is entered about absences, the duty plan and quiet hours; the services judge it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from aftersales.accounts import duty
from aftersales.accounts.models import Team, User
from aftersales.accounts.models.duty import DUTY_ROLES
from aftersales.accounts.roles import LEADERS, NoticeChannel, Role


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget)


def _hour(label: Any) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, widget=widget)


def by_role(people: Iterable[User]) -> list[Any]:
    """Choices under the names of the roles, each role's people in the given order."""
    groups: dict[str, list[tuple[int, str]]] = {value: [] for value in Role.values}
    for one in people:
        groups[one.role].append((one.pk, str(one)))
    return [(Role(role).label, choices) for role, choices in groups.items() if choices]


class PersonField(forms.ModelChoiceField):
    """A person of a list, shown under their role."""

    def offer(self, people: Any) -> None:
        self.queryset = people
        self.choices = [("", self.empty_label), *by_role(people)]


class ReachingForm(forms.Form):
    channels = forms.MultipleChoiceField(
        label=_("Notices also by"),
        required=False,
        choices=NoticeChannel.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The inbox has every notice in any case."),
    )
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(label=_("Telephone"), max_length=40, required=False)
    wechat = forms.CharField(label=_("WeChat Work account"), max_length=64, required=False)
    quiet_from = _hour(_("Quiet from"))
    quiet_until = _hour(_("Quiet until"))


class AbsenceForm(forms.Form):
    """One's own absence; `deputy` offers who can stand in."""

    starts_at = _moment(_("Absent from"))
    ends_at = _moment(_("Absent until"))
    deputy = PersonField(
        label=_("Deputy"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("nobody"),
        help_text=_("Is told in the meantime: somebody with the same role, or a leader."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def __init__(self, person: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer(person)

    def _offer(self, person: User) -> None:
        self.fields["deputy"].offer(duty.deputies_of(person))  # type: ignore[attr-defined]


class PersonsAbsenceForm(AbsenceForm):
    """Somebody's absence, entered by who leads them: the deputies of all are offered, the service knows whose fits."""

    user = PersonField(label=_("Who"), queryset=User.objects.none(), empty_label="")
    field_order = ("user", "starts_at", "ends_at", "deputy", "reason")

    def __init__(self, people: Any, *args: Any, **kwargs: Any) -> None:
        self._people = people
        super().__init__(None, *args, **kwargs)  # type: ignore[arg-type]

    def _offer(self, _person: User) -> None:
        self.fields["user"].offer(self._people)  # type: ignore[attr-defined]
        self.fields["deputy"].offer(User.objects.filter(is_active=True).order_by("name", "pk"))  # type: ignore[attr-defined]


class DutyForm(forms.Form):
    date = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    role = forms.ChoiceField(label=_("Answers as"), choices=[(role.value, role.label) for role in DUTY_ROLES])
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.all(), required=False, empty_label=_("the whole house")
    )
    users = forms.ModelMultipleChoiceField(
        label=_("On duty"),
        queryset=User.objects.filter(is_active=True, role__in=LEADERS).order_by("name", "pk"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nobody chosen: the day has no plan of its own any more."),
    )
