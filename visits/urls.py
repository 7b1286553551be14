from django.urls import path

from visits.views import dispatch, money, stock, visit, workshop

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
    path("visits/<int:visit_id>/move/", dispatch.move, name="visit_move"),
    path("visits/<int:visit_id>/call-off/", dispatch.call_off, name="visit_call_off"),
    path("visits/<int:visit_id>/order/", dispatch.order, name="visit_order"),
    path("visits/<int:visit_id>/sheet.pdf", visit.sheet, name="visit_sheet"),
    path("visits/<int:visit_id>/sheet/again/", visit.sheet_again, name="visit_sheet_again"),
    path("stock/", stock.parts, name="parts"),
    path("stock/vans/", stock.vans, name="vans"),
    path("stock/vans/<str:username>/", stock.van, name="van"),
    path("stock/old-parts/", stock.old_parts, name="old_parts"),
    path("stock/old-parts/<int:use_id>/receive/", stock.receive, name="old_part_receive"),
    path("my-van/", stock.my_van, name="my_van"),
    path("prices/", money.prices, name="prices"),
    path("cash/", money.cash, name="cash"),
    path("cash/<str:username>/hand-in/", money.hand_in, name="cash_hand_in"),
    path("receipts/<slug:number>/", money.receipt, name="receipt"),
    path("workshop/", workshop.workshop, name="workshop"),
    path("workshop/<slug:number>/move/", workshop.move, name="workshop_move"),
    path("workshop/<slug:number>/label/", workshop.label, name="workshop_label"),
    path("tickets/<ticket_number:number>/visits/", visit.of_ticket, name="ticket_visits"),
]
