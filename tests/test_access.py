"""The access table: every address × role × owner → status. A route that is not in it fails, so nothing opens unnoticed.

A page's line holds one status for each reader, in the order of READERS, for a ticket of their own and, where it makes a
difference, one of others. GET unless the line says POST (an empty form: 422, 302 or 409 all mean "let in"; written `in`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from aftersales.accounts.models import Absence, PartnerKey
from aftersales.accounts.roles import Scope
from aftersales.core.time import now
from complaints.models import (
    CaseReading,
    CaseStudy,
    Complaint,
    ComplaintEntry,
    ConductViolation,
    CorrectiveAction,
    FollowUpPlan,
    Invitation,
    LetterRun,
    PromisedAnswer,
    Survey,
    VisitReport,
)
from complaints.services import register
from complaints.services import report as reports
from complaints.services import survey as survey_services
from tests.people import Cast
from tests.visits.helpers import ahead_with_link
from tickets.models import Ticket
from tickets.sla.models import Policy
from visits.models import Charge, FaultCode, Leave, MajorFailure, Part, PartUse, Receipt, Technician, WorkshopItem

# The columns are read down: lines may be longer than elsewhere.
# ruff: noqa: E501
pytestmark = [pytest.mark.django_db, pytest.mark.rule("R75")]

READERS = ("stranger", "clerk", "dispatcher", "technician", "officer", "archivist", "supervisor", "manager", "admin")
LET_IN = {200, 204, 302, 409, 422}

#                 stranger clerk disp tech offi arch supe mana admin
ANYBODY = "200 200 200 200 200 200 200 200 200"
ANYBODY_POST = "in in in in in in in in in"
SIGNED_IN = "login 200 200 200 200 200 200 200 200"
SIGNED_IN_POST = "login in in in in in in in in"
DESK = "login 200 200 403 200 200 200 200 403"
CALENDAR = "login 200 200 403 200 403 200 200 403"
CALENDAR_POST = "login 403 403 403 403 403 in in 403"
PLANNERS = "login 403 200 403 403 403 200 200 403"
PLANNERS_POST = "login 403 in 403 403 403 in in 403"
STORE = "login 403 200 403 403 200 200 200 403"
TICKET = "login 200 200 200 200 200 200 200 403"
# Who is complained of may not add to it: 403 (R48).
COMPLAINT_OWN = "login 200 200 403 200 200 200 200 403"
TICKET_OTHERS = "login 200 200 404 200 200 200 200 403"


@dataclass(frozen=True)
class Line:
    """An address with the objects of the readers' ticket in it, and who gets what."""

    path: str
    own: str
    others: str = ""
    post: bool = False


