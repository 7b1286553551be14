from django.urls import path

from archives import views

urlpatterns = [
    path("customers/", views.customers, name="customers"),
    path("customers/<int:pk>/", views.customer, name="customer"),
    path("customers/<int:pk>/edit/", views.edit, name="customer_edit"),
    path("customers/<int:pk>/phones/new/", views.phone_add, name="customer_phone_add"),
    path("customers/<int:pk>/phones/<int:phone_id>/remove/", views.phone_remove, name="customer_phone_remove"),
    path("customers/<int:pk>/sites/new/", views.site, name="customer_site_add"),
    path("customers/<int:pk>/sites/<int:site_id>/", views.site, name="customer_site"),
    path("customers/<int:pk>/products/new/", views.product, name="customer_product_add"),
    path("customers/<int:pk>/products/<int:product_id>/", views.product, name="customer_product"),
    path("customers/<int:pk>/merge/", views.merge, name="customer_merge"),
]
