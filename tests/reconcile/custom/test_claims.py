"""The names of claims: found, or refused with what was probably meant."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.keys import objective_node
from model.objectives import Level, Objective
from model.records import Light
from reconcile.custom.claims import CLAIMS, term_of
from reconcile.custom.comparison import exceeds, gap_between
from reconcile.custom.definition import RELATIONS, ClaimType, DefinitionError, Relation, Subject, Tolerance
from tests.reconcile.world import Stored


@pytest.mark.parametrize(("subject", "name"), [(subject, name) for subject in Subject for name in CLAIMS[subject]])
def test_every_claim_has_a_type_words_and_can_be_read_of_a_world_without_it(subject: Subject, name: str) -> None:
    term = term_of(name, subject, None, None)
    assert term.type in RELATIONS
    assert term.says
    stored = Stored(objectives=[Objective(id="M-1", name="Aurora", level=Level.MEASURE)])
    world = stored.judge(with_checks={}).world
    assert world is not None
    node = objective_node("M-1") if subject is Subject.OBJECTIVE else "jira:NOBODY"
    says_anyhow = {Decimal(0), Light.GREY}  # nothing linked is a number, and no evidence is a light
    assert term.read(world, node).value in {None, *(says_anyhow if subject is Subject.OBJECTIVE else ())}


@pytest.mark.parametrize(
    ("written", "claim_type"),
    [
        ("2026-12-31", ClaimType.DATE),
        ("today", ClaimType.DATE),
        ("today - 2w", ClaimType.DATE),
        ("250000 EUR", ClaimType.AMOUNT),
        ("-1.5 USD", ClaimType.AMOUNT),
        ("3", ClaimType.NUMBER),
        ("0.5", ClaimType.NUMBER),
        ("green", ClaimType.LIGHT),
    ],
)
def test_fixed_values_say_their_type_by_how_they_are_written(written: str, claim_type: ClaimType) -> None:
    term = term_of(written, Subject.DEAL, None, None)
    assert (term.type, term.fixed) == (claim_type, True)


def test_spaces_in_a_name_do_not_count() -> None:
    assert term_of(" sum( saving . forecast ) ", Subject.OBJECTIVE, None, None).name == "sum(saving.forecast)"


@pytest.mark.parametrize("written", ["grey", "2026-13-01", "1,000 EUR", "sum(saving.start)", "value()", "fields.", ""])
def test_what_is_no_claim_is_refused_with_something_to_do(written: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        term_of(written, Subject.OBJECTIVE, None, frozenset())
    assert caught.value.hint


@given(st.text(max_size=300), st.sampled_from(list(Subject)))
def test_any_text_is_a_claim_or_a_definition_error(text: str, subject: Subject) -> None:
    try:
        found = term_of(text, subject, None, None).name
    except DefinitionError as error:
        found = error.message
    assert len(found) < 500


@given(st.dates(), st.dates(), st.integers(0, 1000))
def test_not_before_and_not_after_are_two_sides_of_one_difference(one: date, other: date, days: int) -> None:
    before, after = (gap_between(one, other, each) for each in (Relation.NOT_BEFORE, Relation.NOT_AFTER))
    same = gap_between(one, other, Relation.SAME)
    assert before is not None
    assert after is not None
    assert same is not None
    assert before.size == -after.size == (other - one).days
    assert same.size == abs(before.size)
    assert exceeds(before, other, Tolerance(Decimal(days))) is ((other - one).days > days)
