from django.urls import path

from complaints.views import callback, satisfaction, survey, survey_page

urlpatterns = [
    path("callbacks/", callback.callbacks, name="callbacks"),
    path("callbacks/<int:callback_id>/", callback.callback, name="callback"),
    path("tickets/<ticket_number:number>/callbacks/", callback.of_ticket, name="ticket_callbacks"),
    path("tickets/<ticket_number:number>/surveys/", survey.of_ticket, name="ticket_surveys"),
    path("visits/<int:visit_id>/survey/", survey.offer, name="survey_offer"),
    path("surveys/<int:survey_id>/", survey.enter, name="survey_enter"),
    path("surveys/<int:survey_id>/again/", survey.offer_again, name="survey_again"),
    path("figures/satisfaction/", satisfaction.figures, name="satisfaction"),
    path("my-figures/", satisfaction.mine, name="my_figures"),
    path("s/<str:token>/", survey_page.survey, name="survey"),
]
