"""The administrator's pages for product models and classes of contract; customers themselves are the desk's."""

from django.contrib import admin

from aftersales.customers.models import Contract, ProductModel


@admin.register(ProductModel)
class ProductModelAdmin(admin.ModelAdmin):
    list_display = (
        "code",
        "name_en",
        "name_zh_hans",
        "name_zh_hant",
        "line",
        "warranty_starts",
        "labour_months",
        "parts_months",
        "travel_months",
        "skill",
        "skill_level",
    )
    list_filter = ("line",)
    search_fields = ("code", "name_en", "name_zh_hans", "name_zh_hant")


@admin.register(Contract)
class ContractAdmin(admin.ModelAdmin):
    list_display = ("code", "name_en", "name_zh_hans", "name_zh_hant")
