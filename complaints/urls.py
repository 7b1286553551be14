from django.urls import path

from complaints import views

urlpatterns = [
    path("callbacks/", views.callbacks, name="callbacks"),
    path("callbacks/<int:callback_id>/", views.callback, name="callback"),
    path("tickets/<ticket_number:number>/callbacks/", views.of_ticket, name="ticket_callbacks"),
]
