"""The judgement of a warranty, by its properties."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aftersales.customers.warranty import Cover
from visits.states_warranty import Exclusion, Outcome, Proof, Rule
from visits.warranty import Inputs, decide, overall

pytestmark = pytest.mark.rule("R11")

days = st.dates(date(2000, 1, 1), date(2040, 1, 1))
terms = st.fixed_dictionaries({cover: st.integers(0, 120) for cover in Cover})
exclusions = st.frozensets(st.sampled_from(list(Exclusion)))
proofs = st.sampled_from(list(Proof))
inputs = st.builds(Inputs, on=days, proof=proofs, started_on=st.none() | days, months=terms, exclusions=exclusions)
CHARGED = dict.fromkeys(Cover, Outcome.CHARGED)


@given(inputs)
def test_an_exclusion_charges_everything(given_: Inputs) -> None:
    assume(given_.exclusions)
    verdict = decide(given_)
    assert (verdict.covers, verdict.overall, verdict.rules) == (CHARGED, Outcome.CHARGED, (Rule.EXCLUDED,))


@given(inputs)
def test_without_proof_or_a_day_to_count_from_nothing_is_free(given_: Inputs) -> None:
    assume(given_.proof == Proof.NONE or given_.started_on is None)
    assert decide(given_).covers == CHARGED


@given(inputs, st.sampled_from(list(Cover)), st.integers(1, 60))
def test_a_longer_term_takes_nothing_away(given_: Inputs, cover: Cover, more: int) -> None:
    longer = Inputs(
        given_.on,
        given_.proof,
        given_.started_on,
        {**given_.months, cover: given_.months[cover] + more},
        given_.exclusions,
    )
    before, after = decide(given_), decide(longer)
    for one in Cover:
        if one != cover:
            assert after.covers[one] == before.covers[one]
    assert not (before.covers[cover] == Outcome.IN_WARRANTY and after.covers[cover] == Outcome.CHARGED)


@given(inputs, st.integers(0, 4000))
def test_an_earlier_report_takes_nothing_away(given_: Inputs, earlier: int) -> None:
    sooner = Inputs(
        given_.on - timedelta(days=earlier), given_.proof, given_.started_on, given_.months, given_.exclusions
    )
    before, after = decide(given_), decide(sooner)
    assert all(after.covers[one] == Outcome.IN_WARRANTY for one in Cover if before.covers[one] == Outcome.IN_WARRANTY)


@given(st.builds(Inputs, on=days, proof=st.sampled_from([Proof.VOUCHER, Proof.BARCODE]), started_on=days, months=terms))
def test_the_last_day_counts_and_the_next_does_not(given_: Inputs) -> None:
    for cover, last in decide(given_).ends.items():
        assert (last is None) == (given_.months[cover] == 0)
        if last is not None:
            for on, outcome in ((last, Outcome.IN_WARRANTY), (last + timedelta(days=1), Outcome.CHARGED)):
                judged = decide(Inputs(on, given_.proof, given_.started_on, given_.months))
                assert judged.covers[cover] == outcome


@given(st.fixed_dictionaries({cover: st.sampled_from([Outcome.IN_WARRANTY, Outcome.CHARGED]) for cover in Cover}))
def test_one_word_sums_the_three_up(covers: dict[Cover, Outcome]) -> None:
    words = set(covers.values())
    assert overall(covers) == (Outcome.PARTLY if len(words) == 2 else words.pop())


@given(inputs)
def test_names_the_proof_that_decided(given_: Inputs) -> None:
    rules = decide(given_).rules
    assert (Rule.BY_VOUCHER in rules) == (given_.proof == Proof.VOUCHER and not given_.exclusions)
    assert (Rule.BY_BARCODE in rules) == (given_.proof == Proof.BARCODE and not given_.exclusions)
