from django.urls import path

from complaints.views import callback, figures

urlpatterns = [
    path("callbacks/", callback.callbacks, name="callbacks"),
    path("callbacks/<int:callback_id>/", callback.callback, name="callback"),
    path("tickets/<ticket_number:number>/callbacks/", callback.of_ticket, name="ticket_callbacks"),
    path("figures/complaints/", figures.complaint_figures, name="complaint_figures"),
    path("figures/complaints/list/", figures.figures_list, name="figures_list"),
]
