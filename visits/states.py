"""The words of dispatch and visit."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class VisitState(TextChoices):
    """An appointment is the promised window; from "on the way" on the same row tells what happened."""

    PLANNED = "planned", _("planned")
    EN_ROUTE = "en_route", _("on the way")
    ON_SITE = "on_site", _("on site")
    COMPLETED = "completed", _("completed")
    NOT_SOLVED = "not_solved", _("not solved")
    CANCELLED = "cancelled", _("cancelled")

    @property
    def colour(self) -> str:
        return {
            "planned": "indigo",
            "en_route": "cyan",
            "on_site": "purple",
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
            "completed": "check",
            "not_solved": "alert-triangle",
            "cancelled": "x",
        }[self.value]


ACTIVE = (VisitState.PLANNED, VisitState.EN_ROUTE, VisitState.ON_SITE)


class SheetState(TextChoices):
    QUEUED = "queued", _("being made")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


class CommandState(TextChoices):
    """What became of a command that a telephone sent later."""

    WAITING = "waiting", _("waits for the one before it")
    DONE = "done", _("done")
    CONFLICT = "conflict", _("could not be done")
    SETTLED = "settled", _("settled by hand")


class LeaveKind(TextChoices):
    """Why a technician is not there."""

    LEAVE = "leave", _("on leave")
    TRAINING = "training", _("at a training")
    SICK = "sick", _("ill")
    DUTY_OFF = "duty_off", _("off for duty done")

    @property
    def icon(self) -> str:
        return {"leave": "sun", "training": "school", "sick": "medical-cross", "duty_off": "clock-pause"}[self.value]
