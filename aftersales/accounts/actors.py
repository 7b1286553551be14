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
    """A member of staff, a partner's system, or the house itself (neither)."""

    door: Door
    user: User | None = None
    partner: Partner | None = None
    scopes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, request: Any) -> Actor:
        """The person signed in on a page."""
        return cls(Door.PAGE, user=request.user)

    @property
    def is_system(self) -> bool:
        return self.user is None and self.partner is None

    def may(self, roles: Collection[str], scopes: Collection[str] = ()) -> bool:
        """Whether the actor has one of these roles or, as a partner, one of these scopes. The house itself may all."""
        if self.user is not None:
            return self.user.is_active and self.user.role in roles
        if self.partner is not None:
            return bool(self.scopes & set(scopes))
        return True

    def __str__(self) -> str:
        return str(self.user or self.partner or _("the system"))


SYSTEM = Actor(Door.SYSTEM)


def require(actor: Actor, roles: Collection[str], scopes: Collection[Scope] = ()) -> None:
    """Raise Forbidden unless the actor has one of the roles or scopes."""
    if not actor.may(roles, scopes):
        raise Forbidden(_("Your role may not do this."))
