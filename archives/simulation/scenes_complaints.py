"""Complaints as they stand on the officer's desk at this moment: new, grave, to be signed, proposed, disputed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from archives.simulation import words_complaints as words
from complaints.services import handling, settling

if TYPE_CHECKING:
    from archives.simulation.scenes import Scene

LONG_AGO = 2900  # minutes: whatever the hour is now, the desk has had time for the steps


def _after_a_visit(scene: Scene, minutes: float) -> None:
    """The visit is over since so many minutes; the customer calls."""
    technician = scene.arrive(minutes + 60)
    scene._complete(technician, solved=True)
    scene.until(-minutes)


def fresh(scene: Scene) -> None:
    """R40: taken a quarter of an hour ago, nobody has called yet."""
    _after_a_visit(scene, 14)
    scene.complain(words.ABOUT_VISITS)


def grave(scene: Scene) -> None:
    """R41: with an authority already; the manager and the director know, the clock runs."""
    _after_a_visit(scene, 12)
    scene.complain(words.GRAVE)


def to_sign(scene: Scene) -> None:
    """R41: a lower class is asked for, a second person has to sign."""
    _after_a_visit(scene, LONG_AGO)
    scene.complain(words.GRAVE)
    scene.hear()
    scene._pass(5, 20)
    scene.about(handling.grade, complaint_class=2, reason=scene._staff(words.LOWERED))


def investigated(scene: Scene) -> None:
    """R42: found out, not decided yet; with evidence and a statement in the file."""
    _after_a_visit(scene, LONG_AGO)
    scene.complain(words.THREATS)
    scene.hear()
    scene._pass(5, 30)
    scene.about(handling.add_evidence, text=scene._staff(words.EVIDENCE))
    scene.find()


def proposed(scene: Scene) -> None:
    """R43: decided, the customer is to be told today."""
    _after_a_visit(scene, LONG_AGO)
    scene.complain(words.ABOUT_VISITS)
    scene.hear()
    scene.find()
    scene.decide()


def disputed(scene: Scene) -> None:
    """R52: the customer does not agree; reported upwards."""
    _after_a_visit(scene, LONG_AGO)
    scene.complain(words.ABOUT_VISITS)
    scene.hear()
    scene.find()
    scene.decide()
    scene.tell()
    scene.about(settling.dispute, reason=scene._staff(words.NOT_ENOUGH))
    scene._pass(5, 30)
    scene.about(settling.report, reason=scene._staff(words.UPWARDS))


COMPLAINTS: dict[str, Callable[[Scene], None]] = {
    "complaint_fresh": fresh,
    "complaint_grave": grave,
    "complaint_to_sign": to_sign,
    "complaint_investigated": investigated,
    "complaint_proposed": proposed,
    "complaint_disputed": disputed,
}
