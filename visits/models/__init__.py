"""Technicians, appointments and visits, customers' links, dispatch orders, service sheets and other papers."""

from visits.models.approval import BookingOverride, ContractorApproval
from visits.models.call import VisitCall
from visits.models.command import Command
from visits.models.consent import Consent
from visits.models.failure import MajorFailure
from visits.models.finding import FaultCode, Finding
from visits.models.late import CustomerNotice, FreedSlot, LateCancellation
from visits.models.link import VisitLink
from visits.models.no_show import NoShowCase
from visits.models.paper import Paper
from visits.models.photograph import Photograph
from visits.models.plan import RepairPlan
from visits.models.repeat import RepeatRepair
from visits.models.technician import Leave, Technician
from visits.models.travel import Travel, TravelSettings
from visits.models.visit import Visit
from visits.models.warranty import WarrantyDecision

__all__ = [
    "BookingOverride",
    "Command",
    "Consent",
    "ContractorApproval",
    "CustomerNotice",
    "FaultCode",
    "Finding",
    "FreedSlot",
    "LateCancellation",
    "Leave",
    "MajorFailure",
    "NoShowCase",
    "Paper",
    "Photograph",
    "RepairPlan",
    "RepeatRepair",
    "Technician",
    "Travel",
    "TravelSettings",
    "Visit",
    "VisitCall",
    "VisitLink",
    "WarrantyDecision",
]
