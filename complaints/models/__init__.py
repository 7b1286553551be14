"""Complaints, the calls that we owe, and what customers say when they are asked."""

from complaints.models.callback import Attempt, Callback, PromisedAnswer
from complaints.models.calling import CallSettings, Script
from complaints.models.complaint import Complaint, ComplaintEntry, PastCycle
from complaints.models.letter import Campaign, Invitation, InvitationCall, Letter, LetterRun
from complaints.models.plan import FollowUpPlan, PlanState

__all__ = [
    "Attempt",
    "CallSettings",
    "Callback",
    "Campaign",
    "Complaint",
    "ComplaintEntry",
    "FollowUpPlan",
    "Invitation",
    "InvitationCall",
    "Letter",
    "LetterRun",
    "PastCycle",
    "PlanState",
    "PromisedAnswer",
    "Script",
]
