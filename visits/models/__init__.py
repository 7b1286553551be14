"""Technicians, appointments and visits, customers' links, dispatch orders, service sheets."""

from visits.models.link import VisitLink
from visits.models.sheet import ServiceSheet
from visits.models.technician import Technician
from visits.models.visit import Visit

__all__ = ["ServiceSheet", "Technician", "Visit", "VisitLink"]
