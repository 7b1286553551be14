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
    GIVEN_UP = "given_up", _("given up by the customer")

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
            "given_up": "yellow",
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
            "given_up": "user-x",
        }[self.value]


ACTIVE = (VisitState.PLANNED, VisitState.EN_ROUTE, VisitState.ON_SITE, VisitState.INTERRUPTED)
WITHOUT_WORK = (VisitState.CANCELLED, VisitState.GIVEN_UP)  # over, and nothing was done at the customer's


class CallPurpose(TextChoices):
    """Why the customer was called about a visit."""

    BEFORE_LEAVING = "before_leaving", _("before leaving")  # R21
    AT_THE_DOOR = "at_the_door", _("at the door")  # R25


class Asked(TextChoices):
    """What a dispatcher wants to do to an appointment for which it is late (R24)."""

    CANCEL = "cancel", _("call it off")
    MOVE = "move", _("move it")


class RequestState(TextChoices):
    PENDING = "pending", _("waits for the supervisor")
    APPROVED = "approved", _("approved by the supervisor")
    REFUSED = "refused", _("refused by the supervisor")
    LAPSED = "lapsed", _("no longer needed")


class About(TextChoices):
    """What the customer has to be told."""

    RUNNING_LATE = "running_late", _("the technician comes later")
    CALLED_OFF = "called_off", _("the visit is called off")
    MOVED = "moved", _("the visit is moved")
    NO_SHOW = "no_show", _("nobody came: an apology and a new time")
    GIVEN_UP = "given_up", _("nobody was there: a new appointment is offered")


class How(TextChoices):
    """How the customer was told."""

    PHONE = "phone", _("by telephone")
    SMS = "sms", _("by text message")
    WECHAT = "wechat", _("by WeChat")
    IN_PERSON = "in_person", _("in person")


class Fault(TextChoices):
    """Who did not keep an appointment (R25)."""

    CUSTOMER = "customer", _("the customer gave the visit up")
    COMPANY = "company", _("we were not there")
    NOBODY = "nobody", _("nobody: the visit took place")


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


class PaperKind(TextChoices):
    """The forms of dispatch and visit; each has a number, versions and a page that verifies it (R71)."""

    DISPATCH_ORDER = "dispatch_order", _("Dispatch order")
    SERVICE_SHEET = "service_sheet", _("Service sheet")
    INSTALLATION_SHEET = "installation", _("Installation and commissioning sheet")
    SURVEY = "survey", _("Satisfaction survey")
    VISIT_REGISTER = "visit_register", _("Visit register")
    RECEIPT = "receipt", _("Charge receipt")
    FAILURE_ANALYSIS = "failure_analysis", _("Failure analysis")
    CALL_RECORD = "call_record", _("Call record")
    CALL_REGISTER = "call_register", _("Call register")
    LETTER_REGISTER = "letter_register", _("Letter register")
    SURVEY_FORM = "survey_form", _("Satisfaction survey of the desk")
    VISIT_REPORT = "visit_report", _("Visit report")
    COMPLAINT_FORM = "complaint_form", _("Complaint form")
    EIGHT_D = "eight_d", _("8D report")
