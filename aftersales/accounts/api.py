"""What the partner's doors share: who asks, and one effect for one Idempotency-Key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from aftersales.accounts import idempotency
from aftersales.accounts.actors import Actor
from aftersales.accounts.idempotency import Answer
from aftersales.core.api import ApiView
from aftersales.core.batch import Batch


class PartnerView(ApiView):
    """A door for partners."""

    @property
    def actor(self) -> Actor:
        """The partner whose key was sent."""
        actor = self.request.user
        assert isinstance(actor, Actor)
        return actor

    @property
    def asked_at(self) -> datetime:
        """When the key was looked up: the time of the request by the database's clock."""
        return cast(Any, self.request.auth).read_at

    def once(self, request: Request, work: Callable[[Batch], Answer], *, key_required: bool) -> HttpResponse:
        """Do the work and write what it leaves in the batch: in one transaction, and once for one Idempotency-Key."""
        key = idempotency.check_key(request.headers.get("Idempotency-Key", ""), required=key_required)
        partner = self.actor.partner
        assert partner is not None
        if key:
            mark = idempotency.fingerprint(request.method or "", request.path, request.data)
            answer = idempotency.once(partner, key, mark, work)
        else:
            with transaction.atomic():
                batch = Batch()
                answer = work(batch)
                batch.write()
        response = HttpResponse(
            answer.text, status=answer.status, content_type="application/json", headers=answer.headers
        )
        if answer.replayed:
            response["Idempotent-Replayed"] = "true"
        return response
