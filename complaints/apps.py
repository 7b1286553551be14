from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ComplaintsConfig(AppConfig):
    name = "complaints"
    verbose_name = _("Complaints")

    def ready(self) -> None:
        from complaints import describe_acting, describe_complaint, hooks
        from complaints.services import action_check, action_paper, callback, case_study, conduct, register, settling
        from tickets import hooks as ticket_hooks
        from visits import hooks as visit_hooks

        visit_hooks.completed.connect(callback.owe)
        ticket_hooks.reopened.connect(callback.withdraw)

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
