from django.urls import path

from complaints.views import callback, form_paper, satisfaction, survey, survey_page, visit_report

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
    path("forms/<slug:of>/<int:pk>/", form_paper.papers, name="form_papers"),
    path("visit-reports/", visit_report.reports, name="visit_reports"),
    path("visit-reports/<int:report_id>/", visit_report.one, name="visit_report"),
    path("visit-reports/<int:report_id>/correct/", visit_report.correct, name="visit_report_correct"),
    path("visit-reports/<int:report_id>/follow-up/", visit_report.follow_up, name="visit_report_follow_up"),
    path("customers/<int:customer_id>/visit-reports/", visit_report.of_customer, name="customer_visit_reports"),
    path("customers/<int:customer_id>/visit-reports/new/", visit_report.new, name="visit_report_new"),
    path("s/<str:token>/", survey_page.survey, name="survey"),
]
