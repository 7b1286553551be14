"""What a clerk enters about a customer, a site, a product."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Region
from aftersales.core.text import fold
from aftersales.customers.models import Contract, Customer, ProductModel


class ModelField(forms.CharField):
    """A product model by its code or a name in any language; a part that fits one model alone is enough."""

    def clean(self, value: Any) -> ProductModel | None:
        typed = fold(super().clean(value))
        if not typed:
            return None
        models = list(ProductModel.objects.all())
        exact = [model for model in models if typed in self._names(model)]
        found = exact or [model for model in models if any(typed in name for name in self._names(model))]
        if len(found) == 1 or exact:
            return found[0]
        if found:
            names = ", ".join(model.code for model in found[:4])
            raise forms.ValidationError(gettext("Several models fit: %(names)s.") % {"names": names}, code="several")
        raise forms.ValidationError(gettext("We know no such model. Choose one from the list."), code="unknown")

    @staticmethod
    def _names(model: ProductModel) -> list[str]:
        names = (model.code, model.name_en, model.name_zh_hans, model.name_zh_hant)
        return [fold(name) for name in names if name] + [fold(f"{model.code} {name}") for name in names[1:] if name]


def region_field(**kwargs: Any) -> forms.ModelChoiceField:
    """A region by its code."""
    return forms.ModelChoiceField(
        label=_("Region"),
        queryset=Region.objects.all(),
        to_field_name="code",
        empty_label=_("choose"),
        error_messages={"invalid_choice": _("There is no such region.")},
        **kwargs,
    )


def degrees(label: Any, most: int, **kwargs: Any) -> forms.FloatField:
    """A latitude or longitude in degrees (WGS 84) that may be left empty."""
    widget = forms.NumberInput(attrs={"step": "any", "inputmode": "decimal", "autocomplete": "off"})
    return forms.FloatField(label=label, required=False, min_value=-most, max_value=most, widget=widget, **kwargs)


def day(label: Any) -> forms.DateField:
    """A day that may be left empty."""
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


def hour(label: Any) -> forms.TimeField:
    """A time of day that may be left empty."""
    return forms.TimeField(label=label, required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))


class FileForm(forms.Form):
    """`version` is the one that was read: what somebody else saved meanwhile is not overwritten."""

    use_required_attribute = False
    version = forms.IntegerField(widget=forms.HiddenInput)


class CustomerForm(FileForm):
    name = forms.CharField(label=_("Name"), error_messages={"required": _("A customer has a name.")})
    email = forms.EmailField(label=_("E-mail"), required=False)
    language = forms.ChoiceField(label=_("Language"), choices=Customer._meta.get_field("language").choices or [])
    vip = forms.BooleanField(
        label=_("VIP customer"),
        required=False,
        help_text=_("Open tickets get the promises of the VIP standard at once, or lose them."),
    )
    contract = forms.ModelChoiceField(
        label=_("Service contract"),
        queryset=Contract.objects.all(),
        to_field_name="code",
        required=False,
        empty_label=_("none"),
        help_text=_("Open tickets get the promises of the contract at once, or lose them."),
    )
    next_maintenance_on = day(_("Next maintenance"))
    notes = forms.CharField(
        label=_("Wishes and notes"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )


class PhoneForm(FileForm):
    phone = forms.CharField(label=_("Telephone"), error_messages={"required": _("Enter a telephone number.")})
    region = region_field(
        required=False, help_text=_("Only when the number lacks its country code and is not from home.")
    )


class SiteForm(FileForm):
    address = forms.CharField(label=_("Address"), error_messages={"required": _("Enter the address.")})
    region = region_field(help_text=_("Open tickets at this address follow a changed region with their promises."))
    access_hours = forms.CharField(
        label=_("Access hours"),
        required=False,
        help_text=_("When may we come? For example: weekdays 9–17, not at noon."),
    )
    latitude = degrees(_("Latitude"), 90)
    longitude = degrees(_("Longitude"), 180)
    access_days = forms.TypedMultipleChoiceField(
        label=_("Days on which we may come"),
        choices=list(WEEKDAYS.items()),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: every day. Times outside these days and hours are not offered to the customer."),
    )
    access_from = hour(_("Not before"))
    access_until = hour(_("Not after"))


class ProductForm(FileForm):
    model = ModelField(label=_("Product model"), error_messages={"required": _("Choose the model of the product.")})
    serial = forms.CharField(label=_("Serial number or barcode"), required=False)
    purchased_on = day(_("Purchased on"))
    installed_on = day(_("Installed on"))
    manufactured_on = day(_("Manufactured on"))
    voucher_number = forms.CharField(label=_("Voucher number"), required=False)
    site = forms.TypedChoiceField(label=_("Site"), required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["site"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", gettext("not known")), *((site.pk, site.address) for site in customer.sites.all())]
        self.fields["model"].widget.attrs["list"] = "models"
