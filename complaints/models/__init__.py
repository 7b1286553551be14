"""Complaints, the calls that we owe, and what customers say when they are asked."""

from complaints.models.callback import Attempt, Callback
from complaints.models.complaint import Complaint, ComplaintEntry, PastCycle
from complaints.models.report import Report, ReportFile

__all__ = ["Attempt", "Callback", "Complaint", "ComplaintEntry", "PastCycle", "Report", "ReportFile"]
