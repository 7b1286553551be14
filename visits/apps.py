from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VisitsConfig(AppConfig):
    name = "visits"
    verbose_name = _("Visits")

    def ready(self) -> None:
        from visits import (
            actions,
            actions_work,
            describe_arrival,
            describe_warranty,
            describe_work,
            paper_facts,
            paper_failure,
            paper_receipt,
            paper_sections,
            verbs,
            verbs_work,
        )
        from visits.readiness import checks
        from visits.services import kit, no_show, notice  # noqa: F401  the last two decide promises when time is over

        checks.add("kit", lambda visit, _at: " ".join(kit.missing(visit)) or None)

        paper_facts.enter()
        paper_sections.enter()
        paper_receipt.enter()
        paper_failure.enter()
        verbs.enter()
        verbs_work.enter()
        actions.enter()
        describe_arrival.enter()
        describe_warranty.enter()
        actions_work.enter()
        describe_work.enter()
