"""Planning: it sends the right person in time, breaks no promise that it could keep, and books nobody twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise, permutations
from math import dist
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visits import planning
from visits.planning import Booking, Job, Plan, Proposal, Terms, Window, Worker, insertion, solver, suggest

NOW = datetime(2026, 3, 4, 0, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LI, WANG, ZHAO = 1, 2, 3
COOLING, GAS = "cooling", "gas"
HERE, THERE = 10, 20


def way(origin: object, destination: object) -> timedelta:
    """Places are numbers: as many minutes apart; from where nobody knows, twenty."""
    if isinstance(origin, int) and isinstance(destination, int):
        return timedelta(minutes=abs(origin - destination))
    return timedelta(minutes=20)


TERMS = Terms(way=way, zone=UTC)


def at(hours: float, day: int = 0) -> datetime:
    return NOW + day * DAY + hours * HOUR


def span(first: float, last: float, day: int = 0) -> Window:
    return Window(at(first, day), at(last, day))


def worker(pk: int = LI, **known: object) -> Worker:
    return replace(Worker(pk, {COOLING: 2}, frozenset({HERE}), [span(8, 17), span(8, 17, 1)]), **known)  # type: ignore[arg-type]


def job(pk: int = 100, **known: object) -> Job:
    hours = [span(8, 20), span(8, 20, 1)]
    return replace(Job(pk, 0, 2 * HOUR, hours, skill=COOLING, region=HERE), **known)  # type: ignore[arg-type]


def codes(proposal: Proposal) -> list[str]:
    return [reason.code for reason in proposal.reasons]


def first(the_job: Job, *workers: Worker) -> Proposal:
    return suggest(the_job, workers, NOW, terms=TERMS)[0]


# ── one visit ──────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R22")
def test_suggests_who_comes_before_the_promise_ends() -> None:
    busy = worker(LI, bookings=[Booking(at(8), at(16), 0)])
    free = worker(WANG, regions=frozenset(), load=30)  # further from fitting, but there in time
    best = first(job(due=at(12), had_product=LI), busy, free)
    assert (best.worker, best.start, best.kept) == (WANG, at(8), True)
    assert codes(best)[0] == "before_promise"
    assert best.reasons[0].values == {"due": at(12)}


def test_suggests_the_time_that_the_customer_wished() -> None:
    best = first(job(wishes=[span(13, 15, 1)]), worker())
    assert (best.start, best.end, best.wished) == (at(13, 1), at(15, 1), True)
    assert "in_wish" in codes(best)


@pytest.mark.rule("R22")
def test_counts_a_later_wish_of_the_customer_as_kept() -> None:
    best = first(job(wishes=[span(13, 15, 1)], due=at(12)), worker())
    assert (best.start, best.kept, best.wished) == (at(13, 1), True, True)


def test_suggests_who_was_there_last_time() -> None:
    best = first(job(had_product=WANG), worker(LI), worker(WANG, load=3))
    assert best.worker == WANG
    assert "had_product" in codes(best)


def test_suggests_who_is_near() -> None:
    far = worker(LI, home=90)
    near = worker(WANG, bookings=[Booking(at(8), at(9.5), 5)], home=90)
    best = first(job(), far, near)
    assert (best.worker, best.start, best.way) == (WANG, at(9.75), timedelta(minutes=5))


def test_suggests_who_has_less_to_do_that_day() -> None:
    full = [Booking(at(14), at(15), 0), Booking(at(15), at(16), 0)]
    assert first(job(), worker(LI, bookings=full, home=0), worker(WANG, home=0)).worker == WANG


def test_spares_who_could_do_more() -> None:
    assert first(job(), worker(LI, skills={COOLING: 3}), worker(WANG, skills={COOLING: 1})).worker == WANG


def test_asks_nobody_without_the_skill_at_its_level() -> None:
    assert suggest(job(level=3), [worker(), worker(WANG, skills={GAS: 3})], NOW, terms=TERMS) == []


def test_asks_another_region_only_when_nobody_here_can() -> None:
    stranger = worker(WANG, regions=frozenset({THERE}))
    assert {one.worker for one in suggest(job(), [worker(), stranger], NOW, terms=TERMS)} == {LI}
    best = first(job(), worker(skills={GAS: 1}), stranger)
    assert best.worker == WANG
    assert [reason.good for reason in best.reasons if reason.code == "other_region"] == [False]


def test_suggests_several_people_before_one_person_again() -> None:
    people = [worker(pk, load=pk) for pk in (LI, WANG, ZHAO)]
    found = suggest(job(), people, NOW, terms=TERMS)
    assert len(found) == 5
    assert {one.worker for one in found} == {LI, WANG, ZHAO}
    assert [one.cost for one in found] == sorted(one.cost for one in found)


def test_leaves_time_for_the_ways_between_visits() -> None:
    booked = [Booking(at(8), at(10), 30), Booking(at(13), at(15), 50)]
    found = suggest(job(), [worker(bookings=booked)], NOW, terms=TERMS)
    # 10:30 to 12:30 leaves half an hour for a way of 50 minutes; the visit after 15:00 would end at 18:00.
    assert [one.start for one in found] == [at(8.0, 1)]


def test_starts_no_visit_sooner_than_anyone_can_be_there() -> None:
    assert first(job(windows=[span(0, 20)]), worker(open=[span(0, 20)])).start == at(1)
    assert first(job(windows=[span(0, 20)], place=150), worker(open=[span(0, 20)], home=0)).start == at(2.5)


def test_keeps_to_the_visits_of_a_day() -> None:
    full = worker(bookings=[Booking(at(8), at(9), 0)], capacity=1)
    assert first(job(), full).start == at(8, 1)


def test_says_what_speaks_against_it() -> None:
    best = first(job(due=at(7), wishes=[span(18, 20)]), worker())
    assert [reason.code for reason in best.reasons if not reason.good] == ["after_promise", "outside_wish"]


# ── many ───────────────────────────────────────────────────────────────────────────────────────
Make = Callable[[Sequence[Job], Sequence[Worker]], Plan]
without_solver = pytest.mark.skipif(not solver.available(), reason="PyVRP is not installed")
by_each_planner = pytest.mark.parametrize(
    "make",
    [
        pytest.param(partial(insertion.plan, now=NOW, terms=TERMS), id="insertion"),
        pytest.param(partial(solver.plan, now=NOW, terms=TERMS), id="solver", marks=without_solver),
    ],
)


@without_solver
def test_the_solver_finds_room_where_insertion_finds_none() -> None:
    """A day that is nearly full, as dice made it: places in minutes, and promises that end in the course of it."""
    dice = Random(2)
    spots = lambda: (dice.randrange(60), dice.randrange(60))  # noqa: E731
    terms = replace(TERMS, way=lambda one, other: timedelta(minutes=round(dist(one, other))))  # type: ignore[arg-type]
    workers = [worker(pk, home=spots(), capacity=8) for pk in range(1, 6)]
    day = [span(8, 12), span(13, 20)]
    jobs = [
        job(pk, place=spots(), duration=dice.choice([45, 60, 90]) * timedelta(minutes=1), windows=day,
            due=at(dice.choice([10, 12, 17, 41])) if pk % 2 else None)
        for pk in range(100, 130)
    ]  # fmt: skip
    greedy, routed = (planner(jobs, workers, NOW, terms=terms) for planner in (insertion.plan, solver.plan))
    assert len(routed.proposals) > len(greedy.proposals)
    assert sum(one.kept is False for one in routed.proposals) == sum(one.kept is False for one in greedy.proposals)


def test_plans_with_the_solver_where_it_is_installed() -> None:
    assert planning.plan is (solver.plan if solver.available() else insertion.plan)


@by_each_planner
@pytest.mark.rule("R22")
def test_plans_what_is_urgent_before_what_came_first(make: Make) -> None:
    early = [job(pk) for pk in range(1, 9)]
    urgent = job(9, due=at(8.25))
    found = make([*early, urgent], [worker(home=0)])
    assert [one.start for one in found.proposals if one.job == 9] == [at(8)]


@by_each_planner
@pytest.mark.rule("R22")
def test_lets_who_can_do_all_go_where_nobody_else_can(make: Make) -> None:
    master = worker(LI, skills={COOLING: 1, GAS: 1}, home=0)
    common = job(1, due=at(8.25))
    rare = job(2, skill=GAS, due=at(8.5))
    found = make([common, rare], [master, worker(WANG, home=100)])
    assert {one.job: (one.worker, one.kept) for one in found.proposals} == {1: (WANG, True), 2: (LI, True)}


@by_each_planner
def test_names_why_nobody_comes(make: Make) -> None:
    day = [span(8, 17)]
    busy = worker(open=day, bookings=[Booking(at(8), at(16), 0)])
    found = make([job(1), job(2, level=3), job(3, region=THERE)], [busy])
    assert found.proposals == ()
    assert {left.job: left.reason.code for left in found.left} == {
        1: "no_room",
        2: "nobody_able",
        3: "nobody_in_region",
    }


@by_each_planner
def test_plans_nothing_for_nobody(make: Make) -> None:
    assert make([], [worker()]) == Plan((), ())
    assert [left.reason.code for left in make([job()], []).left] == ["nobody_able"]


# ── properties ─────────────────────────────────────────────────────────────────────────────────
quarters = st.integers(0, 4 * 30).map(lambda number: number * timedelta(minutes=15))


@st.composite
def spans(draw: st.DrawFn, longest: int) -> Window:
    start = NOW + 6 * HOUR + draw(quarters)
    return Window(start, start + draw(st.integers(1, longest)) * HOUR / 2)


def apart(windows: list[Window]) -> list[Window]:
    """In order, those left out that touch one before."""
    found: list[Window] = []
    for window in sorted(windows):
        if not found or window.start > found[-1].end:
            found.append(window)
    return found


@st.composite
def people(draw: st.DrawFn, pk: int) -> Worker:
    booked = apart(draw(st.lists(spans(4), max_size=3)))
    return Worker(
        pk,
        draw(st.dictionaries(st.sampled_from([COOLING, GAS]), st.integers(1, 2))),
        frozenset(draw(st.sets(st.sampled_from([HERE, THERE])))),
        apart(draw(st.lists(spans(24), min_size=1, max_size=3))),
        [Booking(*window, draw(st.integers(0, 60))) for window in booked],
        draw(st.none() | st.integers(0, 60)),
        draw(st.none() | st.integers(1, 3)),
    )


@st.composite
def needs(draw: st.DrawFn, pk: int) -> Job:
    return Job(
        pk,
        draw(st.integers(0, 60)),
        draw(st.sampled_from([HOUR / 2, HOUR, 2 * HOUR])),
        apart(draw(st.lists(spans(24), min_size=1, max_size=3))),
        apart(draw(st.lists(spans(6), max_size=1))),
        draw(st.sampled_from(["", COOLING, GAS])),
        draw(st.integers(1, 2)),
        draw(st.sampled_from([None, HERE, THERE])),
        draw(st.none() | quarters.map(lambda length: NOW + 6 * HOUR + length)),
    )


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[Job], list[Worker]]:
    jobs = [draw(needs(100 + number)) for number in range(draw(st.integers(1, 6)))]
    return jobs, [draw(people(1 + number)) for number in range(draw(st.integers(1, 3)))]


def may_go(the_job: Job, person: Worker) -> bool:
    skilled = not the_job.skill or person.skills.get(the_job.skill, 0) >= the_job.level
    return skilled and (the_job.region is None or not person.regions or the_job.region in person.regions)


def possible(the_job: Job, person: Worker, start: datetime, day: Sequence[Booking]) -> bool:
    """Whether a visit may begin then beside the others, told by the rules one by one."""
    end = start + the_job.duration
    inside = any(one.start <= start and end <= one.end for one in [*the_job.windows, *the_job.wishes])
    works = any(one.start <= start and end <= one.end for one in person.open)
    if not (inside and works) or start < NOW + HOUR:
        return False
    mine = Booking(start, end, the_job.place)
    beside = sorted([*day, mine])
    same_day = [one for one in beside if one.start.date() == start.date()]
    if person.capacity is not None and len(same_day) > person.capacity:
        return False
    before: Booking | None = None
    for one in beside:
        near = before if before and before.start.date() == one.start.date() else None
        journey = way(near.place if near else person.home, one.place)
        if one is mine and start < NOW + journey:
            return False
        touches = one is mine or before is mine  # others may stand closer already: that is not ours to mend
        if touches and before is not None and one.start - journey < before.end:
            return False
        before = one
    return True


def starts(the_job: Job) -> Iterator[datetime]:
    for number in range(4 * 56):
        yield NOW + number * timedelta(minutes=15)


def timetable(found: Plan, jobs: Sequence[Job], person: Worker, *, less: int = 0) -> list[Booking]:
    places = {one.id: one.place for one in jobs}
    ours = [
        Booking(one.start, one.end, places[one.job])
        for one in found.proposals
        if one.worker == person.id and one.job != less
    ]
    return sorted([*person.bookings, *ours])


@by_each_planner
@settings(max_examples=150, deadline=None)
@given(scenes())
def test_books_nobody_twice_and_keeps_to_all_that_is_asked(make: Make, scene: tuple[list[Job], list[Worker]]) -> None:
    jobs, workers = scene
    found = make(jobs, workers)
    asked, known = {one.id: one for one in jobs}, {one.id: one for one in workers}
    assert sorted([one.job for one in found.proposals] + [left.job for left in found.left]) == sorted(asked)
    for one in found.proposals:
        the_job, person = asked[one.job], known[one.worker]
        assert may_go(the_job, person)
        assert one.end - one.start == the_job.duration
        assert possible(the_job, person, one.start, timetable(found, jobs, person, less=one.job))
        in_time = the_job.due is not None and one.start < the_job.due
        assert one.kept == (None if the_job.due is None else in_time or one.wished is True)


@by_each_planner
@pytest.mark.rule("R22")
@settings(max_examples=150, deadline=None)
@given(scenes())
def test_keeps_every_promise_that_could_be_kept_beside_the_rest(
    make: Make, scene: tuple[list[Job], list[Worker]]
) -> None:
    jobs, workers = scene
    found = make(jobs, workers)
    placed = {one.job: one for one in found.proposals}
    for the_job in jobs:
        mine = placed.get(the_job.id)
        if the_job.due is None or (mine and mine.kept):
            continue
        for person in workers:
            if may_go(the_job, person):
                beside = timetable(found, jobs, person, less=the_job.id)
                in_time = [start for start in starts(the_job) if start < the_job.due]
                assert not [start for start in in_time if possible(the_job, person, start, beside)]


@by_each_planner
@pytest.mark.rule("R22")
@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(9, 16), st.sampled_from([COOLING, GAS, ""])), min_size=2, max_size=4))
def test_keeps_as_many_promises_as_any_order_does(make: Make, asked: list[tuple[int, str]]) -> None:
    """Two technicians, one of them without the gas; every order in which the visits could be given out is tried."""
    workers = [
        worker(LI, skills={COOLING: 1, GAS: 1}, open=[span(8, 16)], home=0),
        worker(WANG, skills={COOLING: 1}, open=[span(8, 16)], home=0),
    ]
    jobs = [job(100 + number, skill=skill, due=at(due)) for number, (due, skill) in enumerate(asked)]
    most = max(_kept_in_order(order, workers) for order in permutations(jobs))
    assert sum(one.kept is True for one in make(jobs, workers).proposals) == most


def _kept_in_order(order: Sequence[Job], workers: Sequence[Worker]) -> int:
    """The most promises kept when each visit follows the last of its technician, with any choice of who goes."""

    def best(rest: Sequence[Job], free: dict[int, datetime]) -> int:
        if not rest:
            return 0
        head, *tail = rest
        found = best(tail, free)
        for person in workers:
            start = free[person.id]
            if may_go(head, person) and head.due is not None and start < head.due and start + head.duration <= at(16):
                found = max(found, 1 + best(tail, {**free, person.id: start + head.duration}))
        return found

    return best(order, {person.id: at(8) for person in workers})


@by_each_planner
def test_proposes_in_the_order_of_time(make: Make) -> None:
    found = make([job(pk) for pk in range(1, 7)], [worker(LI), worker(WANG)])
    assert all(one.start <= other.start for one, other in pairwise(found.proposals))