PAGES: dict[str, Line] = {
    "livez": Line("/livez", ANYBODY),
    "readyz": Line("/readyz", "503 503 503 503 503 503 503 503 503"),  # no worker runs in this test
    "metrics": Line("/metrics", ANYBODY),  # from the loopback
    "home": Line("/", "login 302 302 302 302 302 302 302 302"),
    "login": Line("/login/", "200 302 302 302 302 302 302 302 302"),
    "logout": Line("/logout/", "in in in in in in in in in", post=True),
    "profile": Line("/profile/", SIGNED_IN),
    "duty": Line("/duty/", "login 403 403 403 403 403 200 200 403"),
    "absence_end": Line("/absences/{absence}/end/", "login 404 404 in 404 404 in in 404", post=True),
    "set_language": Line("/language/", "in in in in in in in in in", post=True),
    "desk": Line("/desk/", DESK),
    "search": Line("/search/", "login 200 200 200 200 200 200 200 403"),
    "inbox": Line("/inbox/", "login 200 200 200 200 200 200 200 200"),
    "inbox_read": Line("/inbox/read/", SIGNED_IN_POST, post=True),
    "inbox_acknowledge": Line("/inbox/{notice}/acknowledge/", "login 404 404 404 404 404 in 404 404", post=True),
    "notices": Line("/notices/", "login 403 403 403 403 403 200 200 200"),
    "notice_again": Line("/notices/{notice}/again/", "login 403 403 403 403 403 404 404 404", post=True),
    "ticket": Line("/tickets/{number}/", TICKET, TICKET_OTHERS),
    "ticket_verb": Line("/tickets/{number}/do/note/", TICKET, TICKET_OTHERS),
    "ticket_visits": Line("/tickets/{number}/visits/", TICKET, TICKET_OTHERS),
    "callback_desk": Line("/callbacks/desk/", "login 200 403 403 200 403 200 200 403"),
    "callback_skip": Line("/callbacks/{callback}/skip/", "login in 403 403 in 403 in in 403", post=True),
    "callback_give_up": Line("/callbacks/{callback}/give-up/", "login 403 403 403 403 403 in in 403", post=True),
    "callback_assign": Line("/callbacks/{callback}/assign/", "login 403 403 403 403 403 in in 403", post=True),
    "call_record": Line("/callbacks/{callback}/record/", "login 403 403 403 403 in in in 403", post=True),
    "answers": Line("/callbacks/answers/", "login 200 200 403 200 403 200 200 403"),
    "answer": Line("/callbacks/answers/{answer}/", "login 200 200 403 200 403 200 200 403"),
    "call_rules": Line("/callbacks/rules/", "login 403 403 403 403 403 200 200 403"),
    "call_scripts": Line("/callbacks/scripts/", "login 403 403 403 403 403 200 200 403"),
    "call_script": Line("/callbacks/scripts/first/en/", "login 403 403 403 403 403 200 200 403"),
    "call_registers": Line("/callbacks/registers/", "login 403 403 403 403 200 200 200 403"),
    "invitations": Line("/callbacks/invitations/", "login 200 403 403 200 403 200 200 403"),
    "invitation": Line("/callbacks/invitations/{invitation}/", "login in 403 403 in 403 in in 403", post=True),
    "invitation_letters": Line("/callbacks/invitations/letters/", "login in 403 403 in 403 in in 403", post=True),
    "campaigns": Line("/callbacks/campaigns/", "login 200 403 403 200 403 200 200 403"),
    "letters": Line("/callbacks/letters/", "login 200 200 403 200 200 200 200 403"),
    "letters_print": Line("/callbacks/letters/print/", "login in in 403 in in in in 403", post=True),
    "letters_pdf": Line("/callbacks/letters/{run}.pdf", "login 404 404 403 404 404 404 404 403"),  # it is being made
    "letters_again": Line("/callbacks/letters/{run}/again/", "login in in 403 in in in in 403", post=True),
    "follow_up_plan": Line("/callbacks/plans/{plan}/", "login 200 403 403 200 403 200 200 403"),
    "follow_up_plan_assign": Line("/callbacks/plans/{plan}/assign/", "login 403 403 403 403 403 in in 403", post=True),
    "customer_plans": Line("/customers/{customer}/plans/", "login 200 200 403 200 200 200 200 403"),
    "letter_new": Line("/customers/{customer}/letters/new/", "login 200 200 403 200 200 200 200 403"),
    "ticket_callbacks": Line("/tickets/{number}/callbacks/", TICKET, TICKET_OTHERS),
    "clock": Line("/clocks/{clock}/", TICKET, TICKET_OTHERS),
    "clock_acknowledge": Line(
        "/clocks/{broken}/acknowledge/",
        "login in 403 403 403 403 in in 403",
        "login in 403 404 403 403 in in 403",
        True,
    ),
    "clock_unpark": Line("/clocks/{broken}/unpark/", "login 403 403 403 403 403 in in 403", post=True),
    "escalations": Line("/escalations/", "login 403 403 403 403 403 200 200 403"),
    "what_if": Line("/policies/what-if/", "login 403 403 403 403 403 200 200 403"),
    "calendars": Line("/calendars/", CALENDAR),
    "calendar": Line("/calendars/working-days/", CALENDAR),
    "calendar_new": Line("/calendars/new/", "login 403 403 403 403 403 200 200 403"),
    "calendar_hours": Line("/calendars/working-days/hours/", CALENDAR_POST, post=True),
    "calendar_day": Line("/calendars/working-days/day/", CALENDAR_POST, post=True),
    "calendar_day_remove": Line(
        "/calendars/working-days/day/remove/", "login 403 403 403 403 403 404 404 403", post=True
    ),
    "calendar_confirm": Line("/calendars/working-days/confirm/", "login 403 403 403 403 403 404 404 403", post=True),
    "calendar_import": Line("/calendars/working-days/import/", CALENDAR_POST, post=True),
    "policies": Line("/policies/", DESK),
    "policies_which": Line("/policies/which/", DESK),
    "policies_on_site": Line("/policies/on-site/", "login 403 403 403 403 403 200 200 403"),
    "policy_new": Line("/policies/new/", "login 403 403 403 403 403 200 200 403"),
    "policy": Line("/policies/{policy}/", "login 403 403 403 403 403 200 200 403"),
    "policy_retire": Line("/policies/{policy}/retire/", "login 403 403 403 403 403 200 200 403"),
    "intake": Line("/tickets/new/", "login 200 200 200 200 200 200 200 403"),
    "dispatch": Line("/dispatch/", "login 403 200 403 403 403 200 200 403"),
    "dispatch_rest": Line("/dispatch/rest/", "login 403 200 403 403 403 200 200 403"),
    "dispatch_suggestions": Line("/dispatch/{number}/suggestions/", "login 403 200 403 403 403 200 200 403"),
    "dispatch_plan": Line("/dispatch/{number}/plan/", "login 403 in 403 403 403 in in 403", post=True),
    "dispatch_sign": Line("/dispatch/{number}/sign/", "login 403 403 403 403 403 403 in 403", post=True),
    "board": Line("/dispatch/board/", "login 403 200 403 403 403 200 200 403"),
    "board_feed": Line("/dispatch/board/feed/?start={today}&end={tomorrow}", "login 403 200 403 403 403 200 200 403"),
    "board_plan": Line("/dispatch/board/plan/{number}/", "login 403 in 403 403 403 in in 403", post=True),
    "board_move": Line("/dispatch/board/move/{visit}/", "login 403 in 403 403 403 in in 403", post=True),
    "my_day": Line("/my-day/", "login 403 403 200 403 403 403 403 403"),
    "visit": Line("/visits/{visit}/", "login 403 200 200 403 403 200 200 403", "login 403 200 404 403 403 200 200 403"),
    "visit_set_out": Line(
        "/visits/{visit}/set-out/", "login 403 in in 403 403 in in 403", "login 403 in 404 403 403 in in 403", True
    ),
    "visit_check_in": Line(
        "/visits/{visit}/check-in/", "login 403 in in 403 403 in in 403", "login 403 in 404 403 403 in in 403", True
    ),
    "visit_report": Line(
        "/visits/{visit}/report/", "login 403 in in 403 403 in in 403", "login 403 in 404 403 403 in in 403", True
    ),
    "visit_do": Line(
        "/visits/{visit}/do/set_out/", "login 403 in in 403 403 in in 403", "login 403 in 404 403 403 in in 403", True
    ),
    "visit_commands": Line(
        "/visits/{visit}/commands/",
        "login 403 422 422 403 403 422 422 403",
        "login 403 422 404 403 403 422 422 403",
        post=True,
    ),
    "conflicts": Line("/dispatch/from-telephones/", "login 403 in 403 403 403 in in 403"),
    "conflict_again": Line(
        "/dispatch/from-telephones/00000000-0000-4000-8000-000000000000/again/",
        "login 403 404 403 403 403 404 404 403",
        post=True,
    ),
    "conflict_settle": Line(
        "/dispatch/from-telephones/00000000-0000-4000-8000-000000000000/settle/",
        "login 403 404 403 403 403 404 404 403",
        post=True,
    ),
    "worker": Line("/worker.js", "in in in in in in in in in"),
    "manifest": Line("/manifest.webmanifest", "in in in in in in in in in"),
    "visit_photographs": Line(
        "/visits/{visit}/photographs/", "login 403 in in 403 403 in in 403", "login 403 in 404 403 403 in in 403", True
    ),
    "visit_photograph": Line(
        "/visits/{visit}/photographs/00000000-0000-4000-8000-000000000001/", "login 404 404 404 404 404 404 404 404"
    ),
    "visit_move": Line("/visits/{visit}/move/", "login 403 in 403 403 403 in in 403", post=True),
    "visit_call_off": Line("/visits/{visit}/call-off/", "login 403 in 403 403 403 in in 403", post=True),
    "technicians": Line("/technicians/", PLANNERS),
    "technician": Line("/technicians/{technician}/", PLANNERS),
    "technician_leave": Line("/technicians/{technician}/leave/", PLANNERS_POST, post=True),
    "technician_leave_end": Line(
        "/technicians/{technician}/leave/{leave}/end/", "login 403 in 403 403 403 404 404 403", post=True
    ),
    "technician_duty": Line("/technicians/{technician}/duty/", PLANNERS_POST, post=True),
    "travel_times": Line("/travel-times/", PLANNERS),
    "visit_order": Line(
        "/visits/{visit}/order/", "login 200 200 200 200 200 200 200 404", "login 200 200 404 200 200 200 200 404"
    ),
    "visit_sheet": Line("/visits/{visit}/sheet.pdf", "login 404 404 404 404 404 404 404 404"),
    "visit_papers": Line(
        "/visits/{visit}/papers/", "login 200 200 200 200 200 200 200 404", "login 200 200 404 200 200 200 200 404"
    ),
    "visit_paper_issue": Line(
        "/visits/{visit}/papers/survey/", "login in in in in in in in 404", "login in in 404 in in in in 404", True
    ),
    "visit_correct": Line(
        "/visits/{visit}/correct/", "login 403 in in 403 403 in in 403", "login 403 in 404 403 403 in in 403", True
    ),
    "paper_pdf": Line("/papers/{paper}.pdf", "login 404 404 404 404 404 404 404 404"),  # it is being made
    "paper_again": Line(
        "/papers/{paper}/again/", "login in in in in in in in 404", "login in in 404 in in in in 404", True
    ),
    "visit_registers": Line("/registers/", "login 403 200 200 403 200 200 200 403"),
    "verify": Line("/verify/", ANYBODY),
    "verify_paper": Line("/verify/{code}/", ANYBODY),
    "visit_sheet_again": Line("/visits/{visit}/sheet/again/", "login 403 404 404 403 403 404 404 403", post=True),
    "visit_link_give": Line("/visits/{visit}/link/", "login in in 403 in 403 in in 403", post=True),
    "visit_link_revoke": Line("/visits/{visit}/link/revoke/", "login in in 403 in 403 in in 403", post=True),
    "visit_link": Line("/v/{token}/", ANYBODY),
    "visit_link_calendar": Line("/v/{token}/visit.ics", ANYBODY),
    "visit_link_confirm": Line("/v/{token}/confirm/", ANYBODY_POST, post=True),
    "visit_link_move": Line("/v/{token}/move/", ANYBODY_POST, post=True),
    "visit_link_cancel": Line("/v/{token}/cancel/", ANYBODY_POST, post=True),
    "warranty": Line("/warranty/", "login 403 403 403 403 403 200 200 403"),
    "failures": Line("/warranty/failures/", "login 403 403 403 403 403 200 200 403"),
    "failure": Line("/warranty/failures/{failure}/", "login 403 403 403 403 403 200 200 403"),
    "failure_paper": Line("/warranty/failures/{failure}/paper/", "login 403 403 403 403 403 in in 403", post=True),
    "fault_codes": Line("/warranty/codes/", "login 403 403 403 403 403 200 200 403"),
    "fault_code_new": Line("/warranty/codes/new/", "login 403 403 403 403 403 200 200 403"),
    "fault_code": Line("/warranty/codes/of/power/", "login 403 403 403 403 403 200 200 403"),
    "warranty_terms": Line("/warranty/terms/", "login 403 403 403 403 403 200 200 403"),
    "warranty_terms_of": Line("/warranty/terms/kfr-35gw/", "login 403 403 403 403 403 200 200 403"),
    "parts": Line("/stock/", STORE),
    "vans": Line("/stock/vans/", STORE),
    "van": Line("/stock/vans/technician/", STORE),
    "old_parts": Line("/stock/old-parts/", STORE),
    "old_part_receive": Line("/stock/old-parts/{use}/receive/", "login 403 in 403 403 in in in 403", post=True),
    "my_van": Line("/my-van/", "login 403 403 200 403 403 403 403 403"),
    "prices": Line("/prices/", "login 200 200 200 200 200 200 200 403"),
    "cash": Line("/cash/", "login 403 403 403 403 200 200 200 403"),
    "cash_hand_in": Line("/cash/technician/hand-in/", "login 403 403 403 403 in in in 403", post=True),
    "receipt": Line(  # to its file, or to where it is made
        "/receipts/{receipt}/", "login 302 302 302 302 302 302 302 404", "login 302 302 404 302 302 302 302 404"
    ),
    "workshop": Line("/workshop/", STORE),
    "workshop_move": Line("/workshop/{item}/move/", "login 403 in 403 403 in in in 403", post=True),
    "workshop_label": Line(
        "/workshop/{item}/label/", "login 200 200 200 200 200 200 200 404", "login 200 200 404 200 200 200 200 404"
    ),
    "complaints": Line("/complaints/", TICKET),
    "complaint_take": Line("/complaints/new/", TICKET),
    "complaint": Line("/complaints/{complaint}/", TICKET, TICKET_OTHERS),
    "complaint_verb": Line("/complaints/{complaint}/do/add_evidence/", COMPLAINT_OWN, TICKET_OTHERS),
    "complaint_picture": Line("/complaints/{complaint}/evidence/{evidence}.jpg", TICKET, TICKET_OTHERS),
    "complaint_new": Line("/tickets/{number}/complain/", TICKET, TICKET_OTHERS),
    "ticket_complaints": Line("/tickets/{number}/complaints/", TICKET, TICKET_OTHERS),
    "link_complaint": Line("/v/{token}/complaint/", ANYBODY),
    "link_complaint_answer": Line("/v/{token}/complaint/more/", "404 404 404 404 404 404 404 404 404", post=True),
    "complaint_acting": Line("/complaints/{complaint}/acting/", TICKET, TICKET_OTHERS),
    "conduct_propose": Line("/complaints/{complaint}/conduct/", "login 403 403 403 200 403 200 200 403"),
    "case_studies": Line("/case-studies/", TICKET),
    "case_study": Line("/case-studies/{study}/", TICKET, TICKET_OTHERS),
    "case_study_read": Line(
        "/case-studies/{study}/read/",
        "login 404 404 in 404 404 404 404 403",
        "login 404 404 404 404 404 404 404 403",
        True,
    ),
    "case_study_remind": Line("/case-studies/{study}/remind/", "login in in in in in in in 403", post=True),
    "actions": Line("/actions/", TICKET),
    "action_new": Line("/actions/new/", "login 403 403 403 200 403 200 200 403"),
    "action": Line("/actions/{action}/", TICKET, TICKET_OTHERS),
    "action_step": Line(
        "/actions/{action}/step/1/", "login in in in in in in in 403", "login in in 404 in in in in 403", True
    ),
    "action_check": Line("/actions/{action}/check/30/", "login 403 403 403 in 403 in in 403", post=True),
    "action_owner": Line("/actions/{action}/owner/", "login 403 403 403 in 403 in in 403", post=True),
    "action_add": Line("/actions/{action}/complaints/{complaint}/", "login 403 403 403 in 403 in in 403", post=True),
    "action_paper": Line("/actions/{action}/paper/", "login 403 403 403 in 403 in in 403", post=True),
    "conduct": Line("/conduct/", "login 403 403 403 403 403 200 200 403"),
    "conduct_one": Line(
        "/conduct/{violation}/", "login 404 404 200 404 404 200 200 403", "login 404 404 404 404 404 200 200 403"
    ),
    "conduct_decide": Line("/conduct/{violation}/decide/", "login 403 403 403 403 403 403 in 403", post=True),
    "conduct_appeal": Line(
        "/conduct/{violation}/appeal/",
        "login 404 404 in 404 404 in in 403",
        "login 404 404 404 404 404 in in 403",
        True,
    ),
    "my_conduct": Line("/my-conduct/", TICKET),
    "callbacks": Line("/callbacks/", "login 200 403 403 200 403 200 200 403"),
    "callback": Line("/callbacks/{callback}/", "login 200 403 403 200 403 200 200 403"),
    "satisfaction": Line("/figures/satisfaction/", "login 403 403 403 200 403 200 200 403"),
    "my_figures": Line("/my-figures/", "login 403 403 200 403 403 403 403 403"),
    "form_papers": Line("/forms/survey/{survey}/", DESK),
    "visit_reports": Line("/visit-reports/", DESK),
    "customer_visit_report": Line("/visit-reports/{walk}/", DESK),
    "visit_report_correct": Line("/visit-reports/{walk}/correct/", "login 200 200 403 200 403 200 200 403"),
    "visit_report_follow_up": Line("/visit-reports/{walk}/follow-up/", "login in in 403 in 403 in in 403", post=True),
    "customer_visit_reports": Line("/customers/{customer}/visit-reports/", DESK),
    "visit_report_new": Line("/customers/{customer}/visit-reports/new/", "login 200 200 403 200 403 200 200 403"),
    "survey": Line("/s/{survey_token}/", ANYBODY),
    "survey_offer": Line("/visits/{visit}/survey/", "login in in 403 in 403 in in 403", post=True),
    "survey_enter": Line("/surveys/{survey}/", "login 200 403 403 200 403 200 200 403"),
    "survey_again": Line("/surveys/{survey}/again/", "login in in 403 in 403 in in 403", post=True),
    "ticket_surveys": Line("/tickets/{number}/surveys/", "login 200 200 403 200 200 200 200 403"),
    "complaint_figures": Line("/figures/complaints/", "login 403 403 403 200 403 200 200 403"),
    "figures_list": Line("/figures/complaints/list/", "login 403 403 403 200 403 200 200 403"),
    "reports": Line("/reports/", "login 403 403 403 200 200 200 200 403"),
    "report": Line("/reports/{report}/", "login 403 403 403 200 200 200 200 403"),
    "report_sign": Line("/reports/{report}/sign/", "login 403 403 403 403 403 403 in 403", post=True),
    "report_file_away": Line("/reports/{report}/file/", "login 403 403 403 403 in in in 403", post=True),
    "report_again": Line("/reports/{report}/again/", "login 403 403 403 403 in in in 403", post=True),
    "report_file": Line("/reports/{report}/en.pdf", "login 403 403 403 404 404 404 404 403"),  # not made yet
    "customers": Line("/customers/", DESK),
    "customer": Line("/customers/{customer}/", TICKET, TICKET_OTHERS),
    "customer_edit": Line("/customers/{customer}/edit/", "login 200 200 403 200 200 200 200 403"),
    "customer_phone_add": Line("/customers/{customer}/phones/new/", "login in in 403 in in in in 403", post=True),
    "customer_phone_remove": Line(
        "/customers/{customer}/phones/{phone}/remove/", "login in in 403 in in in in 403", post=True
    ),
    "customer_site_add": Line("/customers/{customer}/sites/new/", "login 200 200 403 200 200 200 200 403"),
    "customer_site": Line("/customers/{customer}/sites/{site}/", "login 200 200 403 200 200 200 200 403"),
    "customer_product_add": Line("/customers/{customer}/products/new/", "login 200 200 403 200 200 200 200 403"),
    "customer_product": Line("/customers/{customer}/products/{product}/", "login 200 200 403 200 200 200 200 403"),
    "customer_merge": Line("/customers/{customer}/merge/", "login 403 403 403 403 200 200 200 403"),
    "dashboard": Line("/dashboard/", "login 403 403 403 403 403 200 200 403"),
    "dashboard_list": Line("/dashboard/list/", "login 403 403 403 403 403 200 200 403"),
    "admin:index": Line("/admin/", "login login login login login login login login 200"),
}

