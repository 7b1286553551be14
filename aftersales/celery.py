"""Workers and beat; nothing here is needed for an outcome, only for its speed."""

import os

import django
from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aftersales.settings")
django.setup()

app = Celery("aftersales")
app.conf.update(settings.CELERY)
app.autodiscover_tasks(["tickets", "tickets.sla", "visits", "complaints"])


@setup_logging.connect
def keep_our_logging(**_kwargs: object) -> None:
    """Django's LOGGING holds in workers too."""
