"""State machines: django-fsm, with one domain error and one question before each transition.

`permission=` of a transition is not asked by django-fsm when the transition is called; services ask through `permit`.
"""

from typing import Any, cast

from django.utils.translation import gettext as _
from django_fsm import FSMField, TransitionNotAllowed, can_proceed, transition

from aftersales.core.errors import NotAllowed

__all__ = ["FSMField", "can_proceed", "move", "transition"]


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
