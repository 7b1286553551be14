"""Technicians, appointments and visits, dispatch orders, service sheets."""

from visits.models.call import VisitCall
from visits.models.charge import CashHandIn, Charge, ChargeLine, PriceItem, Receipt, ReceiptCounter
from visits.models.checklist import Checklist
from visits.models.interruption import Interruption
from visits.models.part import NeededPart, Part, PartUse, StockMovement, VanStock
from visits.models.remote import RemoteSession
from visits.models.sheet import ServiceSheet
from visits.models.technician import Technician
from visits.models.visit import Visit
from visits.models.workshop import WorkshopItem

__all__ = [
    "CashHandIn",
    "Charge",
    "ChargeLine",
    "Checklist",
    "Interruption",
    "NeededPart",
    "Part",
    "PartUse",
    "PriceItem",
    "Receipt",
    "ReceiptCounter",
    "RemoteSession",
    "ServiceSheet",
    "StockMovement",
    "Technician",
    "VanStock",
    "Visit",
    "VisitCall",
    "WorkshopItem",
]
