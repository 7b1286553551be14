from django.urls import path

from complaints.views import callback, complaint, link

urlpatterns = [
    path("callbacks/", callback.callbacks, name="callbacks"),
    path("callbacks/<int:callback_id>/", callback.callback, name="callback"),
    path("tickets/<ticket_number:number>/callbacks/", callback.of_ticket, name="ticket_callbacks"),
    path("complaints/", complaint.complaints, name="complaints"),
    path("complaints/new/", complaint.take, name="complaint_take"),
    path("complaints/<int:complaint_id>/", complaint.complaint, name="complaint"),
    path("complaints/<int:complaint_id>/do/<str:name>/", complaint.verb, name="complaint_verb"),
    path("complaints/<int:complaint_id>/evidence/<int:entry_id>.jpg", complaint.picture, name="complaint_picture"),
    path("tickets/<ticket_number:number>/complain/", complaint.register, name="complaint_new"),
    path("tickets/<ticket_number:number>/complaints/", complaint.of_ticket, name="ticket_complaints"),
    path("v/<str:token>/complaint/", link.complain, name="link_complaint"),
    path("v/<str:token>/complaint/<slug:name>/", link.answer, name="link_complaint_answer"),
]
