"""Every mistake is found at load, with its place and one thing to do."""

import pytest

from model.records import RecordKind
from tests.mapping.expression.samples import mistake

WORK, DEAL, SAVING, RELEASE = RecordKind.WORK_ITEM, RecordKind.DEAL, RecordKind.SAVING, RecordKind.RELEASE


@pytest.mark.parametrize(
    ("text", "marked", "message", "hint"),
    [
        ("priority > 3", ">", "cannot compare text with number", "a text stands in quotes: '3'"),
        ("lables contains 'erp'", "lables", "unknown field 'lables'", "did you mean 'labels'?"),
        ("title = 'erp", "'erp", "unclosed quote", "end the text with '"),
        (
            "due < '2026-10-31'",
            "<",
            "cannot compare date with text",
            "numbers and dates stand without quotes: 2026-10-31",
        ),
        ("due < 2026-02-30", "2026-02-30", "there is no such day: 2026-02-30", ""),
        ("due < 30d", "<", "cannot compare date with length of time", "count from a day: today + 30d"),
        ("due < todya", "todya", "unknown field 'todya'", "did you mean 'today'?"),
        ("priority == 'High'", "==", "== means nothing here", "write ="),
        ("priority <> 'High'", "<>", "<> means nothing here", "write !="),
        ("key = 'a' && key = 'b'", "&&", "&& means nothing here", "write and"),
        ("priority = High", "High", "unknown field 'High'", "a text stands in quotes: 'High'"),
        ("priority in [High]", "High", "unknown field 'High'", "a text stands in quotes: 'High'"),
        ("priority < 'High'", "<", "< says nothing about texts", "texts are compared with =, !=, in, contains or like"),
        ("status_category = 'dne'", "'dne'", "status_category is never 'dne'", "did you mean 'done'?"),
        ("category in ['done', 'x']", "'x'", "category is never 'x'", "one of: todo, doing, done, dropped"),
        ("'labels' = 'erp'", "=", "both sides are fixed values", "the name of a field stands without quotes: labels"),
        ("labels", "labels", "a condition must stand here, not a list of texts", "write labels contains '…'"),
        (
            "1 < estimate < 5",
            " < 5",
            "a value must stand beside <, not a condition",
            "join conditions with and: 1 < estimate and estimate < 5",
        ),
        ("estimate in []", "[]", "the list is empty", "put values in it"),
        ("estimate in [1 2]", "2", "2 is not expected before ]", "put a comma between the values of a list"),
        ("labels in [3]", "in", "cannot compare list of texts with number", ""),
        ("'erp' in title", "in", "'in' needs a list, not a text", None),
        ("estimate contains 'x'", "contains", "a number contains nothing", "contains asks a list or a text"),
        ("title like key", "like", "'like' needs a pattern in quotes", None),
        ("estimate + 3d > 2", "+", "days cannot be added to a number", "days are added to a date: today + 30d"),
        ("due - start > 3d", "-", "- needs a length of time, not a date", None),
        ("due > 99999d", "99999d", "99999d is longer than a hundred years", ""),
        ("estimate > 1e5", "1e5", "1e5 is neither a number nor a date", None),
        ("due is null", "null", "null cannot follow 'is'", "write is empty, is not empty, or ="),
        ("title = ''", "''", "the text is empty", "write: is empty, or: is not empty"),
        ("“x” = title", "“", "“ is no quote here", "write plain quotes: 'text' or \"text\""),
        ("(due is empty", "(", "( is never closed", "close it with )"),
        ("due is empty)", ")", "nothing was opened that ) could close", "remove it"),
        ("labels contain 'x'", "contain", "contain is not expected here", "did you mean 'contains'?"),
        ("key = not key", "not", "'not' is not expected here", "write not before the whole comparison"),
        ("fields.Region = 'x'", ".", ". means nothing here", None),
        ("fields['Nowhere'] = 'x'", "'Nowhere'", "unknown field 'Nowhere'", None),
    ],
)
def test_the_mistake_is_told_where_it_stands(text: str, marked: str, message: str, hint: str | None) -> None:
    error = mistake(text)
    assert error.message == message
    if hint is not None:
        assert error.hint == hint
    sign = marked.strip().split(" ")[0]
    assert text[error.column - 1 : error.column - 1 + error.length] == sign
    assert str(error).startswith(f"error: {message}\n  --> column {error.column}")


@pytest.mark.parametrize(
    ("text", "kinds", "message", "hint"),
    [
        ("amount > 5", [DEAL], "cannot compare money with number", "add the currency: 100000 EUR"),
        ("amount > 5 eur", [DEAL], "a currency is written in capitals", "write 5 EUR"),
        ("due < today", [WORK, DEAL], "a deal has no field 'due'", "ask for one kind of record: kind: work_item"),
        ("amount > 5 EUR", [WORK], "a work item has no field 'amount'", None),
        ("labels contains 'x'", [DEAL, SAVING], "a deal has no field 'labels'", None),
        ("released = 'yes'", [RELEASE], "cannot compare true or false with text", ""),
        ("released > archived", [RELEASE], "> says nothing about true or false", ""),
    ],
)
def test_fields_and_types_are_those_of_the_kinds(
    text: str, kinds: list[RecordKind], message: str, hint: str | None
) -> None:
    error = mistake(text, *kinds)
    assert error.message == message
    assert hint is None or error.hint == hint


@pytest.mark.parametrize(
    "text", ["", "  \n", "and", "key =", "not", "(", "[", "key = 'a' and", "-", "due +", "fields["]
)
def test_an_expression_that_ends_too_early_is_a_mistake(text: str) -> None:
    assert mistake(text).column <= len(text) + 1


def test_with_unknown_custom_fields_any_other_name_may_be_one_but_no_field_of_another_kind() -> None:
    assert mistake("amount > 5 EUR", custom=None).message == "a work item has no field 'amount'"


def test_too_long_is_refused() -> None:
    error = mistake("key = 'a' or " * 1000)
    assert error.message == "the expression has 13,000 characters, at most 10,000 are read"
