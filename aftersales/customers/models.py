"""Customers, their sites and the products installed there."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Partner, Region
from aftersales.accounts.named import Named
from aftersales.core import phones
from aftersales.core.text import bigrams, fold


class Contract(Named):
    """A class of service contract, with promises of its own."""

    class Meta(Named.Meta):
        verbose_name = _("service contract")
        verbose_name_plural = _("service contracts")


class Customer(models.Model):
    """A person or an organisation that we promised service. Its file is complete within two days (R70)."""

    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="zh-hans")
    vip = models.BooleanField(_("VIP"), default=False)
    contract = models.ForeignKey(
        Contract,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="customers",
        verbose_name=_("service contract"),
        db_index=False,
    )
    notes = models.TextField(_("wishes and notes"), blank=True, max_length=4000)
    next_maintenance_on = models.DateField(_("next maintenance"), null=True, blank=True)
    partner = models.ForeignKey(
        Partner,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="customers",
        verbose_name=_("partner"),
    )
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged_from")
    terms = ArrayField(models.TextField(), default=list, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes: ClassVar = [
            GinIndex(fields=["terms"], name="customer_terms"),
            models.Index(
                fields=["next_maintenance_on"],
                condition=models.Q(next_maintenance_on__isnull=False),
                name="customer_maintenance",
            ),
        ]
        constraints = [models.CheckConstraint(condition=~models.Q(name=""), name="customer_has_name")]

    def __str__(self) -> str:
        return self.name

    def index(self) -> None:
        """Renew the words by which the customer is found; call before saving a changed name."""
        self.terms = bigrams(self.name)


class CustomerPhone(models.Model):
    """A number of a customer, as typed and as E.164. One number may ring several customers (a shop, a family)."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="phones", db_index=False)
    raw = models.CharField(_("telephone"), max_length=40)
    e164 = models.CharField(max_length=20, db_index=True)
    tail = models.CharField(max_length=20, editable=False)  # the digits, last first: "4412" is found by index
    extension = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("telephone")
        verbose_name_plural = _("telephones")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["customer", "e164", "extension"], name="customer_phone_once")]
        indexes: ClassVar = [models.Index(fields=["tail"], name="phone_tail", opclasses=["varchar_pattern_ops"])]

    def __str__(self) -> str:
        return self.display

    @property
    def display(self) -> str:
        return phones.display(self.e164) + (f" ×{self.extension}" if self.extension else "")


class Site(models.Model):
    """A place where we come to."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="sites", verbose_name=_("customer"))
    address = models.CharField(_("address"), max_length=300)
    region = models.ForeignKey(Region, models.PROTECT, related_name="sites", verbose_name=_("region"))
    access_hours = models.CharField(
        _("access hours"),
        max_length=120,
        blank=True,
        help_text=_("When may we come? For example: weekdays 9–17, not at noon."),
    )
    latitude = models.FloatField(_("latitude"), null=True, blank=True)  # WGS 84, degrees
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    access_days = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)  # 0 Monday; none: every day
    access_from = models.TimeField(_("access from"), null=True, blank=True)
    access_until = models.TimeField(_("access until"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        ordering = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(latitude=None, longitude=None)
                | models.Q(latitude__isnull=False, longitude__isnull=False)
                & models.Q(latitude__gte=-90, latitude__lte=90, longitude__gte=-180, longitude__lte=180),
                name="site_on_earth",
            ),
            models.CheckConstraint(
                condition=models.Q(access_from=None)
                | models.Q(access_until=None)
                | models.Q(access_until__gt=models.F("access_from")),
                name="site_access_forward",
            ),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def access(self) -> str:
        """When we may come, in words: the days and hours, and what else was said."""
        days = " ".join(str(WEEKDAYS_ABBR[day]) for day in self.access_days)
        hours = ""
        if self.access_from or self.access_until:
            first, last = self.access_from, self.access_until
            hours = f"{first or time(0):%H:%M}–{f'{last:%H:%M}' if last else '24:00'}"
        return " · ".join(part for part in (f"{days} {hours}".strip(), self.access_hours) if part)


class ProductModel(Named):
    """A type of product that we service."""

    class Line(models.TextChoices):
        APPLIANCE = "appliance", _("appliance")
        INSTRUMENT = "instrument", _("instrument")
        SOFTWARE = "software", _("software")
        GPS = "gps", _("GPS unit")
        BUILDING = "building", _("building")

    class Starts(models.TextChoices):
        """From which day a warranty counts."""

        PURCHASE = "purchase", _("purchase")
        INSTALLATION = "installation", _("installation")
        MANUFACTURE = "manufacture", _("manufacture")

    line = models.CharField(_("product line"), max_length=20, choices=Line, default=Line.APPLIANCE)
    warranty_starts = models.CharField(
        _("warranty starts with"), max_length=12, choices=Starts, default=Starts.PURCHASE
    )
    labour_months = models.PositiveSmallIntegerField(_("labour free for months"), default=12)
    parts_months = models.PositiveSmallIntegerField(_("parts free for months"), default=12)
    travel_months = models.PositiveSmallIntegerField(_("travel free for months"), default=12)
    skill = models.SlugField(_("skill needed"), max_length=40, blank=True)
    skill_level = models.PositiveSmallIntegerField(_("level needed"), choices=[(1, "1"), (2, "2"), (3, "3")], default=1)

    class Meta(Named.Meta):
        verbose_name = _("product model")
        verbose_name_plural = _("product models")
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(skill_level__in=[1, 2, 3]), name="product_model_level_known")
        ]

    @property
    def terms_in_months(self) -> tuple[int, int, int]:
        """Labour, parts and travel."""
        return self.labour_months, self.parts_months, self.travel_months


class Product(models.Model):
    """One product at a customer's, known by its serial number or barcode."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="products", verbose_name=_("customer"))
    site = models.ForeignKey(
        Site, models.SET_NULL, null=True, blank=True, related_name="products", verbose_name=_("site")
    )
    model = models.ForeignKey(ProductModel, models.PROTECT, related_name="products", verbose_name=_("model"))
    serial = models.CharField(_("serial number or barcode"), max_length=60, blank=True)
    serial_key = models.CharField(max_length=60, blank=True, editable=False)  # folded and reversed: suffixes by index
    sim = models.CharField(_("SIM number"), max_length=30, blank=True)
    purchased_on = models.DateField(_("purchased on"), null=True, blank=True)
    installed_on = models.DateField(_("installed on"), null=True, blank=True)
    manufactured_on = models.DateField(_("manufactured on"), null=True, blank=True)
    voucher_number = models.CharField(_("voucher number"), max_length=60, blank=True)
    warranty_until = models.DateField(_("warranty until"), null=True, blank=True)  # the longest of the model's terms
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["pk"]
        indexes: ClassVar = [
            models.Index(fields=["serial_key"], name="product_serial_suffix", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["sim"], condition=~models.Q(sim=""), name="product_sim"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.serial}".strip()

    @staticmethod
    def key(serial: str) -> str:
        """The form of a serial number that is compared: folded, without blanks and dashes, last character first."""
        return fold(serial).replace(" ", "").replace("-", "")[::-1]
