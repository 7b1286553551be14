"""Who does something, and through which door: what every service asks and every timeline entry keeps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.accounts.models import Partner, User
from aftersales.accounts.roles import Scope
from aftersales.core.errors import Forbidden


class Door(TextChoices):
    PAGE = "page", gettext_lazy("page")
    API = "api", gettext_lazy("API")
    ADMIN = "admin", gettext_lazy("administration")
    LINK = "link", gettext_lazy("customer's link")
    SYSTEM = "system", gettext_lazy("system")
    IMPORT = "import", gettext_lazy("import")


@dataclass(frozen=True)
class Actor:
    """A member of staff, a partner's system, the customer with a link to one ticket, or the house itself (none)."""

    door: Door
    user: User | None = None
    partner: Partner | None = None
    scopes: frozenset[str] = frozenset()
    ticket_id: int | None = None  # of a customer's link: the only ticket it opens

    @classmethod
    def of(cls, request: Any) -> Actor:
        """The person signed in on a page."""
        return cls(Door.PAGE, user=request.user)

    @classmethod
    def with_link(cls, ticket_id: int) -> Actor:
        """The customer who opened the link to an appointment of this ticket."""
        return cls(Door.LINK, ticket_id=ticket_id)

    @property
    def is_customer(self) -> bool:
        return self.door == Door.LINK

    @property
    def is_system(self) -> bool:
        return self.user is None and self.partner is None and not self.is_customer

    def may(self, roles: Collection[str], scopes: Collection[str] = ()) -> bool:
        """Whether the actor has one of these roles or, as a partner, one of these scopes. The house itself may all.

        A customer's link has neither: what it may do is said by name (`Verb.customer`).
        """
        if self.user is not None:
            return self.user.is_active and self.user.role in roles
        if self.partner is not None:
            return bool(self.scopes & set(scopes))
        return self.is_system

    def __str__(self) -> str:
        return str(self.user or self.partner or (_("the customer") if self.is_customer else _("the system")))


SYSTEM = Actor(Door.SYSTEM)


def require(actor: Actor, roles: Collection[str], scopes: Collection[Scope] = ()) -> None:
    """Raise Forbidden unless the actor has one of the roles or scopes."""
    if not actor.may(roles, scopes):
        raise Forbidden(_("Your role may not do this."))
