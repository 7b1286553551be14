from django.urls import path, register_converter

from tickets.views import clock, desk, inbox, policies, search, ticket, verb


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
    path("tickets/<ticket_number:number>/", ticket.ticket, name="ticket"),
    path("tickets/<ticket_number:number>/do/<slug:name>/", verb.verb, name="ticket_verb"),
    path("clocks/<int:clock_id>/", clock.clock, name="clock"),
    path("policies/", policies.policies, name="policies"),
    path("policies/new/", policies.policy_new, name="policy_new"),
    path("policies/on-site/", policies.policies_on_site, name="policies_on_site"),
    path("policies/which/", policies.which, name="policies_which"),
    path("policies/<int:policy_id>/", policies.policy, name="policy"),
    path("policies/<int:policy_id>/retire/", policies.policy_retire, name="policy_retire"),
]
