"""Regions, their teams and the partners, kept in the process for two seconds."""

from __future__ import annotations

from aftersales.accounts.models import Partner, Region, Team
from aftersales.core.remembered import Remembered

regions: Remembered[dict[str, Region]] = Remembered(
    lambda: {region.code: region for region in Region.objects.order_by("code")}
)
_codes: Remembered[dict[int, str]] = Remembered(lambda: {region.pk: region.code for region in regions().values()})


def _read_teams() -> dict[int, Team]:
    served: dict[int, Team] = {}
    rows = Team.regions.through.objects.order_by("team_id").values_list("region_id", "team_id")
    teams = Team.objects.select_related("supervisor").in_bulk()
    for region_id, team_id in rows:
        if team_id in teams:
            served.setdefault(region_id, teams[team_id])
    return served


team_by_region: Remembered[dict[int, Team]] = Remembered(_read_teams)


def region_with_code(code: str) -> Region | None:
    """The region of this code; one that is not known is looked for anew."""
    region = regions().get(code)
    if region is None:
        regions.forget()
        _codes.forget()
        region = regions().get(code)
    return region


def region_code(pk: int | None) -> str | None:
    """The code of a region."""
    if pk is None:
        return None
    if pk not in _codes():
        regions.forget()
        _codes.forget()
    return _codes().get(pk)


_partners: Remembered[dict[int, Partner]] = Remembered(Partner.objects.in_bulk)


def partner_with_key(pk: int) -> Partner:
    """A partner organisation by its primary key."""
    if pk not in _partners():
        _partners.forget()
    return _partners()[pk]
