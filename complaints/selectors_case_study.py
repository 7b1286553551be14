"""Reading case studies: what is owed, what is shared, what one still has to read, and who has not."""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from aftersales.accounts.actors import Actor
from aftersales.core.keyset import Order
from complaints.models import CaseReading, CaseStudy, Complaint

BY_DUE = Order("due_at", "id")
NEWEST = Order("-shared_at", "-id")


def _of(actor: Actor) -> QuerySet[CaseStudy]:
    to_read = CaseReading.objects.filter(study=OuterRef("pk"), person=actor.user, read_at=None)
    return (
        CaseStudy.objects.visible_to(actor)
        .select_related("owner", "team", "complaint")
        .annotate(mine_to_read=Exists(to_read))
    )


def owed(actor: Actor) -> QuerySet[CaseStudy]:
    """Those that are still to be written."""
    return _of(actor).filter(shared_at=None)


def shared(actor: Actor) -> QuerySet[CaseStudy]:
    """Those that were shared, with how many have read them and how many still have to."""
    present = Q(readings__person__is_active=True)
    return (
        _of(actor)
        .filter(shared_at__isnull=False)
        .annotate(
            read=Count("readings", filter=Q(readings__read_at__isnull=False)),
            unread=Count("readings", filter=present & Q(readings__read_at=None)),
        )
    )


def to_read(actor: Actor) -> QuerySet[CaseStudy]:
    """Those that this person has not read yet."""
    mine = CaseReading.objects.filter(person=actor.user, read_at=None).values("study")
    return shared(actor).filter(pk__in=mine)


def one(actor: Actor, study_id: int) -> CaseStudy | None:
    """One case study with its complaint. One query."""
    return (
        CaseStudy.objects.visible_to(actor)
        .select_related("owner", "team", "shared_by", "complaint__ticket", "complaint__visit")
        .filter(pk=study_id)
        .first()
    )


def readings(study: CaseStudy) -> list[CaseReading]:
    """Who has to read it, those first who have not."""
    rows = study.readings.select_related("person__team").order_by("read_at", "person__name")
    return sorted(rows, key=lambda row: row.read_at is not None)


def of_complaint(actor: Actor, complaint: Complaint) -> QuerySet[CaseStudy]:
    """The case studies of one complaint, the latest first."""
    return _of(actor).filter(complaint=complaint).order_by("-cycle")
