"""Technicians, appointments and visits, customers' links, dispatch orders, service sheets."""

from visits.models.approval import BookingOverride, ContractorApproval
from visits.models.command import Command
from visits.models.link import VisitLink
from visits.models.sheet import ServiceSheet
from visits.models.technician import Leave, Technician
from visits.models.travel import Travel, TravelSettings
from visits.models.visit import Visit

__all__ = [
    "BookingOverride",
    "Command",
    "ContractorApproval",
    "Leave",
    "ServiceSheet",
    "Technician",
    "Travel",
    "TravelSettings",
    "Visit",
    "VisitLink",
]
