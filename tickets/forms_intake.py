"""The one form of the clerk on the telephone: everything that a call can tell, hardly anything that it must."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import Region
from aftersales.core.errors import Invalid
from aftersales.core.text import digits
from aftersales.customers import selectors as customers
from aftersales.customers.forms import ModelField, day, region_field
from aftersales.customers.models import Customer, CustomerPhone, Product, Site
from tickets.forms import LOCAL
from tickets.services.intake import MAX_WINDOWS, Intake, Window, check
from tickets.states import Channel, Grade, Kind
from tickets.verbs import table

NEW = "new"

# The service's dotted names → the fields of this form.
_FIELDS = {
    "customer.name": "customer_name",
    "customer.phone": "phone",
    "customer.email": "email",
    "site.address": "address",
    "site.region": "region",
    "product.model": "model",
    "product.serial": "serial",
    "product.purchased_on": "purchased_on",
    "fault_grade": "grade",
    "text": "summary",
}
_TRADITIONAL = {"TW", "HK", "MO"}


class IntakeForm(forms.Form):
    """`customer` is the known caller or None; what belongs to a known caller is then chosen, not typed."""

    use_required_attribute = False  # our own sentences, beside the fields, all at once

    token = forms.UUIDField(required=False, widget=forms.HiddenInput)
    q = forms.CharField(label=_("Who is calling?"), required=False)

    customer_name = forms.CharField(
        label=_("Name"), error_messages={"required": _("Who is calling? Enter the customer's name.")}
    )
    phone = forms.CharField(
        label=_("Telephone"), error_messages={"required": _("Enter a telephone number to call back.")}
    )
    email = forms.EmailField(label=_("E-mail"), required=False)
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("as the region")), *settings.LANGUAGES]
    )
    vip = forms.BooleanField(label=_("VIP customer"), required=False)

    site = forms.ChoiceField(label=_("Where"), required=False)
    address = forms.CharField(label=_("Address"), required=False)
    region = region_field(required=False)
    access_hours = forms.CharField(label=_("Access hours"), required=False)

    product = forms.ChoiceField(label=_("Product"), required=False)
    model = ModelField(label=_("Model"), required=False)
    serial = forms.CharField(label=_("Serial number or barcode"), required=False)
    purchased_on = day(_("Purchased on"))
    voucher_number = forms.CharField(label=_("Voucher number"), required=False)

    summary = forms.CharField(
        label=_("Problem"), error_messages={"required": _("Say in a few words what the problem is.")}
    )
    description = forms.CharField(label=_("Description"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    grade = forms.TypedChoiceField(label=_("Fault grade"), choices=Grade.choices, coerce=int, widget=forms.RadioSelect)
    visit_needed = forms.TypedChoiceField(
        label=_("Visit"),
        choices=[("yes", _("needed")), ("no", _("by telephone"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    contacted = forms.BooleanField(label=_("Problem confirmed with the customer on this call"), required=False)

    def __init__(self, *args: Any, actor: Actor, at: datetime, customer: Customer | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.at = at
        self.customer = customer
        self.actor = actor
        for index in range(MAX_WINDOWS):
            self.fields[f"window_{index}_start"] = forms.DateTimeField(
                label=_("From"),
                required=False,
                widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL),
            )
            self.fields[f"window_{index}_end"] = forms.TimeField(
                label=_("To"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
            )
        self.fields["customer_name"].required = self.fields["phone"].required = customer is None
        self.fields["address"].widget.attrs["autocomplete"] = "off"
        sites, products = self.sites, self.products
        self._choices(
            "site",
            [(str(site.pk), f"{site.address} · {site.region}") for site in sites] + [(NEW, gettext("another address"))],
        )
        self._choices(
            "product",
            [("", gettext("none, or not known"))]
            + [(str(product.pk), self._product_words(product)) for product in products]
            + [(NEW, gettext("another product"))],
        )
        if not any(verb.name == "log_contact" and actor.may(verb.roles) for verb in table()):
            del self.fields["contacted"]

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    @staticmethod
    def _product_words(product: Product) -> str:
        tail = f" …{product.serial[-5:]}" if len(product.serial) > 5 else f" {product.serial}"
        return f"{product.model}{tail if product.serial else ''}"

    @cached_property
    def sites(self) -> list[Site]:
        return list(self.customer.sites.all()) if self.customer else []

    @cached_property
    def products(self) -> list[Product]:
        return list(self.customer.products.all()) if self.customer else []

    @property
    def product_warranties(self) -> list[dict[str, Any]]:
        """Each product of the caller with its warranty in words."""
        return [{"product": one, "warranty": customers.warranty(one, at=self.at)} for one in self.products]

    @property
    def windows(self) -> list[tuple[Any, Any]]:
        """The pairs of fields of the wished times."""
        return [(self[f"window_{index}_start"], self[f"window_{index}_end"]) for index in range(MAX_WINDOWS)]

    @property
    def grades(self) -> list[tuple[Any, str]]:
        """The four choices with what each means."""
        return [(choice, Grade(int(choice.data["value"])).definition) for choice in self["grade"]]

    @classmethod
    def begin(
        cls, *, actor: Actor, at: datetime, customer: Customer | None = None, q: str = "", product: str = ""
    ) -> IntakeForm:
        """An empty form for this caller with what can be foreseen."""
        initial: dict[str, Any] = {
            "token": uuid.uuid4(),
            "q": q,
            "kind": Kind.REPAIR,
            "channel": Channel.HOTLINE,
            "grade": str(Grade.DEGRADED.value),
            "visit_needed": "yes",
        }
        form = cls(initial=initial, actor=actor, at=at, customer=customer)
        form.foresee(q, product)
        return form

    def foresee(self, q: str, product: str = "") -> None:
        """Fill in what follows from who is calling: the number, the only site, the product that was asked for."""
        dialled = customers.looks_dialled(q)
        if self.customer is None:
            self.initial["phone"], self.initial["customer_name"] = (q, "") if dialled else ("", q)
            regions = list(Region.objects.all()[:2])
            if len(regions) == 1:
                self.initial["region"] = regions[0].code
            return
        known = self._known_number(q) or (None if dialled else next(iter(self.customer.phones.all()), None))
        self.initial["phone"] = known.display if known else q
        chosen = next((one for one in self.products if str(one.pk) == product), None)
        if chosen is None and len(self.products) == 1:
            chosen = self.products[0]
        self.initial["product"] = str(chosen.pk) if chosen else ("" if self.products else NEW)
        site = chosen.site_id if chosen else None
        self.initial["site"] = str(site or self.sites[0].pk) if self.sites else NEW

    def _known_number(self, typed: str) -> CustomerPhone | None:
        """The caller's number as it is kept, when what was typed means it in any country or is its end."""
        if self.customer is None or not customers.looks_dialled(typed):
            return None
        meant = {number.e164 for number in customers.readings(typed)}
        end = digits(typed).lstrip("0")
        for phone in self.customer.phones.all():
            if phone.e164 in meant or phone.e164.endswith(end):
                return phone
        return None

    # ── what it says ───────────────────────────────────────────────────────────────────────────
    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self.found_windows: list[tuple[int, Window]] = []
        for index in range(MAX_WINDOWS):
            start, end = data.get(f"window_{index}_start"), data.get(f"window_{index}_end")
            if (start is None) != (end is None):
                missing = "end" if start else "start"
                name = f"window_{index}_{missing}"
                if name not in self.errors:
                    self.add_error(name, gettext("From when till when? Both are needed."))
            elif start is not None and end is not None:
                local = timezone.localtime(start)
                self.found_windows.append((index, Window(start, local.replace(hour=end.hour, minute=end.minute))))
        try:
            check(self.intake(), self.at)
        except Invalid as error:
            self.take(error)
        return data

    def intake(self) -> Intake:
        """What the clerk entered, as the service takes it; wrong fields are left out."""
        data = self.cleaned_data
        site = self._chosen(self.sites, data.get("site"))
        product = self._chosen(self.products, data.get("product"))
        new_product = product is None and (self.customer is None or data.get("product") == NEW)
        region = site.region if site else data.get("region")
        phone = data.get("phone") or ""
        language = data.get("language") or ""
        if not language and region is not None:
            language = "zh-hant" if region.phone_region in _TRADITIONAL else "zh-hans"
        return Intake(
            kind=data.get("kind") or Kind.REPAIR,
            channel=data.get("channel") or Channel.HOTLINE,
            grade=data.get("grade") or Grade.DEGRADED,
            summary=data.get("summary") or "",
            description=data.get("description") or "",
            visit_needed=bool(data.get("visit_needed")),
            wished_windows=[window for _index, window in getattr(self, "found_windows", [])],
            contacted=bool(data.get("contacted")),
            customer=self.customer,
            customer_name=data.get("customer_name") or "",
            phone=self._with_country(phone),
            email=data.get("email") or "",
            language=language,
            vip=bool(data.get("vip")) if self.customer is None else None,
            site=site,
            address="" if site else data.get("address") or "",
            region=region,
            access_hours="" if site else data.get("access_hours") or "",
            product=product,
            model=data.get("model") if new_product else None,
            serial=(data.get("serial") or "") if new_product else "",
            purchased_on=data.get("purchased_on") if new_product else None,
            voucher_number=(data.get("voucher_number") or "") if new_product else "",
        )

    def _with_country(self, typed: str) -> str:
        """A known number with its country code: read in the site's country it could be another one."""
        known = self._known_number(typed)
        if known is None:
            return typed
        return f"{known.e164} ext. {known.extension}" if known.extension else known.e164

    def _chosen(self, rows: list[Any], value: str | None) -> Any:
        return next((row for row in rows if str(row.pk) == value), None)

    def take(self, refusal: Invalid) -> None:
        """Show the service's errors beside the fields that they name."""
        for name, _code, message in refusal.errors:
            field: str | None = _FIELDS.get(name, name)
            if name.startswith("wished_windows."):
                _list, number, side = name.split(".")
                index = self.found_windows[int(number)][0] if int(number) < len(self.found_windows) else 0
                field = f"window_{index}_{side}"
            if field not in self.fields:
                field = None
            if field is None or field not in self.errors:
                self.add_error(field, message)
