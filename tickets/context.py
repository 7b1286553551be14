"""What the frame of each page shows of the desk: where one can go, and how much is unread."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.accounts.roles import DESK, LEADERS, Role
from tickets.models import Notice

# label, url name, icon, key after "g", roles
_PLACES = [
    (_("Dashboard"), "dashboard", "dashboard", "o", LEADERS),
    (_("Escalations"), "escalations", "stairs-up", "e", LEADERS),
    (_("Desk"), "desk", "inbox", "d", DESK | {Role.ARCHIVIST}),
    (_("Dispatch"), "dispatch", "calendar-event", "b", LEADERS | {Role.DISPATCHER}),
    (_("Technicians"), "technicians", "users-group", "t", LEADERS | {Role.DISPATCHER}),
    (_("Board"), "board", "timeline", "t", LEADERS | {Role.DISPATCHER}),
    (_("Stock"), "parts", "packages", "s", LEADERS | {Role.DISPATCHER, Role.ARCHIVIST}),
    (_("My day"), "my_day", "tool", "v", frozenset({Role.TECHNICIAN})),
    (_("My van"), "my_van", "packages", "w", frozenset({Role.TECHNICIAN})),
    (_("Callbacks"), "callbacks", "phone-call", "c", LEADERS | {Role.CLERK, Role.OFFICER}),
    (_("Complaints"), "complaints", "message-exclamation", "q", frozenset(Role) - {Role.ADMIN}),
    (_("My figures"), "my_figures", "chart-bar", "f", frozenset({Role.TECHNICIAN})),
    (_("Figures"), "complaint_figures", "chart-bar", "f", LEADERS | {Role.OFFICER}),
    (_("Reports"), "reports", "report-analytics", "r", frozenset({Role.ARCHIVIST})),
    (_("Customers"), "customers", "users", "k", DESK | {Role.ARCHIVIST}),
    (_("Promises"), "policies", "clock-hour-4", "p", LEADERS),
    (_("Warranty"), "warranty", "shield-check", "w", LEADERS),
    (pgettext_lazy("who is on duty", "Duty"), "duty", "calendar-user", "u", LEADERS),
    (_("Calendars"), "calendars", "calendar-cog", "y", LEADERS),
    (_("Administration"), "admin:index", "settings", "a", frozenset({Role.ADMIN})),
]
# What is reached by the tabs of a place lies at other addresses too.
_ALSO = {
    "complaints": ("/case-studies/", "/actions/", "/conduct/", "/my-conduct/"),
    "complaint_figures": ("/figures/", "/reports/"),
}


def desk(request: HttpRequest) -> dict[str, Any]:
    """`navigation` for the person's role and `unread_count`, capped; nothing for strangers."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"navigation": [], "unread_count": 0}
    places: list[dict[str, Any]] = []
    for label, name, icon, key, roles in _PLACES:
        if user.role in roles:
            try:
                url = reverse(name)
            except NoReverseMatch:
                continue
            under = (url, *_ALSO.get(name, ()))
            places.append({"label": label, "url": url, "icon": icon, "key": key, "under": under, "active": False})
    # The innermost: the board's address lies within that of dispatch.
    here = [place for place in places if request.path.startswith(place["under"])]
    if here:
        max(here, key=lambda place: len(place["url"]))["active"] = True
    unread = Notice.objects.filter(recipient=user, read_at=None, channel=Notice.Channel.INBOX)[:100].count()
    return {"navigation": places, "unread_count": "99+" if unread > 99 else unread}
