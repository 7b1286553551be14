from django.urls import path

from visits.views import dispatch, failures, fault_codes, photograph, visit, warranty

urlpatterns = [
    path("dispatch/", dispatch.dispatch, name="dispatch"),
    path("dispatch/<ticket_number:number>/plan/", dispatch.plan, name="dispatch_plan"),
    path("dispatch/<ticket_number:number>/sign/", dispatch.sign, name="dispatch_sign"),
    path("my-day/", visit.my_day, name="my_day"),
    path("visits/<int:visit_id>/", visit.visit, name="visit"),
    path("visits/<int:visit_id>/set-out/", visit.set_out, name="visit_set_out"),
    path("visits/<int:visit_id>/check-in/", visit.check_in, name="visit_check_in"),
    path("visits/<int:visit_id>/report/", visit.report, name="visit_report"),
    path("visits/<int:visit_id>/do/<slug:name>/", visit.do, name="visit_do"),
    path("visits/<int:visit_id>/photographs/", photograph.add, name="visit_photographs"),
    path("visits/<int:visit_id>/photographs/<uuid:key>/", photograph.show, name="visit_photograph"),
    path("visits/<int:visit_id>/move/", dispatch.move, name="visit_move"),
    path("visits/<int:visit_id>/call-off/", dispatch.call_off, name="visit_call_off"),
    path("visits/<int:visit_id>/order/", dispatch.order, name="visit_order"),
    path("visits/<int:visit_id>/sheet.pdf", visit.sheet, name="visit_sheet"),
    path("visits/<int:visit_id>/sheet/again/", visit.sheet_again, name="visit_sheet_again"),
    path("warranty/", warranty.to_decide, name="warranty"),
    path("warranty/failures/", failures.failures, name="failures"),
    path("warranty/failures/<int:failure_id>/", failures.failure, name="failure"),
    path("warranty/codes/", fault_codes.codes, name="fault_codes"),
    path("warranty/codes/new/", fault_codes.code, name="fault_code_new"),
    path("warranty/codes/of/<slug:code>/", fault_codes.code, name="fault_code"),
    path("warranty/terms/", warranty.terms, name="warranty_terms"),
    path("warranty/terms/<slug:code>/", warranty.terms_of, name="warranty_terms_of"),
    path("tickets/<ticket_number:number>/visits/", visit.of_ticket, name="ticket_visits"),
]
