"""Technicians, appointments and visits, dispatch orders, service sheets."""

from visits.models.call import VisitCall
from visits.models.late import CustomerNotice, FreedSlot, LateCancellation
from visits.models.no_show import NoShowCase
from visits.models.sheet import ServiceSheet
from visits.models.technician import Technician
from visits.models.visit import Visit

__all__ = [
    "CustomerNotice",
    "FreedSlot",
    "LateCancellation",
    "NoShowCase",
    "ServiceSheet",
    "Technician",
    "Visit",
    "VisitCall",
]
