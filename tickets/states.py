"""The words of a ticket: its states with their colours, kinds, channels, grades."""

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class Look:
    """How a word is shown: a Tabler colour and an icon beside the word, so that colour is never the only sign."""

    def __init__(self, colour: str, icon: str) -> None:
        self.colour = colour
        self.icon = icon


class State(TextChoices):
    RECEIVED = "received", _("received")
    IN_PROGRESS = "in_progress", _("in progress")
    VISIT_PLANNED = "visit_planned", _("visit planned")
    VISITING = "visiting", _("visiting")
    WAITING = "waiting", _("waiting")
    RESOLVED = "resolved", _("resolved")
    CLOSED = "closed", _("closed")
    REOPENED = "reopened", _("reopened")
    REFUSED = "refused", _("refused")
    CANCELLED = "cancelled", _("cancelled")

    @property
    def colour(self) -> str:
        return _LOOKS[self].colour

    @property
    def icon(self) -> str:
        return _LOOKS[self].icon


_LOOKS = {
    State.RECEIVED: Look("blue", "inbox"),
    State.IN_PROGRESS: Look("azure", "progress"),
    State.VISIT_PLANNED: Look("indigo", "calendar-event"),
    State.VISITING: Look("purple", "tool"),
    State.WAITING: Look("yellow", "player-pause"),
    State.RESOLVED: Look("teal", "check"),
    State.CLOSED: Look("green", "lock"),
    State.REOPENED: Look("orange", "refresh"),
    State.REFUSED: Look("secondary", "ban"),
    State.CANCELLED: Look("secondary", "x"),
}

ENDED = frozenset({State.CLOSED, State.REFUSED, State.CANCELLED})
OPEN = frozenset(set(State) - ENDED)
AT_THE_DESK = (State.RECEIVED, State.IN_PROGRESS, State.REOPENED)

_MOVES: dict[State, tuple[State, ...]] = {
    State.RECEIVED: (State.IN_PROGRESS, State.VISIT_PLANNED, State.WAITING, State.REFUSED, State.CANCELLED),
    State.IN_PROGRESS: (State.VISIT_PLANNED, State.WAITING, State.RESOLVED, State.REFUSED, State.CANCELLED),
    State.REOPENED: (State.IN_PROGRESS, State.VISIT_PLANNED, State.WAITING, State.REFUSED, State.CANCELLED),
    State.WAITING: (State.IN_PROGRESS, State.VISIT_PLANNED, State.CANCELLED),
    State.VISIT_PLANNED: (State.VISITING, State.IN_PROGRESS, State.CANCELLED),
    State.VISITING: (State.RESOLVED, State.IN_PROGRESS),
    State.RESOLVED: (State.CLOSED, State.REOPENED),
    State.CLOSED: (State.REOPENED,),
    State.REFUSED: (State.REOPENED,),
    State.CANCELLED: (State.REOPENED,),
}
EDGES = sorted((source.value, target.value) for source, targets in _MOVES.items() for target in targets)


class Kind(TextChoices):
    """What is asked for (R06)."""

    INSTALLATION = "installation", _("installation")
    REPAIR = "repair", _("repair")
    MAINTENANCE = "maintenance", _("maintenance")
    TRAINING = "training", _("training")
    CONSULTATION = "consultation", _("consultation")
    RETURN = "return", _("return")
    EXCHANGE = "exchange", _("exchange")
    COMPLAINT = "complaint", _("complaint")
    OUT_OF_STOCK = "out_of_stock", _("out-of-stock registration")


CALLED_BACK = frozenset({Kind.INSTALLATION, Kind.REPAIR})  # R60
HANDED_OUT = frozenset({Kind.REPAIR, Kind.RETURN, Kind.EXCHANGE})  # R14: the customer may have to collect something


