"""The administrator's page for product models; customers themselves are the desk's."""

from django.contrib import admin

from aftersales.customers.models import ProductModel


@admin.register(ProductModel)
class ProductModelAdmin(admin.ModelAdmin):
    list_display = ("code", "name_en", "name_zh_hans", "name_zh_hant", "line", "warranty_months", "skill")
    list_filter = ("line",)
    search_fields = ("code", "name_en", "name_zh_hans", "name_zh_hant")
