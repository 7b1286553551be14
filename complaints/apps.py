from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ComplaintsConfig(AppConfig):
    name = "complaints"
    verbose_name = _("Complaints")

    def ready(self) -> None:
        from complaints import (
            describe_acting,
            describe_callback,
            describe_complaint,
            describe_survey,
            form_papers,
            hooks,
            paper_calls,
            report_sections,
            tasks_survey,  # noqa: F401  the worker's task
        )
        from complaints.services import (
            action_check,
            action_paper,
            call_mark,
            callback,
            case_study,
            conduct,
            plan,
            register,
            settling,
            survey,
        )
        from tickets import hooks as ticket_hooks
        from visits import hooks as visit_hooks

        visit_hooks.completed.connect(callback.owe)
        ticket_hooks.reopened.connect(callback.withdraw)
        hooks.remedied.connect(callback.owe_after_complaint)
        hooks.registered.connect(callback.withdraw_of_complaint)
        hooks.low_marks.connect(callback.owe_for_low_marks)
        visit_hooks.completed.connect(plan.begin)
        describe_callback.enter()
        paper_calls.enter()
        describe_acting.enter()
        action_paper.enter()
        hooks.registered.connect(conduct.after_registration)
        hooks.decided.connect(conduct.after_decision)
        hooks.decided.connect(action_check.returned)
        hooks.closed.connect(case_study.owe)
        ticket_hooks.registered.connect(register.from_ticket)
        ticket_hooks.contacted.connect(register.acknowledge_by_contact)
        hooks.called.connect(settling.on_called)
        describe_complaint.enter()
        report_sections.enter()
        describe_survey.enter()
        form_papers.enter()
        visit_hooks.completed.connect(survey.offer_after_visit)
        hooks.called.connect(call_mark.keep)
        hooks.closed.connect(survey.offer_after_complaint)
