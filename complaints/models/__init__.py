"""Complaints, the calls that we owe, and what customers say when they are asked."""

from complaints.models.action import ActionStep, CorrectiveAction, EffectivenessCheck
from complaints.models.callback import Attempt, Callback
from complaints.models.case_study import CaseReading, CaseStudy
from complaints.models.complaint import Complaint, ComplaintEntry, PastCycle
from complaints.models.conduct import ConductViolation

__all__ = [
    "ActionStep",
    "Attempt",
    "Callback",
    "CaseReading",
    "CaseStudy",
    "Complaint",
    "ComplaintEntry",
    "ConductViolation",
    "CorrectiveAction",
    "EffectivenessCheck",
    "PastCycle",
]
