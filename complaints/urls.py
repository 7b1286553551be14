from django.urls import path

from complaints.views import callback, calling, complaint, link

urlpatterns = [
    path("callbacks/", callback.callbacks, name="callbacks"),
    path("callbacks/desk/", callback.desk, name="callback_desk"),
    path("callbacks/<int:callback_id>/", callback.callback, name="callback"),
    path("callbacks/<int:callback_id>/skip/", callback.skip, name="callback_skip"),
    path("callbacks/<int:callback_id>/give-up/", callback.give_up, name="callback_give_up"),
    path("callbacks/<int:callback_id>/assign/", callback.assign, name="callback_assign"),
    path("callbacks/answers/", calling.answers, name="answers"),
    path("callbacks/answers/<int:answer_id>/", calling.answer, name="answer"),
    path("callbacks/rules/", calling.rules, name="call_rules"),
    path("callbacks/scripts/", calling.script_list, name="call_scripts"),
    path("callbacks/scripts/<str:kind>/<str:language>/", calling.script, name="call_script"),
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
