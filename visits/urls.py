from django.urls import path

from visits.views import commands, dispatch, technician, visit

urlpatterns = [
    path("dispatch/", dispatch.dispatch, name="dispatch"),
    path("dispatch/<ticket_number:number>/plan/", dispatch.plan, name="dispatch_plan"),
    path("dispatch/<ticket_number:number>/sign/", dispatch.sign, name="dispatch_sign"),
    path("dispatch/from-telephones/", commands.conflicts, name="conflicts"),
    path("dispatch/from-telephones/<uuid:command_id>/again/", commands.again, name="conflict_again"),
    path("dispatch/from-telephones/<uuid:command_id>/settle/", commands.settle, name="conflict_settle"),
    path("worker.js", commands.worker, name="worker"),
    path("manifest.webmanifest", commands.manifest, name="manifest"),
    path("technicians/", technician.technicians, name="technicians"),
    path("technicians/<int:user_id>/", technician.technician, name="technician"),
    path("technicians/<int:user_id>/leave/", technician.leave, name="technician_leave"),
    path("technicians/<int:user_id>/leave/<int:leave_id>/end/", technician.leave_end, name="technician_leave_end"),
    path("technicians/<int:user_id>/duty/", technician.duty, name="technician_duty"),
    path("travel-times/", technician.travel_times, name="travel_times"),
    path("my-day/", visit.my_day, name="my_day"),
    path("visits/<int:visit_id>/", visit.visit, name="visit"),
    path("visits/<int:visit_id>/set-out/", visit.set_out, name="visit_set_out"),
    path("visits/<int:visit_id>/check-in/", visit.check_in, name="visit_check_in"),
    path("visits/<int:visit_id>/report/", visit.report, name="visit_report"),
    path("visits/<int:visit_id>/do/<slug:name>/", visit.do, name="visit_do"),
    path("visits/<int:visit_id>/commands/", commands.receive, name="visit_commands"),
    path("visits/<int:visit_id>/move/", dispatch.move, name="visit_move"),
    path("visits/<int:visit_id>/call-off/", dispatch.call_off, name="visit_call_off"),
    path("visits/<int:visit_id>/order/", dispatch.order, name="visit_order"),
    path("visits/<int:visit_id>/sheet.pdf", visit.sheet, name="visit_sheet"),
    path("visits/<int:visit_id>/sheet/again/", visit.sheet_again, name="visit_sheet_again"),
    path("tickets/<ticket_number:number>/visits/", visit.of_ticket, name="ticket_visits"),
]
