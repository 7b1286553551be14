"""The administrator's pages for calendars and policies: what is promised, and when time counts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from aftersales.core.working_time import BadCalendar
from tickets.sla import revisions
from tickets.sla.models import Calendar, CalendarDay, Policy
from tickets.states import WaitingFor


class PolicyForm(forms.ModelForm):
    pause_reasons = forms.MultipleChoiceField(
        label=_("pauses while waiting for"),
        required=False,
        choices=WaitingFor.choices,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Policy
        fields = (
            "target",
            "rule",
            "span",
            "until_day_end",
            "not_before_span",
            "calendar",
            "kind",
            "channel",
            "grade",
            "region",
            "home_region",
            "vip",
            "warn_at_percent",
            "pause_reasons",
        )

    def clean(self) -> dict[str, Any]:
        """Two current policies with the same conditions: which of them holds could not be said."""
        data = super().clean() or {}
        same = {name: data.get(name) for name in revisions.CONDITIONS}
        if Policy.objects.filter(current=True, **_lookups(same)).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("There is a policy for the same target and conditions already."))
        return data


def _lookups(values: dict[str, Any]) -> dict[str, Any]:
    """Filters that find NULL as NULL."""
    return {f"{name}__isnull" if value is None else name: value is None or value for name, value in values.items()}


@admin.register(Policy)
class PolicyAdmin(admin.ModelAdmin):
    """A change of a policy that was promised by makes a new version; what runs keeps the one that it started with."""

    form = PolicyForm
    list_display = ("target", "rule", "span", "calendar", "grade", "home_region", "vip", "region", "kind", "version")
    list_filter = ("target", "grade", "home_region", "vip")
    list_select_related = ("calendar", "region")
    actions = None

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(current=True)

    def has_delete_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        revisions.save_policy(obj)


class CalendarDayInline(admin.TabularInline):
    model = CalendarDay
    extra = 1

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not revisions.in_use(obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not revisions.in_use(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not revisions.in_use(obj)


class CalendarForm(forms.ModelForm):
    class Meta:
        model = Calendar
        fields = ("code", "name_en", "name_zh_hans", "name_zh_hant", "zone", "round_the_clock", "week")

    def clean_week(self) -> Any:
        """Seven days of periods such as [["08:30", "22:00"]]; a wrong one would stop every clock."""
        week = self.cleaned_data["week"]
        try:
            revisions.try_out(
                week, self.data.get("zone", ""), round_the_clock=bool(self.cleaned_data.get("round_the_clock"))
            )
        except BadCalendar as error:
            raise ValidationError([revisions.explain(flaw) for flaw in error.flaws]) from error
        return week


@admin.register(Calendar)
class CalendarAdmin(admin.ModelAdmin):
    """A calendar that clocks were judged by is only renamed: another one is made, and policies are moved to it."""

    form = CalendarForm
    list_display = ("code", "name_en", "name_zh_hans", "name_zh_hant", "zone", "round_the_clock")
    inlines = (CalendarDayInline,)
    actions = None

    def get_readonly_fields(self, request: HttpRequest, obj: Calendar | None = None) -> tuple[str, ...]:
        return ("code", "zone", "round_the_clock", "week") if revisions.in_use(obj) else ()

    def has_delete_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        transaction.on_commit(revisions.forget)
