"""Notices: what a person has to be told. Rows written with the change; the relay sends those that leave the house."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from aftersales.accounts.roles import NoticeChannel
from tickets.models.ticket import Ticket
from tickets.models.timeline import Event


class Notice(models.Model):
    """One person told of one event through one channel, once."""

    class Channel(models.TextChoices):
        INBOX = "inbox", _("inbox")
        EMAIL = NoticeChannel.EMAIL.value, NoticeChannel.EMAIL.label
        SMS = NoticeChannel.SMS.value, NoticeChannel.SMS.label
        WECHAT = NoticeChannel.WECHAT.value, NoticeChannel.WECHAT.label

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        IN_FLIGHT = "in_flight", _("in flight")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        DROPPED = "dropped", _("no longer needed")

    recipient = models.ForeignKey(User, models.CASCADE, related_name="notices", db_index=False)
    event = models.ForeignKey(Event, models.PROTECT, related_name="notices", db_index=False)
    # No index of its own: the notices of a ticket are found by its events.
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="notices", db_index=False)
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.INBOX)
    urgent = models.BooleanField(default=False)  # stands until someone acknowledges
    digest = models.BooleanField(default=False)  # told late, after an outage: folded into one message with others
    state = models.CharField(max_length=10, choices=State, default=State.SENT)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)  # queued: not before; in flight: stuck after
    sent_at = models.DateTimeField(null=True, blank=True)
    # The message that this went out with: the id of its first notice. Kept while the message may have got through, so
    # that it is repeated as it was and a receiver knows it again.
    parcel = models.BigIntegerField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.UniqueConstraint(fields=["event", "recipient", "channel"], name="notice_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["recipient", "-id"], name="notice_inbox"),
            models.Index(fields=["recipient"], condition=Q(read_at=None), name="notice_unread"),
            models.Index(fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="notice_queue"),
            models.Index(fields=["-id"], condition=~Q(channel="inbox"), name="notice_outside"),
            models.Index(fields=["state", "-id"], condition=~Q(channel="inbox"), name="notice_outside_state"),
            models.Index(fields=["recipient", "sent_at"], condition=Q(sent_at__isnull=False), name="notice_sent"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_id} {self.event_id}"
