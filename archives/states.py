"""The words of the customer file."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Change(TextChoices):
    """What was done to a customer's file."""

    EDITED = "customer.edited", _("customer corrected")
    PHONE_ADDED = "phone.added", _("telephone added")
    PHONE_REMOVED = "phone.removed", _("telephone removed")
    SITE_ADDED = "site.added", _("site added")
    SITE_EDITED = "site.edited", _("site corrected")
    PRODUCT_ADDED = "product.added", _("product added")
    PRODUCT_EDITED = "product.edited", _("product corrected")
    MERGED = "customer.merged", _("merged")


FIELDS = {
    "name": _("name"),
    "email": _("e-mail"),
    "language": _("language"),
    "vip": _("VIP"),
    "contract": _("service contract"),
    "notes": _("wishes and notes"),
    "next_maintenance_on": _("next maintenance"),
    "phone": _("telephone"),
    "address": _("address"),
    "region": _("region"),
    "access_hours": _("access hours"),
    "latitude": _("latitude"),
    "longitude": _("longitude"),
    "access_days": _("access days"),
    "access_from": _("access from"),
    "access_until": _("access until"),
    "model": _("model"),
    "serial": _("serial number or barcode"),
    "sim": _("SIM number"),
    "purchased_on": _("purchased on"),
    "installed_on": _("installed on"),
    "manufactured_on": _("manufactured on"),
    "voucher_number": _("voucher number"),
    "warranty_until": _("warranty until"),
    "site": _("site"),
    "merged_from": _("merged from"),
    "merged_into": _("merged into"),
}
