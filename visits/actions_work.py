"""How the verbs around a visit are asked for, and the cards that show them."""

from tickets import actions
from tickets.forms import NothingForm
from visits import cards, cards_work, forms_charge, forms_parts, forms_work
from visits.services import charge, checklist, interruption, kit, part, remote, workshop


def enter() -> None:
    """Enter them; called once when the house starts."""
    actions.add("confirm_by_phone", forms_work.CallForm, kit.confirm_by_phone)
    actions.add("check_kit", forms_work.KitForm, checklist.check_kit)
    actions.add("need_part", forms_parts.NeedPartForm, kit.need_part)
    actions.add("announce_charges", forms_charge.AnnounceForm, charge.announce_charges)
    actions.add("use_part", forms_parts.UsePartForm, part.use_part)
    actions.add("change_serial", forms_parts.SerialForm, part.change_serial)
    actions.add("take_to_workshop", forms_work.WorkshopForm, workshop.take_to_workshop)
    actions.add("interrupt_visit", forms_work.InterruptForm, interruption.interrupt_visit)
    actions.add("resume_visit", NothingForm, interruption.resume_visit)
    actions.add("check_conduct", forms_work.ConductForm, checklist.check_conduct)
    actions.add("collect_charge", forms_charge.CollectForm, charge.collect_charge)
    actions.add("remote_session", forms_work.RemoteForm, remote.remote_session)
    cards.add(
        cards.Card("kit", 10, "visits/cards/kit.html", cards_work.kit, ("confirm_by_phone", "check_kit", "need_part"))
    )
    cards.add(
        cards.Card(
            "charges", 35, "visits/cards/charges.html", cards_work.charges, ("announce_charges", "collect_charge")
        )
    )
    cards.add(cards.Card("parts", 40, "visits/cards/parts.html", cards_work.parts, ("use_part", "change_serial")))
    cards.add(cards.Card("workshop", 45, "visits/cards/workshop.html", cards_work.workshop, ("take_to_workshop",)))
    cards.add(
        cards.Card(
            "interruption",
            46,
            "visits/cards/interruption.html",
            cards_work.interruption,
            ("interrupt_visit", "resume_visit"),
        )
    )
    cards.add(cards.Card("conduct", 60, "visits/cards/conduct.html", cards_work.conduct, ("check_conduct",)))
