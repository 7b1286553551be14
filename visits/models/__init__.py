"""Technicians, appointments and visits, dispatch orders, service sheets and other papers."""

from visits.models.paper import Paper
from visits.models.technician import Technician
from visits.models.visit import Visit

__all__ = ["Paper", "Technician", "Visit"]