# API: no key, expired key, key without the scope, another partner's, the owner's. A POST with an empty body is 422.
KEYS = ("none", "expired", "scopeless", "other", "own")
API: dict[str, tuple[str, str, str]] = {
    "api-tickets": ("GET", "/api/v1/tickets", "401 401 403 200 200"),
    "api-tickets POST": ("POST", "/api/v1/tickets", "401 401 403 in in"),
    "api-ticket": ("GET", "/api/v1/tickets/{ticket}", "401 401 403 404 200"),
    "api-timeline": ("GET", "/api/v1/tickets/{ticket}/timeline", "401 401 403 404 200"),
    "api-actions": ("GET", "/api/v1/tickets/{ticket}/actions", "401 401 403 404 200"),
    "api-visits": ("GET", "/api/v1/tickets/{ticket}/visits", "401 401 403 404 200"),
    "api-windows": ("GET", "/api/v1/tickets/{ticket}/windows", "401 401 403 404 200"),
    "api-windows POST": ("POST", "/api/v1/tickets/{ticket}/windows", "401 401 403 404 in"),
    "api-suggestions": ("GET", "/api/v1/tickets/{ticket}/suggestions", "401 401 403 404 409"),  # it is visited already
    "api-sheet": ("GET", "/api/v1/tickets/{ticket}/sheet", "401 401 403 404 409"),  # it is being made
    "api-ticket-complaints": ("GET", "/api/v1/tickets/{ticket}/complaints", "401 401 403 404 200"),
    "api-ticket-complaints POST": ("POST", "/api/v1/tickets/{ticket}/complaints", "401 401 403 404 in"),
    "api-complaints": ("GET", "/api/v1/complaints", "401 401 403 200 200"),
    "api-complaint": ("GET", "/api/v1/complaints/{complaint}", "401 401 403 404 200"),
    "api-complaint-evidence": ("POST", "/api/v1/complaints/{complaint}/evidence", "401 401 403 404 in"),
    "api-complaint-accept": ("POST", "/api/v1/complaints/{complaint}/accept", "401 401 403 404 in"),
    "api-complaint-dispute": ("POST", "/api/v1/complaints/{complaint}/dispute", "401 401 403 404 in"),
    "api-complaint-reopen": ("POST", "/api/v1/complaints/{complaint}/reopen", "401 401 403 404 in"),
    "api-callbacks": ("GET", "/api/v1/tickets/{ticket}/callbacks", "401 401 403 404 200"),
    "api-surveys": ("GET", "/api/v1/tickets/{ticket}/surveys", "401 401 403 404 200"),
    "api-surveys POST": ("POST", "/api/v1/tickets/{ticket}/surveys", "401 401 403 404 in"),
    "api-attempts": ("POST", "/api/v1/callbacks/{callback}/attempts", "401 401 403 404 in"),
    "api-clock-explain": ("GET", "/api/v1/clocks/{clock}/explain", "401 401 403 404 200"),
    "api-policies": ("GET", "/api/v1/policies", "401 401 403 200 200"),
    "api-policies POST": ("POST", "/api/v1/policies", "401 401 403 in in"),
    "api-policy": ("GET", "/api/v1/policies/{policy}", "401 401 403 200 200"),  # policies are nobody's own
    "api-policy-preview": ("POST", "/api/v1/policies/{policy}/preview", "401 401 403 in in"),
    "api-policy-versions": ("POST", "/api/v1/policies/{policy}/versions", "401 401 403 in in"),
    "api-regions": ("GET", "/api/v1/regions", "401 401 200 200 200"),
    "api-kinds": ("GET", "/api/v1/kinds", "401 401 200 200 200"),
    "api-channels": ("GET", "/api/v1/channels", "401 401 200 200 200"),
    "api-grades": ("GET", "/api/v1/grades", "401 401 200 200 200"),
    "api-product-models": ("GET", "/api/v1/product-models", "401 401 200 200 200"),
    "api-technicians": ("GET", "/api/v1/technicians", "401 401 403 200 200"),
    "api-availability": (
        "GET",
        "/api/v1/technicians/{technician}/availability?from=2026-03-04T00:00:00Z&to=2026-03-05T00:00:00Z",
        "401 401 403 200 200",  # technicians are nobody's own
    ),
    "api-schema": ("GET", "/api/v1/schema/", "200 200 200 200 200"),
    "api-docs": ("GET", "/api/v1/docs/", "200 200 200 200 200"),
    "api-unknown": ("GET", "/api/v1/nothing-here", "404 404 404 404 404"),
    **{
        f"api-action-{verb}": ("POST", f"/api/v1/tickets/{{ticket}}/actions/{verb}", "401 401 403 404 in")
        for verb in (
            "log_contact",
            "reply_to_sales",
            "answer_stock",
            "postpone_repair",
            "ready_for_collection",
            "hand_out",
            "notify_collection",
            "post_back",
            "resume",
            "wait",
            "resolve",
            "close",
            "reopen",
            "note",
            "grade",
            "edit",
            "set_site",
            "refuse",
            "cancel",
            "plan_visit",
            "move_visit",
            "cancel_visit",
            "set_out",
            "check_in",
            "complete_visit",
            "confirm_visit",
            "choose_window",
            "decline_visit",
            "record_consent",
            "decide_warranty",
            "record_finding",
            "drop_finding",
            "propose_plan",
            "confirm_plan",
            "dispute_plan",
            "report_major_failure",
            "running_late",
            "log_visit_call",
            "customer_absent",
            "confirm_by_phone",
            "check_kit",
            "need_part",
            "announce_charges",
            "use_part",
            "change_serial",
            "take_to_workshop",
            "interrupt_visit",
            "resume_visit",
            "check_conduct",
            "collect_charge",
            "remote_session",
        )
    },
}


