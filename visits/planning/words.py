"""The reasons of a proposal in the reader's language."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aftersales.accounts.reference import regions
from aftersales.customers import skills
from visits.planning.model import Reason


def say(reason: Reason) -> str:
    """One reason as words on a page."""
    values = reason.values
    match reason.code:
        case "before_promise":
            return _("before the on-site promise of %(when)s") % {"when": _when(values["due"])}
        case "after_promise":
            return _("after the on-site promise of %(when)s") % {"when": _when(values["due"])}
        case "in_wish":
            return _("at a time that the customer wished")
        case "outside_wish":
            return _("not at a time that the customer wished")
        case "had_product":
            return _("worked on this product last time")
        case "had_customer":
            return _("was at this customer's last time")
        case "skill":
            return skills.word(str(values["skill"]))
        case "region":
            return _region(values["region"])
        case "other_region":
            return _("works in other regions")
        case "way":
            return _way(int(str(values["minutes"])))
        case "visits_that_day":
            count = int(str(values["count"]))
            if not count:
                return _("nothing else that day")
            return ngettext("%(count)d other visit that day", "%(count)d other visits that day", count) % {
                "count": count
            }
        case "nobody_able":
            return _("Nobody has the skill: %(skill)s, level %(level)d.") % {
                "skill": skills.word(str(values["skill"])),
                "level": values["level"],
            }
        case "nobody_in_region":
            return _("Nobody with the skill works in %(region)s.") % {"region": _region(values["region"])}
        case "no_address":
            return _("It has no address yet.")
        case "wishes_another_day":
            return _("The customer wishes another day.")
        case "no_room":
            return _("Nobody who could go has time left.")
    raise ValueError(reason.code)


def _way(minutes: int) -> str:
    if minutes < 60:
        return ngettext("%(count)d min away", "%(count)d min away", minutes) % {"count": minutes}
    return _("%(hours)d h %(minutes)02d away") % {"hours": minutes // 60, "minutes": minutes % 60}


def _region(pk: object) -> str:
    return next((region.name for region in regions().values() if region.pk == pk), "–")


def _when(due: object) -> str:
    """The time; with its day when that is not today."""
    assert isinstance(due, datetime)
    local = timezone.localtime(due)
    if local.date() == timezone.localdate():
        return f"{local:%H:%M}"
    return f"{date_format(local, 'MONTH_DAY_FORMAT')} {local:%H:%M}"