class Channel(TextChoices):
    """How the request came (R01)."""

    HOTLINE = "hotline", _("hotline")
    EMAIL = "email", _("e-mail")
    WEBSITE = "website", _("website")
    WECHAT = "wechat", _("WeChat")
    CHAT = "chat", _("online chat")
    LETTER = "letter", _("letter or fax")
    WALK_IN = "walk_in", _("walk-in")
    SALES = "sales", _("sales colleague")
    PARTNER = "partner", _("partner system")


class Grade(IntegerChoices):
    """How bad the fault is (R07)."""

    DOWN = 1, _("1 · down")
    AT_RISK = 2, _("2 · at risk")
    DEGRADED = 3, _("3 · degraded")
    MINOR = 4, _("4 · minor")

    @property
    def definition(self) -> str:
        """What the grade means, in words that a caller understands."""
        return str(_DEFINITIONS[self])


_DEFINITIONS = {
    Grade.DOWN: _("Does not work at all; or it is dangerous."),
    Grade.AT_RISK: _("Still works, but may stop at any moment."),
    Grade.DEGRADED: _("Works, but worse than it should."),
    Grade.MINOR: _("Now and then, or only a nuisance."),
}


class ComplaintClass(IntegerChoices):
    """How grave a complaint is (R41)."""

    FIRST = 1, _("class 1")
    SECOND = 2, _("class 2")
    THIRD = 3, _("class 3")

    @property
    def definition(self) -> str:
        """What the class means, and who drives it."""
        return str(_CLASSES[self])

    @property
    def colour(self) -> str:
        return _CLASS_LOOKS[self].colour

    @property
    def icon(self) -> str:
        return _CLASS_LOOKS[self].icon


_CLASSES = {
    ComplaintClass.FIRST: _("A first complaint: customer service settles it and files the result."),
    ComplaintClass.SECOND: _(
        "A second or further complaint, or a threat to complain outside: the department manager is informed."
    ),
    ComplaintClass.THIRD: _(
        "With media or an authority already: the customer-service manager at once, and the director."
    ),
}
_CLASS_LOOKS = {
    ComplaintClass.FIRST: Look("azure", "number-1"),
    ComplaintClass.SECOND: Look("orange", "number-2"),
    ComplaintClass.THIRD: Look("red", "number-3"),
}


class WaitingFor(TextChoices):
    CUSTOMER = "customer", _("the customer")
    PARTS = "parts", _("parts")


class Goods(TextChoices):
    """Where the customer's goods are, once they are repaired in our house (R14)."""

    READY = "ready", _("ready for collection")
    COLLECTED = "collected", _("collected")
    POSTED_BACK = "posted_back", _("posted back")


