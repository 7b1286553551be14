"""The words of dispatch and visit."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class VisitState(TextChoices):
    """An appointment is the promised window; from "on the way" on the same row tells what happened."""

    PLANNED = "planned", _("planned")
    EN_ROUTE = "en_route", _("on the way")
    ON_SITE = "on_site", _("on site")
    INTERRUPTED = "interrupted", _("interrupted")  # goes on the same day (R26)
    CONTINUED = "continued", _("goes on another day")  # over; another visit continues it (R26)
    COMPLETED = "completed", _("completed")
    NOT_SOLVED = "not_solved", _("not solved")
    CANCELLED = "cancelled", _("cancelled")

    @property
    def colour(self) -> str:
        return {
            "planned": "indigo",
            "en_route": "cyan",
            "on_site": "purple",
            "interrupted": "yellow",
            "continued": "orange",
            "completed": "green",
            "not_solved": "orange",
            "cancelled": "secondary",
        }[self.value]

    @property
    def icon(self) -> str:
        return {
            "planned": "calendar-event",
            "en_route": "car",
            "on_site": "tool",
            "interrupted": "player-pause",
            "continued": "calendar-time",
            "completed": "check",
            "not_solved": "alert-triangle",
            "cancelled": "x",
        }[self.value]


ACTIVE = (VisitState.PLANNED, VisitState.EN_ROUTE, VisitState.ON_SITE, VisitState.INTERRUPTED)


class SheetState(TextChoices):
    QUEUED = "queued", _("being made")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")
