"""Complaints, the calls that we owe, and what customers say when they are asked."""

from complaints.models.call_mark import CallMark
from complaints.models.callback import Attempt, Callback
from complaints.models.complaint import Complaint, ComplaintEntry, PastCycle
from complaints.models.survey import Survey
from complaints.models.visit_report import VisitReport

__all__ = ["Attempt", "CallMark", "Callback", "Complaint", "ComplaintEntry", "PastCycle", "Survey", "VisitReport"]
