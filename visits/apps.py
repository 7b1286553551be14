from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VisitsConfig(AppConfig):
    name = "visits"
    verbose_name = _("Visits")

    def ready(self) -> None:
        from visits import actions, actions_work, describe_work, verbs, verbs_work

        verbs.enter()
        verbs_work.enter()
        actions.enter()
        actions_work.enter()
        describe_work.enter()
