from django.urls import path

from tickets.views import intake

urlpatterns = [
    path("tickets/new/", intake.intake, name="intake"),
]
