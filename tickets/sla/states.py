"""The words of the clocks: what is promised, and how a promise stands."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Target(TextChoices):
    """What is promised: every row of the table of clocks in docs/rules.md. The rule of each stands in its policy."""

    RESPONSE = "response", _("response")
    SALES_REPLY = "sales_reply", _("sales reply")
    VISIT_ANSWER = "visit_answer", _("visit answer")
    ON_SITE = "on_site", _("on site")
    CANCELLATION_NOTICE = "cancellation_notice", _("cancellation notice")
    NO_SHOW = "no_show", _("no-show")
    NO_SHOW_DECISION = "no_show_decision", _("no-show decision")
    REPAIR = "repair", _("repair")
    COLLECTION = "collection", _("collection notice")
    OUT_OF_STOCK = "out_of_stock", _("out-of-stock answer")
    COMPLAINT_ACKNOWLEDGED = "complaint_acknowledged", _("complaint acknowledged")
    COMPLAINT_INVESTIGATED = "complaint_investigated", _("complaint investigated")
    COMPLAINT_PROPOSED = "complaint_proposed", _("complaint: solution proposed")
    COMPLAINT_INFORMED = "complaint_informed", _("complaint: customer informed")
    COMPLAINT_CALLBACK = "complaint_callback", _("complaint: called back")
    CASE_STUDY = "case_study", _("case study")
    CONTAINMENT = "containment", _("containment")
    CORRECTIVE_ACTION = "corrective_action", _("corrective action")
    EFFECTIVENESS_CHECK = "effectiveness_check", _("effectiveness check")
    CONDUCT_APPEAL = "conduct_appeal", _("appeal decided")
    CALLBACK = "callback", _("callback")
    SECOND_FOLLOW_UP = "second_follow_up", _("second follow-up")
    FOLLOW_UP = "follow_up", _("follow-up by plan")
    PROMISED_ANSWER = "promised_answer", _("promised answer")
    CUSTOMER_FILE = "customer_file", _("customer file")


# What goes on when the ticket is closed, cancelled or opened again: it is settled by the complaint or the call itself.
OUTLIVE_THE_TICKET = frozenset(
    {
        Target.COMPLAINT_ACKNOWLEDGED,
        Target.COMPLAINT_INVESTIGATED,
        Target.COMPLAINT_PROPOSED,
        Target.COMPLAINT_INFORMED,
        Target.COMPLAINT_CALLBACK,
        Target.CASE_STUDY,
        Target.CONTAINMENT,
        Target.CORRECTIVE_ACTION,
        Target.EFFECTIVENESS_CHECK,
        Target.CONDUCT_APPEAL,
        Target.SECOND_FOLLOW_UP,
        Target.FOLLOW_UP,
        Target.PROMISED_ANSWER,
    }
)


class ClockState(TextChoices):
    RUNNING = "running", _("running")
    PAUSED = "paused", _("paused")
    MET = "met", _("met")
    STOPPED = "stopped", _("stopped")


OPEN = (ClockState.RUNNING, ClockState.PAUSED)


class SegmentKind(TextChoices):
    """What began at the segment's time; the segments of a clock are its truth."""

    START = "start", _("started")
    PAUSE = "pause", _("paused")
    RESUME = "resume", _("resumed")
    REJUDGE = "rejudge", _("judged anew")
    RESTART = "restart", _("started over")
    EXTEND = "extend", _("moved by the customer")
    MEET = "meet", _("met")
    STOP = "stop", _("stopped")


class OnChange(TextChoices):
    """What a change of grade, VIP, region or policy does to a clock that runs already."""

    KEEP = "keep", _("what has elapsed counts against the new span")
    RESTART = "restart", _("starts over")
    LEAVE = "leave", _("stays as it was promised")


class Level(TextChoices):
    """Whom a step tells; each stands for the people on duty, or their deputies."""

    OWNER = "owner", _("owner")
    SUPERVISOR = "supervisor", _("supervisor")
    MANAGER = "manager", _("manager")
