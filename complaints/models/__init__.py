"""Complaints, the calls that we owe, and what customers say when they are asked."""

from complaints.models.action import ActionStep, CorrectiveAction, EffectivenessCheck
from complaints.models.call_mark import CallMark
from complaints.models.callback import Attempt, Callback, PromisedAnswer
from complaints.models.calling import CallSettings, Script
from complaints.models.case_study import CaseReading, CaseStudy
from complaints.models.complaint import Complaint, ComplaintEntry, PastCycle
from complaints.models.conduct import ConductViolation
from complaints.models.letter import Campaign, Invitation, InvitationCall, Letter, LetterRun
from complaints.models.plan import FollowUpPlan, PlanState
from complaints.models.report import Report, ReportFile
from complaints.models.survey import Survey
from complaints.models.visit_report import VisitReport

__all__ = [
    "ActionStep",
    "Attempt",
    "CallMark",
    "CallSettings",
    "Callback",
    "Campaign",
    "CaseReading",
    "CaseStudy",
    "Complaint",
    "ComplaintEntry",
    "ConductViolation",
    "CorrectiveAction",
    "EffectivenessCheck",
    "FollowUpPlan",
    "Invitation",
    "InvitationCall",
    "Letter",
    "LetterRun",
    "PastCycle",
    "PlanState",
    "PromisedAnswer",
    "Report",
    "ReportFile",
    "Script",
    "Survey",
    "VisitReport",
]
