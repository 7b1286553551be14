from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VisitsConfig(AppConfig):
    name = "visits"
    verbose_name = _("Visits")

    def ready(self) -> None:
        from visits import actions, describe_warranty, paper_facts, verbs
        from visits.services import no_show, notice  # noqa: F401  they decide promises when their time is over

        paper_facts.enter()
        verbs.enter()
        actions.enter()
        describe_warranty.enter()
