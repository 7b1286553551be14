"""Written by one process for the next: sessions, a partner's key and things to look for in one database, as JSON."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402

from aftersales.accounts.models import Partner, User  # noqa: E402
from aftersales.accounts.services import issue_key  # noqa: E402
from aftersales.customers.models import Customer, CustomerPhone, Product  # noqa: E402
from tickets.models import Ticket  # noqa: E402


def session(username: str) -> str:
    """Sign this person in and answer the cookie."""
    user = User.objects.get(username=username)
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return f"{settings.SESSION_COOKIE_NAME}={store.session_key}"


def spread(rows: Any, count: int) -> list[Any]:
    """`count` rows from all over a table, by key."""
    last = rows.order_by("-pk").values_list("pk", flat=True).first() or 1
    keys = [1 + step * (last - 1) // count for step in range(1, count + 1)]
    found = rows.in_bulk(keys)
    return [found[key] for key in keys if key in found]


def main() -> None:
    count = int(sys.argv[1])
    partner = Partner.objects.get(code="demo-partner")
    print(
        json.dumps(
            {
                "clerk": session("clerk"),
                "supervisor": session("supervisor"),
                "officer": session("officer"),
                "key": issue_key(partner, label="benchmark")[1],
                "numbers": [ticket.number for ticket in spread(Ticket.objects.all(), count)],
                "tails": [phone.e164[-6:] for phone in spread(CustomerPhone.objects.all(), count)],
                "serials": [product.serial[-5:] for product in spread(Product.objects.all(), count)],
                "names": [customer.name for customer in spread(Customer.objects.all(), count)],
                "subjects": [ticket.summary[:12].strip() for ticket in spread(Ticket.objects.all(), count)],
            }
        )
    )


main()
