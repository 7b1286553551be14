from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VisitsConfig(AppConfig):
    name = "visits"
    verbose_name = _("Visits")

    def ready(self) -> None:
        from visits import actions, actions_work, describe_warranty, describe_work, paper_facts, verbs, verbs_work
        from visits.services import no_show, notice  # noqa: F401  they decide promises when their time is over

        paper_facts.enter()
        verbs.enter()
        verbs_work.enter()
        actions.enter()
        describe_warranty.enter()
        actions_work.enter()
        describe_work.enter()