class EventKind(TextChoices):
    """What happened: one word per timeline entry."""

    REGISTERED = "ticket.registered", _("registered")
    EDITED = "ticket.edited", _("corrected")
    NOTED = "ticket.noted", _("noted")
    CONTACTED = "ticket.contacted", _("customer reached")
    CONTACT_FAILED = "ticket.contact_failed", _("customer not reached")
    SALES_REPLIED = "ticket.sales_replied", _("sales colleague answered")
    STOCK_ANSWERED = "ticket.stock_answered", _("out-of-stock registration answered")
    REPAIR_POSTPONED = "ticket.repair_postponed", _("repair postponed")
    GOODS_READY = "ticket.goods_ready", _("ready for collection")
    COLLECTION_NOTIFIED = "ticket.collection_notified", _("collection notice given")
    COLLECTED = "ticket.collected", _("collected")
    POSTED_BACK = "ticket.posted_back", _("posted back")
    HANDED_OVER = "ticket.handed_over", _("handed over")
    ACCEPTED = "ticket.accepted", _("accepted")
    DECLINED = "ticket.declined", _("declined")
    TAKEN = "ticket.taken", _("taken")
    GRADED = "ticket.graded", _("graded")
    DISPATCH_APPROVED = "ticket.dispatch_approved", _("dispatch approved")
    CONTRACTOR_APPROVED = "ticket.contractor_approved", _("contractor approved")
    VISIT_PLANNED = "ticket.visit_planned", _("visit planned")
    VISIT_MOVED = "ticket.visit_moved", _("visit moved")
    VISIT_CANCELLED = "ticket.visit_cancelled", _("visit cancelled")
    VISIT_CONFIRMED = "ticket.visit_confirmed", _("visit confirmed by the customer")
    WINDOWS_WISHED = "ticket.windows_wished", _("times wished")
    LINK_GIVEN = "ticket.link_given", _("customer's link given")
    LINK_REVOKED = "ticket.link_revoked", _("customer's link revoked")
    VISIT_AT_RISK = "ticket.visit_at_risk", _("visit at risk")
    LATE_REQUESTED = "ticket.late_requested", _("late cancellation asked for")
    LATE_REFUSED = "ticket.late_refused", _("late cancellation refused")
    RUNNING_LATE = "ticket.running_late", _("technician runs late")
    CUSTOMER_TOLD = "ticket.customer_told", _("customer told")
    VISIT_CALLED = "ticket.visit_called", _("called about the visit")
    CUSTOMER_ABSENT = "ticket.customer_absent", _("customer absent")
    CUSTOMER_PRESENT = "ticket.customer_present", _("customer there")
    VISIT_GIVEN_UP = "ticket.visit_given_up", _("visit given up by the customer")
    NO_SHOW = "ticket.no_show", _("nobody came")
    NO_SHOW_OPEN = "ticket.no_show_open", _("no-show to be decided")
    NO_SHOW_DECIDED = "ticket.no_show_decided", _("no-show decided")
    NO_SHOW_DISPUTED = "ticket.no_show_disputed", _("no-show disputed")
    EN_ROUTE = "ticket.en_route", _("technician on the way")
    CHECKED_IN = "ticket.checked_in", _("technician on site")
    VISIT_COMPLETED = "ticket.visit_completed", _("visit completed")
    VISIT_NOT_SOLVED = "ticket.visit_not_solved", _("visit ended, not solved")
    PHONE_CONFLICT = "ticket.phone_conflict", _("work from a telephone that could not be entered")
    SHEET_READY = "ticket.sheet_ready", _("service sheet made")
    CONSENTED = "visit.consented", _("customer's consent")
    WARRANTY_DECIDED = "visit.warranty_decided", _("warranty decided")
    WARRANTY_APPROVED = "visit.warranty_approved", _("warranty judged by a leader")
    FOUND = "visit.found", _("finding")
    FINDING_DROPPED = "visit.finding_dropped", _("finding taken back")
    REPEAT_RECOGNISED = "visit.repeat_recognised", _("repeat repair")
    PLAN_PROPOSED = "visit.plan_proposed", _("repair plan proposed")
    PLAN_CONFIRMED = "visit.plan_confirmed", _("repair plan confirmed")
    PLAN_DISPUTED = "visit.plan_disputed", _("repair plan disputed")
    PLAN_DECIDED = "visit.plan_decided", _("repair plan decided")
    FAILURE_REPORTED = "visit.failure_reported", _("major failure reported")
    FAILURE_ANALYSED = "visit.failure_analysed", _("major failure analysed")
    SHEET_CORRECTED = "ticket.sheet_corrected", _("report corrected")
    KIT_CHECKED = "visit.kit_checked", _("kit checked")
    PART_NEEDED = "visit.part_needed", _("part to bring")
    PART_USED = "visit.part_used", _("part used")
    OLD_PART_RECEIVED = "visit.old_part_received", _("old part back in the stock")
    SERIAL_CHANGED = "visit.serial_changed", _("serial number changed")
    CHARGE_ANNOUNCED = "visit.charge_announced", _("charges announced")
    CHARGE_COLLECTED = "visit.charge_collected", _("charge collected")
    CONDUCT_CHECKED = "visit.conduct_checked", _("conduct checked")
    VISIT_INTERRUPTED = "visit.interrupted", _("visit interrupted")
    VISIT_RESUMED = "visit.resumed", _("visit resumed")
    GOODS_TAKEN = "workshop.taken", _("goods taken to the workshop")
    GOODS_MOVED = "workshop.moved", _("goods in the workshop")
    REMOTE_SESSION = "ticket.remote_session", _("remote session")
    WAITED = "ticket.waited", _("waiting")
    RESUMED = "ticket.resumed", _("resumed")
    WOKEN = "ticket.woken", _("waiting time over")
    RESOLVED = "ticket.resolved", _("resolved")
    CLOSED = "ticket.closed", _("closed")
    REOPENED = "ticket.reopened", _("reopened")
    REFUSED = "ticket.refused", _("refused")
    CANCELLED = "ticket.cancelled", _("cancelled")
    MERGED = "ticket.customer_merged", _("customer merged")
    FILE_COMPLETED = "customer.file_completed", _("customer file complete")
    WARNED = "clock.warned", _("promise at risk")
    BREACHED = "clock.breached", _("promise broken")
    ESCALATED = "clock.escalated", _("escalated")
    ACKNOWLEDGED = "clock.acknowledged", _("acknowledged")
    REJUDGED = "clock.rejudged", _("promises judged anew")
    CALLBACK_OWED = "callback.owed", _("callback owed")
    CALLBACK_ATTEMPTED = "callback.attempted", _("callback tried")
    CALLBACK_REACHED = "callback.reached", _("called back")
    CALLBACK_WITHDRAWN = "callback.withdrawn", _("callback withdrawn")
    ANSWER_PROMISED = "callback.answer_promised", _("answer promised")
    ANSWER_GIVEN = "callback.answer_given", _("promised answer given")
    LETTER_SENT = "callback.letter_sent", _("letter sent")
    SURVEY_OFFERED = "survey.offered", _("survey offered")
    SURVEY_ANSWERED = "survey.answered", _("survey answered")
    COMPLAINED = "complaint.registered", _("complaint registered")
    COMPLAINT_ADDED = "complaint.added", _("added to the complaint")
    COMPLAINT_ASSIGNED = "complaint.assigned", _("complaint assigned")
    COMPLAINT_CLASSED = "complaint.classed", _("complaint graded")
    COMPLAINT_LOWERING = "complaint.lowering", _("lower class asked for")
    COMPLAINT_ACKNOWLEDGED = "complaint.acknowledged", _("complainant reached")
    COMPLAINT_INVESTIGATED = "complaint.investigated", _("complaint investigated")
    COMPLAINT_STATED = "complaint.stated", _("statement given")
    COMPLAINT_REPORTED = "complaint.reported", _("complaint reported to the supervisor")
    COMPLAINT_DECIDED = "complaint.decided", _("complaint decided")
    COMPLAINT_INFORMED = "complaint.informed", _("customer told of the solution")
    COMPLAINT_ACCEPTED = "complaint.accepted", _("solution accepted")
    COMPLAINT_DISPUTED = "complaint.disputed", _("solution disputed")
    COMPLAINT_ESCALATED = "complaint.escalated", _("complaint escalated")
    COMPLAINT_RULED = "complaint.ruled", _("decided by the manager's office")
    COMPLAINT_REMEDIED = "complaint.remedied", _("complaint remedied")
    COMPLAINT_CALLED_BACK = "complaint.called_back", _("complainant called back")
    COMPLAINT_CLOSED = "complaint.closed", _("complaint closed")
    COMPLAINT_REOPENED = "complaint.reopened", _("complaint reopened")
    CASE_STUDY_WRITTEN = "complaint.case_study", _("case study shared")
    CONDUCT_PROPOSED = "complaint.conduct_proposed", _("conduct violation proposed")
    CONDUCT_DECIDED = "complaint.conduct_decided", _("conduct violation decided")
    CONDUCT_APPEALED = "complaint.conduct_appealed", _("appeal against a conduct violation")
    ACTION_OPENED = "action.opened", _("corrective action opened")
    ACTION_ADVANCED = "action.advanced", _("corrective action: step done")
    ACTION_CHECKED = "action.checked", _("effectiveness checked")
