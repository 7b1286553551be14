"""The API's doors to what is promised: list, read, preview, make and change policies."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from aftersales.accounts.api import PartnerView
from aftersales.accounts.idempotency import Answer
from aftersales.accounts.roles import Scope
from aftersales.core import schema
from aftersales.core.api import answer, dump, key_of, limit_of, next_url, text_of, words_of
from aftersales.core.batch import Batch
from aftersales.core.errors import Missing, NotAllowed
from aftersales.core.keyset import Order, page
from tickets.serializers_policy import (
    NEW_POLICY,
    NEW_VERSION,
    PREVIEW,
    NewPolicy,
    NewVersion,
    PolicyFields,
    PolicyOut,
    PolicyPage,
    PreviewOut,
    changed,
    policy_out,
    preview_out,
)
from tickets.services import policy as service
from tickets.sla import revisions
from tickets.sla.models import Policy, PolicyChange
from tickets.sla.states import Target

_ORDER = Order("id")


class PolicyView(PartnerView):
    """Shared by the addresses of policies; they concern everybody's tickets."""

    scopes: ClassVar[dict[str, list[Scope]]] = {"GET": [Scope.POLICIES], "POST": [Scope.POLICIES]}

    def policies(self) -> QuerySet[Policy]:
        """Policies with all that an answer shows."""
        return Policy.objects.select_related("calendar", "region", "contract").prefetch_related(
            "changes__user", "changes__partner"
        )

    def policy(self, pk: int) -> Policy:
        """One version. Raises Missing."""
        found = self.policies().filter(pk=key_of(pk)).first()
        if found is None:
            raise Missing("There is no such policy.")
        return found

    def saved(self, request: Request, change: PolicyChange) -> Answer:
        made = self.policies().get(changes=change)
        location = request.build_absolute_uri(f"/api/v1/policies/{made.pk}")
        return Answer(201, dump(policy_out(made)), {"Location": location})


class Policies(PolicyView):
    """/policies"""

    @property
    def parameters(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset({"target", "limit", "after"} if self.request.method != "POST" else ())

    @extend_schema(
        operation_id="list_policies",
        tags=["policies"],
        summary="List what is promised to new tickets",
        description="The current policies. Of all that fit a ticket, the narrowest of a target holds.",
        parameters=[
            OpenApiParameter(
                "target",
                {"type": "array", "items": {"type": "string", "enum": Target.values}},
                style="form",
                explode=False,
                description="One or more targets, repeated or with commas between.",
            ),
            schema.LIMIT,
            schema.AFTER,
            schema.LANGUAGE,
        ],
        responses={200: PolicyPage, **schema.problems()},
    )
    def get(self, request: Request) -> HttpResponse:
        targets = words_of(request.GET, "target", Target.values)
        found = self.policies().filter(current=True)
        if targets:
            found = found.filter(target__in=targets)
        rows = page(found, _ORDER, token=text_of(request.GET, "after"), size=limit_of(request.GET))
        return answer(
            {"results": [policy_out(policy) for policy in rows.rows], "next": next_url(request, rows.next_key)}
        )

    @extend_schema(
        operation_id="create_policy",
        tags=["policies"],
        summary="Promise something else to special tickets",
        description="Begins with the policy that holds for all other tickets of the target; change what you send.",
        parameters=[
            schema.KEY_REQUIRED,
            schema.LANGUAGE,
            schema.replayed(201),
            schema.header("Location", "Address of the policy.", of=[201]),
        ],
        request=NewPolicy,
        responses={201: PolicyOut, **schema.problems(*schema.WRITING)},
    )
    def post(self, request: Request) -> HttpResponse:
        given = NEW_POLICY.run_validation(request.data)
        apply = given.pop("apply")

        def work(_batch: Batch) -> Answer:
            policy = changed(_like_others(given["target"]), given)
            return self.saved(request, service.save(policy, apply=apply, by=self.actor, at=self.asked_at))

        return self.once(request, work, key_required=True)


def _like_others(target: str) -> Policy:
    """A new policy that promises what all other tickets of the target are promised."""
    found = Policy.objects.select_related("calendar", "region", "contract").filter(target=target, current=True)
    general = next((policy for policy in found if policy.general), None)
    if general is None:
        raise NotAllowed(_("No policy holds for all other tickets of this target."), code="no_general")
    return revisions.new_series(general)


class OnePolicy(PolicyView):
    """/policies/{id}"""

    @extend_schema(
        operation_id="read_policy",
        tags=["policies"],
        summary="Read one version of a policy",
        parameters=[schema.LANGUAGE],
        responses={200: PolicyOut, **schema.problems(404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        return answer(policy_out(self.policy(pk)))


class PolicyPreview(PolicyView):
    """/policies/{id}/preview"""

    @extend_schema(
        operation_id="preview_policy",
        tags=["policies"],
        summary="Say what a change would do to open promises",
        description="Send what you would change, or nothing. Nothing is saved.",
        parameters=[schema.LANGUAGE],
        request=PolicyFields,
        responses={200: PreviewOut, **schema.problems(404, *schema.WRITING)},
    )
    def post(self, request: Request, pk: int) -> HttpResponse:
        policy = changed(self.policy(pk), PREVIEW.run_validation(request.data))
        return answer(preview_out(service.preview_of(policy, at=self.asked_at)))


class PolicyVersions(PolicyView):
    """/policies/{id}/versions"""

    @extend_schema(
        operation_id="change_policy",
        tags=["policies"],
        summary="Change a policy",
        description="Makes its next version, with an id of its own. Name the id that you read: when it is not current "
        "any more, somebody was faster (412). With `apply` `open` the open promises follow, many of them a while "
        "later: `change` says how far that is.",
        parameters=[
            schema.KEY_REQUIRED,
            schema.LANGUAGE,
            schema.replayed(201),
            schema.header("Location", "Address of the new version.", of=[201]),
        ],
        request=NewVersion,
        responses={201: PolicyOut, **schema.problems(404, 412, *schema.WRITING)},
    )
    def post(self, request: Request, pk: int) -> HttpResponse:
        given: dict[str, Any] = NEW_VERSION.run_validation(request.data)
        apply = given.pop("apply")

        def work(_batch: Batch) -> Answer:
            policy = changed(self.policy(pk), given)
            return self.saved(request, service.save(policy, apply=apply, by=self.actor, at=self.asked_at))

        return self.once(request, work, key_required=True)
