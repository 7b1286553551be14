"""Technicians, appointments and visits, dispatch orders, service sheets."""

from visits.models.consent import Consent
from visits.models.failure import MajorFailure
from visits.models.finding import FaultCode, Finding
from visits.models.photograph import Photograph
from visits.models.plan import RepairPlan
from visits.models.repeat import RepeatRepair
from visits.models.sheet import ServiceSheet
from visits.models.technician import Technician
from visits.models.visit import Visit
from visits.models.warranty import WarrantyDecision

__all__ = [
    "Consent",
    "FaultCode",
    "Finding",
    "MajorFailure",
    "Photograph",
    "RepairPlan",
    "RepeatRepair",
    "ServiceSheet",
    "Technician",
    "Visit",
    "WarrantyDecision",
]