def routes(resolver: Any = None, prefix: str = "") -> Iterator[str]:
    """The name of every route; the admin's own are one, all behind the same gate."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            if entry.app_name == "admin":
                yield "admin:index"
            else:
                yield from routes(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield entry.name or "api-unknown"


def test_every_route_is_in_the_table() -> None:
    known = {*PAGES, *(name.removesuffix(" POST") for name in API)}
    assert sorted(set(routes()) - known) == []
    assert sorted(known - set(routes())) == []


def calls_of(ticket: Ticket) -> dict[str, int]:
    """A call that is owed, a question, a plan, an invitation and letters that are being printed."""
    at, visit = ticket.received_at, ticket.visits.get()
    callback = ticket.callbacks.get()
    answer = PromisedAnswer.objects.create(
        callback=callback, ticket=ticket, question="?", promised_at=at + timedelta(days=9), asked_at=at
    )
    plan = FollowUpPlan.objects.create(
        product=ticket.product, ticket=ticket, visit=visit, starts_on=at.date(), next_on=at.date(), changed_at=at
    )
    invitation = Invitation.objects.create(
        kind="maintenance", customer=ticket.customer, on=at.date(), due_at=at, created_at=at
    )
    return {
        "callback": callback.pk,
        "answer": answer.pk,
        "plan": plan.pk,
        "invitation": invitation.pk,
        "run": LetterRun.objects.create(created_at=at).pk,
    }


def _survey(ticket: Ticket) -> str:
    """The secret of the survey of a visit, good by the real clock."""
    survey = ticket.surveys.get()
    Survey.objects.filter(pk=survey.pk).update(expires_at=now() + timedelta(days=9))
    return survey_services.secret_of(survey) or ""


def _report(cast: Cast, ticket: Ticket) -> int:
    """A visit report about the customer of a ticket, with something to follow up."""
    report = VisitReport.objects.create(
        customer=ticket.customer, visited_at=cast.at, visited_by=cast.technician, met="x", seen="x",
        follow_up_on=cast.at, written_by=cast.user("clerk"), written_at=cast.at,
    )  # fmt: skip
    return int(report.pk)


class Scene:
    """A ticket on its way to a visit, a visited one with a callback owed, and everything that hangs on them."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        supervisor = cast.user("supervisor")
        FaultCode.objects.get_or_create(code="power", defaults={"name_en": "No power"})
        visited = cast.visited(phone="138 0000 4413", customer_name="李雷", serial="X-9")
        ticket = cast.ticket_in("visit_planned")
        cast.ticket_in("received", phone="138 0000 4414", customer_name="韩梅梅", serial="X-8", kind="installation")
        broken = ticket.clocks.get(target="on_site")
        type(broken).objects.filter(pk=broken.pk).update(broken=True, breached_at=broken.due_at)
        notice = supervisor.notices.first() or visited.events.get(
            kind="ticket.visit_completed"
        ).notices.model.objects.create(
            recipient=supervisor,
            event=visited.events.order_by("-pk")[0],
            ticket=visited,
            urgent=True,
            created_at=cast.at,
        )
        self.token = ahead_with_link(cast, ticket)
        absence = Absence.objects.create(
            user=cast.user("technician"), starts_at=now() - timedelta(hours=1), ends_at=now() + timedelta(hours=9)
        )
        leave = Leave.objects.create(
            technician=Technician.objects.get(user=cast.technician),
            starts_at=now() + timedelta(days=1),
            ends_at=now() + timedelta(days=2),
            created_at=now(),
        )
        failure = MajorFailure.objects.create(
            ticket=ticket, occurred_at=cast.at, place="hall", what="fire", first_plan="stop", reported_at=cast.at
        )
        report = reports.generate("quarterly", date(2025, 2, 3), by=cast.actor("supervisor"))
        use, item, receipt = self._work(visited)
        self.ticket = ticket
        self.names = {
            "use": use.pk,
            "item": item.number,
            "receipt": receipt.number,
            "number": ticket.number,
            "failure": failure.pk,
            "report": report.pk,
            "ticket": ticket.pk,
            "visit": ticket.visits.get().pk,
            "token": self.token,
            "paper": visited.visits.get().sheet.pk,
            "code": visited.visits.get().sheet.code,
            "clock": ticket.clocks.order_by("pk")[0].pk,
            "broken": broken.pk,
            "policy": Policy.objects.get(target="response", current=True, vip=None).pk,
            "notice": notice.pk,
            "absence": absence.pk,
            "technician": cast.technician.pk,
            "leave": leave.pk,
            **calls_of(visited),
            **self._complaint(visited),
            "walk": _report(cast, ticket),
            "survey": visited.surveys.get().pk,
            "survey_token": _survey(visited),
            "customer": ticket.customer_id,
            "phone": ticket.customer.phones.get().pk,
            "site": ticket.site_id,
            "product": ticket.product_id,
            "today": f"{now():%Y-%m-%d}",
            "tomorrow": f"{now() + timedelta(days=1):%Y-%m-%d}",
        }

    def _complaint(self, ticket: Ticket) -> dict[str, int]:
        """A complaint about the technician's visit, with a photograph in its file."""
        by, visit = self.cast.actor("clerk"), ticket.visits.get()
        made = register.register(ticket.pk, words="late", against="visit", visit=visit, by=by, at=self.cast.at)
        entry = ComplaintEntry.objects.create(
            complaint=made, cycle=1, kind="evidence", text="see", at=self.cast.at, door="page", picture=b"jpeg"
        )
        return {"complaint": made.pk, "evidence": entry.pk, **self._acting(made)}

    def _acting(self, complaint: Complaint) -> dict[str, int]:
        """What follows a complaint, of which the technician reads, owns and is told one each."""
        at, technician = self.cast.at, self.cast.technician
        study = CaseStudy.objects.create(complaint=complaint, owed_at=at, due_at=at)
        CaseReading.objects.create(study=study, person=technician, owed_at=at)
        action = CorrectiveAction.objects.create(
            ticket=complaint.ticket, title="x", cause="late", owner=technician, opened_at=at, cycle_at=at, due_at=at
        )
        violation = ConductViolation.objects.create(
            complaint=complaint, person=technician, kind="late", state="confirmed", proposed_at=at, appeal_until=now()
        )
        return {"study": study.pk, "action": action.pk, "violation": violation.pk}

    @staticmethod
    def _work(ticket: Ticket) -> tuple[PartUse, WorkshopItem, Receipt]:
        """A part, goods taken along and a receipt of a visit that is over."""
        visit = ticket.visits.get()
        at, person = visit.checked_in_at, visit.technician
        assert at is not None
        part = Part.objects.create(number="P-1", name="valve")
        use = PartUse.objects.create(visit=visit, part=part, technician=person, owed=True, at=at)
        item = WorkshopItem.objects.create(
            number="W1", ticket=ticket, visit=visit, what="board", taken_by=person, taken_at=at
        )
        charge = Charge.objects.create(
            ticket=ticket, visit=visit, total=80, currency="CNY", agreed_by="x", announced_at=at, state="collected"
        )
        receipt = Receipt.objects.create(number="R1", charge=charge, amount=80, method="cash", holder=person, at=at)
        return use, item, receipt

    def client(self, reader: str, *, own: bool) -> Client:
        client = Client(HTTP_HOST="localhost")
        if reader != "stranger":
            name = "" if own or reader != "technician" else "other"
            client.force_login(self.cast.user(reader, name), backend="django.contrib.auth.backends.ModelBackend")
        return client


