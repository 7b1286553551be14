"""The roles of the people who work here; what each may do with a ticket stands in one table, tickets/verbs.py."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    CLERK = "clerk", _("Clerk")
    DISPATCHER = "dispatcher", _("Dispatcher")
    TECHNICIAN = "technician", _("Technician")
    OFFICER = "officer", _("Complaint officer")
    ARCHIVIST = "archivist", _("Archivist")
    SUPERVISOR = "supervisor", _("Supervisor")
    MANAGER = "manager", _("Manager")
    ADMIN = "admin", _("Administrator")


LEADERS = frozenset({Role.SUPERVISOR, Role.MANAGER})
DESK = frozenset({Role.CLERK, Role.DISPATCHER, Role.OFFICER}) | LEADERS


class NoticeChannel(TextChoices):
    """A way to a person beside the inbox, which everybody has."""

    EMAIL = "email", _("e-mail")
    SMS = "sms", _("text message")
    WECHAT = "wechat", _("WeChat Work")


class Scope(TextChoices):
    """What a partner's key may do, always on the partner's own tickets."""

    READ = "tickets.read", _("read tickets")
    CREATE = "tickets.create", _("register tickets")
    ACT = "tickets.act", _("note, cancel and reopen")
    DESK = "tickets.desk", _("work the tickets as a service desk does")
    POLICIES = "policies.edit", _("read and change what is promised to everybody")


# A partner's key is for the partner's own tickets; what concerns everybody's is given by name only.
ORDINARY = (Scope.READ, Scope.CREATE, Scope.ACT, Scope.DESK)
