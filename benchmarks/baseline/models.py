"""Five rows as a ticket makes them: the ticket, two clocks, an event, a message."""

from django.db import models
from django.utils import timezone


class Ticket(models.Model):
    number = models.CharField(max_length=20, unique=True)
    external_id = models.CharField(max_length=80, db_index=True)
    kind = models.CharField(max_length=20)
    channel = models.CharField(max_length=20)
    grade = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=20, default="received")
    summary = models.CharField(max_length=200)
    description = models.TextField()
    customer_name = models.CharField(max_length=120)
    phone = models.CharField(max_length=40)
    received_at = models.DateTimeField(default=timezone.now)


class Timer(models.Model):
    ticket = models.ForeignKey(Ticket, models.CASCADE)
    target = models.CharField(max_length=20)
    due_at = models.DateTimeField(db_index=True)


class Event(models.Model):
    ticket = models.ForeignKey(Ticket, models.CASCADE)
    kind = models.CharField(max_length=40)
    at = models.DateTimeField(default=timezone.now)
    data = models.JSONField(default=dict)


class Message(models.Model):
    task = models.CharField(max_length=100)
    args = models.JSONField(default=list)
    publish_at = models.DateTimeField(default=timezone.now, db_index=True)
