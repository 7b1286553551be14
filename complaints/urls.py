from django.urls import path

from complaints.views import acting, action, callback, case_study, conduct

urlpatterns = [
    path("callbacks/", callback.callbacks, name="callbacks"),
    path("callbacks/<int:callback_id>/", callback.callback, name="callback"),
    path("tickets/<ticket_number:number>/callbacks/", callback.of_ticket, name="ticket_callbacks"),
    path("complaints/<int:complaint_id>/acting/", acting.of_complaint, name="complaint_acting"),
    path("complaints/<int:complaint_id>/conduct/", conduct.propose, name="conduct_propose"),
    path("case-studies/", case_study.case_studies, name="case_studies"),
    path("case-studies/<int:study_id>/", case_study.case_study, name="case_study"),
    path("case-studies/<int:study_id>/read/", case_study.read, name="case_study_read"),
    path("case-studies/<int:study_id>/remind/", case_study.remind, name="case_study_remind"),
    path("actions/", action.actions, name="actions"),
    path("actions/new/", action.action_new, name="action_new"),
    path("actions/<int:action_id>/", action.action, name="action"),
    path("actions/<int:action_id>/step/<int:discipline>/", action.step, name="action_step"),
    path("actions/<int:action_id>/check/<int:days>/", action.check, name="action_check"),
    path("actions/<int:action_id>/owner/", action.give, name="action_owner"),
    path("actions/<int:action_id>/complaints/<int:complaint_id>/", action.add, name="action_add"),
    path("actions/<int:action_id>/paper/", action.paper, name="action_paper"),
    path("conduct/", conduct.conduct, name="conduct"),
    path("conduct/<int:violation_id>/", conduct.one, name="conduct_one"),
    path("conduct/<int:violation_id>/decide/", conduct.decide, name="conduct_decide"),
    path("conduct/<int:violation_id>/appeal/", conduct.appeal, name="conduct_appeal"),
    path("my-conduct/", conduct.my_conduct, name="my_conduct"),
]