@pytest.mark.parametrize("name", PAGES)
def test_page_lets_in_whom_the_table_names(cast: Cast, name: str) -> None:
    line, scene = PAGES[name], Scene(cast)
    path = line.path.format(**scene.names)
    for own, wanted in ((True, line.own), (False, line.others)):
        if wanted:
            got = [
                _status(scene.client(reader, own=own), path, post=line.post, like=want)
                for reader, want in zip(READERS, wanted.split(), strict=True)
            ]
            assert " ".join(got) == wanted, path


def _status(client: Client, path: str, *, post: bool, like: str) -> str:
    answer = client.post(path) if post else client.get(path)
    if answer.status_code == 302 and "/login/" in answer["Location"] and "/logout/" not in path:
        return "login"
    if like == "in" and answer.status_code in LET_IN:
        return "in"
    return str(answer.status_code)


@pytest.mark.parametrize("name", API)
def test_api_lets_in_whom_the_table_names(cast: Cast, name: str) -> None:
    method, path, wanted = API[name]
    ticket = cast.visited(by=cast.partner_actor())
    assert cast.valve
    names = {
        "ticket": ticket.pk,
        "callback": ticket.callbacks.get().pk,
        "complaint": register.register(ticket.pk, words="late", by=cast.actor("clerk"), at=cast.at).pk,
        "technician": cast.technician.pk,
        "clock": ticket.clocks.order_by("pk")[0].pk,
        "policy": Policy.objects.get(target="response", current=True, vip=None).pk,
    }
    path = path.format(**names)
    got = [_api_status(cast, method, path, key) for key in KEYS]
    assert " ".join(got) == wanted, path


