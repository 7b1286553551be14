"""Technicians, appointments and visits, customers' links, dispatch orders, service sheets and other papers."""

from visits.models.approval import BookingOverride, ContractorApproval
from visits.models.call import VisitCall
from visits.models.charge import CashHandIn, Charge, ChargeLine, PriceItem, Receipt, ReceiptCounter
from visits.models.checklist import Checklist
from visits.models.command import Command
from visits.models.consent import Consent
from visits.models.failure import MajorFailure
from visits.models.finding import FaultCode, Finding
from visits.models.interruption import Interruption
from visits.models.late import CustomerNotice, FreedSlot, LateCancellation
from visits.models.link import VisitLink
from visits.models.no_show import NoShowCase
from visits.models.paper import Paper
from visits.models.part import NeededPart, Part, PartUse, StockMovement, VanStock
from visits.models.photograph import Photograph
from visits.models.plan import RepairPlan
from visits.models.remote import RemoteSession
from visits.models.repeat import RepeatRepair
from visits.models.technician import Leave, Technician
from visits.models.travel import Travel, TravelSettings
from visits.models.visit import Visit
from visits.models.warranty import WarrantyDecision
from visits.models.workshop import WorkshopItem

__all__ = [
    "BookingOverride",
    "CashHandIn",
    "Charge",
    "ChargeLine",
    "Checklist",
    "Command",
    "Consent",
    "ContractorApproval",
    "CustomerNotice",
    "FaultCode",
    "Finding",
    "FreedSlot",
    "Interruption",
    "LateCancellation",
    "Leave",
    "MajorFailure",
    "NeededPart",
    "NoShowCase",
    "Paper",
    "Part",
    "PartUse",
    "Photograph",
    "PriceItem",
    "Receipt",
    "ReceiptCounter",
    "RemoteSession",
    "RepairPlan",
    "RepeatRepair",
    "ServiceSheet",
    "StockMovement",
    "Technician",
    "Travel",
    "TravelSettings",
    "VanStock",
    "Visit",
    "VisitCall",
    "VisitLink",
    "WarrantyDecision",
    "WorkshopItem",
]
