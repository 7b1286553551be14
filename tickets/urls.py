from django.urls import path, register_converter

from tickets.views import clock, desk, inbox, search, sent, ticket, verb


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
]
