from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ComplaintsConfig(AppConfig):
    name = "complaints"
    verbose_name = _("Complaints")

    def ready(self) -> None:
        from complaints import describe_survey, form_papers, hooks, tasks_survey  # noqa: F401  the worker's task
        from complaints.services import call_mark, callback, survey
        from tickets import hooks as ticket_hooks
        from visits import hooks as visit_hooks

        visit_hooks.completed.connect(callback.owe)
        ticket_hooks.reopened.connect(callback.withdraw)

        describe_survey.enter()
        form_papers.enter()
        visit_hooks.completed.connect(survey.offer_after_visit)
        hooks.called.connect(call_mark.keep)
        hooks.closed.connect(survey.offer_after_complaint)
