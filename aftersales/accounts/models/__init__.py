"""Staff, roles, teams, regions; partner organisations and their keys; who is on duty."""

from aftersales.accounts.models.duty import Absence, Duty
from aftersales.accounts.models.people import (
    IdempotencyKey,
    Partner,
    PartnerKey,
    Region,
    Team,
    User,
    UserManager,
)

__all__ = [
    "Absence",
    "Duty",
    "IdempotencyKey",
    "Partner",
    "PartnerKey",
    "Region",
    "Team",
    "User",
    "UserManager",
]
