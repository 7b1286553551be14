"""Policies in the reader's words: how long, for which tickets, what is set off when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from aftersales.customers.models import ProductModel
from tickets.sla.models import Policy
from tickets.sla.states import Level
from tickets.states import Channel, ComplaintClass, Grade, Kind, WaitingFor


def span(length: timedelta) -> str:
    """A promised length as one says it: "45 min", "1.5 h", "7 days"."""
    minutes = length / timedelta(minutes=1)
    if minutes and minutes % (24 * 60) == 0:
        days = int(minutes // (24 * 60))
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    if minutes >= 60 and minutes % 30 == 0:
        return _("%(n)s h") % {"n": f"{minutes / 60:g}"}
    return _("%(n)s min") % {"n": f"{minutes:g}"}


def promised(policy: Policy) -> str:
    """The span of a policy with the way in which it counts."""
    if policy.until_day_end:
        if not policy.span:
            return _("by the end of the same service day")
        return _("by the end of the service day, %(span)s later") % {"span": span(policy.span)}
    if policy.before_anchor and not policy.span:
        return _("at the agreed time")
    if policy.before_anchor:
        return _("%(span)s before the appointment") % {"span": span(policy.span)}
    return span(policy.span)


def conditions(policy: Policy) -> list[tuple[str, str]]:
    """What the policy asks of a ticket, as (name, value); nothing for one that fits every ticket."""
    found: list[tuple[str, str]] = []
    if policy.contract is not None:
        found.append((_("Contract"), str(policy.contract)))
    if policy.region is not None:
        found.append((_("Region"), str(policy.region)))
    if policy.home_region is not None:
        found.append((_("Region"), _("home region") if policy.home_region else _("outside the home region")))
    if policy.vip is not None:
        found.append((_("Customer"), _("VIP") if policy.vip else _("not VIP")))
    if policy.grade is not None:
        found.append((_("Fault grade"), str(Grade(policy.grade).label)))
    if policy.complaint_class is not None:
        found.append((_("Complaint"), str(ComplaintClass(policy.complaint_class).label)))
    if policy.kind:
        found.append((_("Kind"), str(Kind(policy.kind).label)))
    if policy.channel:
        found.append((_("Channel"), str(Channel(policy.channel).label)))
    if policy.product_line:
        found.append((_("Product line"), str(ProductModel.Line(policy.product_line).label)))
    return found


def conditions_line(policy: Policy) -> str:
    """The conditions in one line."""
    return " · ".join(value for _name, value in conditions(policy)) or _("every ticket")


def steps(policy: Policy) -> list[tuple[str, str]]:
    """What is set off, as (when, who is told), in order."""
    return [(_when(step), _people(step)) for step in policy.steps]


def _people(step: dict[str, Any]) -> str:
    names = [str(Level(level).label) for level in step.get("tell", []) if level in Level]
    return pgettext("between the things of a list", ", ").join(names)


def _when(step: dict[str, Any]) -> str:
    if "percent" in step:
        return _("after %(n)d%% of the span") % {"n": step["percent"]}
    if "before" in step:
        return _("%(span)s before the end") % {"span": span(timedelta(seconds=step["before"]))}
    if "after" not in step:
        return _("when it falls due")
    after = span(timedelta(seconds=step["after"])) if step["after"] else ""
    if "repeat" in step:
        again = span(timedelta(seconds=step["repeat"]))
        if not after:
            return _("at once, then every %(again)s until acknowledged") % {"again": again}
        return _("%(span)s later, then every %(again)s until acknowledged") % {"span": after, "again": again}
    return _("%(span)s later") % {"span": after} if after else _("at once")


def pauses(policy: Policy) -> str:
    """What it waits for."""
    names = [str(WaitingFor(reason).label) for reason in policy.pause_reasons if reason in WaitingFor]
    return pgettext("between the things of a list", ", ").join(names) or _("nothing")
