"""The words of the clocks: what is promised, and how a promise stands."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Target(TextChoices):
    """What is promised. The rule of each stands in its policy."""

    RESPONSE = "response", _("response")
    ON_SITE = "on_site", _("on site")
    CALLBACK = "callback", _("callback")
    CUSTOMER_FILE = "customer_file", _("customer file")


class ClockState(TextChoices):
    RUNNING = "running", _("running")
    PAUSED = "paused", _("paused")
    MET = "met", _("met")
    STOPPED = "stopped", _("stopped")


class SegmentKind(TextChoices):
    """What began at the segment's time; the segments of a clock are its truth."""

    START = "start", _("started")
    PAUSE = "pause", _("paused")
    RESUME = "resume", _("resumed")
    RESTART = "restart", _("judged anew")
    EXTEND = "extend", _("moved by the customer")
    MEET = "meet", _("met")
    STOP = "stop", _("stopped")


class Step(TextChoices):
    """What the sweep fires, each at most once a clock."""

    DUE = "due", _("due")
