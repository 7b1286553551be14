"""The barest DRF view that keeps a ticket: no rules, no search, no key, no validation."""

from datetime import timedelta
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.baseline.models import Event, Message, Ticket, Timer


class Create(APIView):
    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        given = request.data
        with transaction.atomic():
            ticket = Ticket.objects.create(
                number=f"T{uuid4().hex[:18]}",
                external_id=given["external_id"],
                kind=given["kind"],
                channel=given["channel"],
                grade=given["fault_grade"],
                summary=given["summary"],
                description=given["description"],
                customer_name=given["customer"]["name"],
                phone=given["customer"]["phone"],
            )
            due = timezone.now() + timedelta(hours=1)
            Timer.objects.bulk_create(
                [Timer(ticket=ticket, target=target, due_at=due) for target in ("response", "on_site")]
            )
            Event.objects.create(ticket=ticket, kind="ticket.registered", data={"channel": ticket.channel})
            Message.objects.create(task="tell", args=[ticket.pk])
        return Response({"id": ticket.pk, "number": ticket.number, "state": ticket.state}, status=201)
