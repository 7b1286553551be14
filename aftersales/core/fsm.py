"""State machines: django-fsm, with one domain error and one question before each transition.

`permission=` of a transition is not asked by django-fsm when the transition is called; services ask through `permit`.
"""

from typing import Any, cast

from django.utils.translation import gettext as _
from django_fsm import FSMField, TransitionNotAllowed, can_proceed, transition

from aftersales.core.errors import NotAllowed

__all__ = ["FSMField", "ReadAgain", "can_proceed", "move", "transition"]


class ReadAgain:
    """A model whose protected states can be read again from the database; a state is read at its next use.

    The library's own mixin lifts the protection of the class meanwhile, for every thread.
    """

    def refresh_from_db(self: Any, using: Any = None, fields: Any = None, from_queryset: Any = None) -> None:
        protected = {field.attname for field in self._meta.concrete_fields if getattr(field, "protected", False)}
        for name in protected & self.__dict__.keys():
            if fields is None or name in fields:
                del self.__dict__[name]  # an empty place may be filled
        super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)  # type: ignore[misc]


def move(bound_transition: Any, *args: Any, **kwargs: Any) -> None:
    """Make the transition or raise NotAllowed; sets fields only, the caller saves.

    >>> move(ticket.resolve, at=at)
    """
    try:
        bound_transition(*args, **kwargs)
    except TransitionNotAllowed as error:
        thing = cast(Any, error.object)
        raise NotAllowed(
            _("Not possible while it is “%(state)s”.") % {"state": thing.get_state_display()},
            code="transition_not_allowed",
        ) from error
