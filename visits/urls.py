from django.urls import path

from visits.views import dispatch, planning, visit

urlpatterns = [
    path("dispatch/", dispatch.dispatch, name="dispatch"),
    path("dispatch/rest/", planning.rest, name="dispatch_rest"),
    path("dispatch/<ticket_number:number>/suggestions/", planning.suggestions, name="dispatch_suggestions"),
    path("dispatch/<ticket_number:number>/plan/", dispatch.plan, name="dispatch_plan"),
    path("dispatch/<ticket_number:number>/sign/", dispatch.sign, name="dispatch_sign"),
    path("my-day/", visit.my_day, name="my_day"),
    path("visits/<int:visit_id>/", visit.visit, name="visit"),
    path("visits/<int:visit_id>/set-out/", visit.set_out, name="visit_set_out"),
    path("visits/<int:visit_id>/check-in/", visit.check_in, name="visit_check_in"),
    path("visits/<int:visit_id>/report/", visit.report, name="visit_report"),
    path("visits/<int:visit_id>/do/<slug:name>/", visit.do, name="visit_do"),
    path("visits/<int:visit_id>/move/", dispatch.move, name="visit_move"),
    path("visits/<int:visit_id>/call-off/", dispatch.call_off, name="visit_call_off"),
    path("visits/<int:visit_id>/order/", dispatch.order, name="visit_order"),
    path("visits/<int:visit_id>/sheet.pdf", visit.sheet, name="visit_sheet"),
    path("visits/<int:visit_id>/sheet/again/", visit.sheet_again, name="visit_sheet_again"),
    path("tickets/<ticket_number:number>/visits/", visit.of_ticket, name="ticket_visits"),
]
