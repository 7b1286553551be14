"""The administrator's look at calendars and policies; supervisors change them on their own pages, with a preview."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from tickets.sla.models import Calendar, CalendarDay, Policy


class ReadOnly(admin.ModelAdmin):
    """Every version that ever held, to be looked at."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Policy)
class PolicyAdmin(ReadOnly):
    list_display = ("target", "rule", "span", "calendar", "grade", "home_region", "vip", "region", "kind", "version")
    list_filter = ("current", "target", "grade", "home_region", "vip")
    list_select_related = ("calendar", "region")


class CalendarDayInline(admin.TabularInline):
    model = CalendarDay
    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Calendar)
class CalendarAdmin(ReadOnly):
    list_display = ("code", "version", "current", "name_en", "name_zh_hans", "name_zh_hant", "zone", "round_the_clock")
    list_filter = ("current",)
    inlines = (CalendarDayInline,)
