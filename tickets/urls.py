from django.urls import path, register_converter

from tickets.views import calendars, clock, desk, escalations, inbox, policies, search, sent, ticket, verb, what_if


class TicketNumber:
    """`T20261121-00042`; so that /tickets/new/ is no ticket."""

    regex = r"T\d{8}-\d{5,12}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(TicketNumber, "ticket_number")

urlpatterns = [
    path("desk/", desk.desk, name="desk"),
    path("search/", search.search, name="search"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/read/", inbox.read_all, name="inbox_read"),
    path("inbox/<int:notice_id>/acknowledge/", inbox.acknowledge, name="inbox_acknowledge"),
    path("notices/", sent.notices, name="notices"),
    path("notices/<int:notice_id>/again/", sent.send_again, name="notice_again"),
    path("tickets/<ticket_number:number>/", ticket.ticket, name="ticket"),
    path("tickets/<ticket_number:number>/do/<slug:name>/", verb.verb, name="ticket_verb"),
    path("clocks/<int:clock_id>/", clock.clock, name="clock"),
    path("clocks/<int:clock_id>/acknowledge/", clock.acknowledge, name="clock_acknowledge"),
    path("clocks/<int:clock_id>/unpark/", clock.unpark, name="clock_unpark"),
    path("escalations/", escalations.escalations, name="escalations"),
    path("policies/what-if/", what_if.what_if, name="what_if"),
    path("calendars/", calendars.calendar_list, name="calendars"),
    path("calendars/new/", calendars.calendar_new, name="calendar_new"),
    path("calendars/<slug:code>/", calendars.calendar, name="calendar"),
    path("calendars/<slug:code>/hours/", calendars.calendar_hours, name="calendar_hours"),
    path("calendars/<slug:code>/day/", calendars.calendar_day, name="calendar_day"),
    path("calendars/<slug:code>/day/remove/", calendars.calendar_day_remove, name="calendar_day_remove"),
    path("calendars/<slug:code>/confirm/", calendars.calendar_confirm, name="calendar_confirm"),
    path("calendars/<slug:code>/import/", calendars.calendar_import, name="calendar_import"),
    path("policies/", policies.policies, name="policies"),
    path("policies/new/", policies.policy_new, name="policy_new"),
    path("policies/on-site/", policies.policies_on_site, name="policies_on_site"),
    path("policies/which/", policies.which, name="policies_which"),
    path("policies/<int:policy_id>/", policies.policy, name="policy"),
    path("policies/<int:policy_id>/retire/", policies.policy_retire, name="policy_retire"),
]
