"""Compiled expressions against a plain interpreter, printing and reading again, and what the index may rely on."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.expression import Expression, ExpressionError, parse_expression
from mapping.facts import Facts, Names
from model.records import Deal, Record, RecordKind, WorkItem
from tests.examples import examples
from tests.mapping.expression.naive import (
    TODAY,
    deal_expressions,
    deals,
    judge,
    work_expressions,
    work_items,
    write,
)

TREES = st.one_of(
    st.tuples(work_expressions, st.lists(work_items, min_size=1, max_size=4)),
    st.tuples(deal_expressions, st.lists(deals, min_size=1, max_size=4)),
)


def read(tree: Any, record: Record) -> Any:
    return parse_expression(write(tree), kinds=[record.kind], custom=["Extra"])


def tried(text: str, kinds: set[RecordKind], custom: tuple[str, ...] | None) -> Expression | None:
    """The expression, or None for a mistake, which must say where it stands."""
    mistake: ExpressionError | None = None
    try:
        return parse_expression(text, kinds=kinds, custom=custom)
    except ExpressionError as error:
        mistake = error
    assert 1 <= mistake.column <= len(text) + 1
    assert mistake.length >= 1
    assert mistake.message
    return None


@settings(max_examples=examples(200), deadline=None)
@given(TREES)
def test_an_expression_comes_to_what_a_plain_interpreter_says(case: tuple[Any, list[Record]]) -> None:
    tree, records = case
    expression = read(tree, records[0])
    for record in records:
        facts = Facts(record, Names())
        assert expression.truth(facts, TODAY) is judge(tree, record)
        assert expression.holds(facts, TODAY) is (judge(tree, record) is True)


@settings(max_examples=examples(200), deadline=None)
@given(TREES)
def test_printing_and_reading_again_gives_the_same(case: tuple[Any, list[Record]]) -> None:
    tree, records = case
    expression = read(tree, records[0])
    again = parse_expression(str(expression), kinds=[records[0].kind], custom=["Extra"])
    assert again._root == expression._root
    assert str(again) == str(expression)
    for record in records:
        facts = Facts(record, Names())
        assert again.truth(facts, TODAY) is expression.truth(facts, TODAY)


@settings(max_examples=examples(200), deadline=None)
@given(TREES)
def test_a_record_that_matches_meets_every_equality(case: tuple[Any, list[Record]]) -> None:
    tree, records = case
    expression = read(tree, records[0])
    for record in records:
        facts = Facts(record, Names())
        if expression.holds(facts, TODAY):
            for name, texts in expression.equalities.items():
                assert texts & facts.folded(name), name


@settings(max_examples=examples(200), deadline=None)
@given(TREES)
def test_the_failure_names_a_part_that_reads_no_more_than_the_whole(case: tuple[Any, list[Record]]) -> None:
    tree, records = case
    expression = read(tree, records[0])
    for record in records:
        failed = expression.first_failure(Facts(record, Names()), TODAY)
        assert (failed is None) is (judge(tree, record) is True)
        if failed is not None:
            assert expression.text[failed.column - 1 : failed.column - 1 + failed.length] == failed.text
            assert {name for name, _ in failed.seen} <= expression.reads
            part = parse_expression(failed.text, kinds=[record.kind], custom=["Extra"])
            assert part.truth(Facts(record, Names()), TODAY) is failed.holds


WORDS = st.sampled_from(
    [
        *("and", "or", "not", "in", "contains", "like", "is", "empty", "true", "today", "fields", "labels", "due"),
        *("estimate", "title", "Extra", "key", "(", ")", "[", "]", ",", "=", "!=", "<", ">=", "+", "-", "'a'", "30d"),
        *("5", "5 EUR", "2026-10-31", "==", "'", "\x00", "ß", "\u00a0", "{", "__class__", ".", "amount", "priority"),
    ]
)


@settings(max_examples=examples(300), deadline=None)
@given(
    st.one_of(
        st.text(max_size=60), st.lists(WORDS, max_size=14).map(" ".join), st.lists(WORDS, max_size=14).map("".join)
    ),
    st.sets(st.sampled_from(RecordKind)),
    st.sampled_from([None, (), ("Extra", "and", "x y")]),
    work_items,
    deals,
)
def test_garbage_is_an_expression_or_a_located_mistake(
    text: str, kinds: set[RecordKind], custom: tuple[str, ...] | None, item: WorkItem, deal: Deal
) -> None:
    expression = tried(text, kinds, custom)
    if expression is None:
        return
    for record in (item, deal):
        facts = Facts(record, Names())
        failed = expression.first_failure(facts, TODAY)
        assert (failed is None) is expression.holds(facts, TODAY)


@settings(max_examples=examples(200), deadline=None)
@given(TREES, st.integers(0, 400), st.sampled_from(["", "'", "(", ")", "x", " ", "\x00", "not ", "[", "é"]))
def test_a_broken_expression_is_read_or_refused(case: tuple[Any, list[Record]], at: int, put: str) -> None:
    tree, records = case
    text = write(tree)
    broken = text[: at % len(text)] + put + text[at % len(text) + 1 :]
    expression = tried(broken, {records[0].kind}, ("Extra",))
    if expression is not None:
        facts = Facts(records[0], Names())
        assert expression.holds(facts, TODAY) is (expression.truth(facts, TODAY) is True)