BODIES: dict[str, dict[str, Any]] = {
    "attempts": {"outcome": "satisfied"},
    "complaints": {"words": "x"},
    "evidence": {"text": "x"},
    "dispute": {"reason": "x"},
    "log_contact": {"reached": True},
    "reply_to_sales": {"to": "x", "answer": "x"},
    "answer_stock": {"arrived": True, "reached": True},
    "postpone_repair": {"until": "2099-01-01T00:00:00Z", "reason": "x", "reached": True},
    "ready_for_collection": {"reached": True},
    "notify_collection": {"reached": True},
    "post_back": {"note": "x"},
    "wait": {"waiting_for": "parts", "until": "2099-01-01T00:00:00Z", "reason": "x"},
    "resolve": {"resolution": "x"},
    "reopen": {"reason": "x"},
    "note": {"text": "x"},
    "grade": {"grade": 1},
    "edit": {"summary": "x", "kind": "repair", "visit_needed": True},
    "set_site": {"address": "x", "region": "shanghai"},
    "refuse": {"reason": "x"},
    "cancel": {"reason": "x"},
    "cancel_visit": {"reason": "x"},
    "choose_window": {"window_start": "2099-01-01T00:00:00Z"},
    "decline_visit": {"reason": "x"},
    "windows": {"windows": [{"start": "2099-01-01T00:00:00Z", "end": "2099-01-01T01:00:00Z"}]},
    "plan_visit": {
        "technician": "technician",
        "window_start": "2099-01-01T00:00:00Z",
        "window_end": "2099-01-01T01:00:00Z",
    },
    "move_visit": {
        "technician": "technician",
        "window_start": "2099-01-01T00:00:00Z",
        "window_end": "2099-01-01T01:00:00Z",
        "reason": "x",
    },
    "decide_warranty": {"proof": "none"},
    "record_consent": {"voucher_seen": True, "parts_complete": True, "human_damage": False, "agreed": True},
    "record_finding": {"code": "x"},
    "drop_finding": {"code": "x"},
    "propose_plan": {"what": "x"},
    "confirm_plan": {"signer_name": "x"},
    "dispute_plan": {"reason": "x"},
    "report_major_failure": {"occurred_at": "2026-01-01T00:00:00Z", "place": "x", "what": "x", "first_plan": "x"},
    "complete_visit": {"solved": True, "finding": "x", "work_done": "x", "unsigned_reason": "x"},
    "running_late": {"minutes": 30, "reason": "x"},
    "log_visit_call": {"reached": False},
    "confirm_by_phone": {"reached": False},
    "check_kit": {"badge": True},
    "need_part": {"part": "P-100", "quantity": 1},
    "use_part": {"part": "P-100", "quantity": 1},
    "announce_charges": {"lines": [{"code": "x", "quantity": 1}], "agreed_by": "x"},
    "change_serial": {"carries": "sim", "new_serial": "x", "reason": "x"},
    "take_to_workshop": {"what": "x", "condition": "x", "agreed_by": "x"},
    "interrupt_visit": {"reason": "rest", "resume_at": "2099-01-01T00:00:00Z"},
    "check_conduct": {"greeted": True},
    "collect_charge": {"amount": "1.00", "method": "cash"},
    "remote_session": {
        "allowed_by": "x",
        "allowed_how": "telephone",
        "allowed_at": "2026-01-01T00:00:00Z",
        "started_at": "2026-01-01T00:00:00Z",
        "ended_at": "2026-01-01T01:00:00Z",
        "result": "solved",
        "note": "x",
    },
}


def _api_status(cast: Cast, method: str, path: str, key: str) -> str:
    headers = {"host": "localhost", "idempotency-key": f"k-{key}"}
    if key != "none":
        partner = cast.other_partner if key == "other" else cast.partner
        wrong = [Scope.READ] if method == "POST" else [Scope.CREATE]
        secret = cast.key(partner, scopes=wrong if key == "scopeless" else list(Scope))
        headers["authorization"] = f"Bearer {secret}"
        if key == "expired":
            PartnerKey.objects.filter(partner=partner).update(expires_at=now() - timedelta(seconds=1))
    body = json.dumps(BODIES.get(path.rsplit("/", 1)[-1], {})) if method == "POST" else ""
    answer = Client().generic(method, path, body, content_type="application/json", headers=headers)
    if method == "POST" and answer.status_code in LET_IN | {201}:
        return "in"
    return str(answer.status_code)
