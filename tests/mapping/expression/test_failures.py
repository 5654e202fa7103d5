"""The smallest part that failed, for whoever asks why a record is not linked."""

import dataclasses

import pytest

from mapping.facts import Facts
from model.records import Record
from tests.mapping.expression.samples import BLANK, DEAL, NAMES, ROLLOUT, TODAY, read


def failure(text: str, record: Record = ROLLOUT) -> str:
    failed = read(text, record).first_failure(Facts(record, NAMES), TODAY)
    assert failed is not None
    assert text[failed.column - 1 : failed.column - 1 + failed.length] == failed.text
    return str(failed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("labels contains 'erp' and estimate > 8", "estimate > 8 does not hold: estimate is '5'"),
        (
            "labels = 'erp' and (key = 'X' or (owner = 'Bo'))",
            "(key = 'X' or (owner = 'Bo')) does not hold: key is 'AUR-7' and 'OLD-7', owner is 'Anna Berg'",
        ),
        ("not (estimate > 8 or priority = 'High')", "priority = 'High' holds and must not: priority is 'High'"),
        ("not (priority = 'High')", "not (priority = 'High') does not hold: priority is 'High'"),
        ("estimate = 5 and finished < today", "finished < today cannot be told: finished is nothing"),
        (
            "estimate = 5 and finished >= start",
            "finished >= start cannot be told: finished is nothing, start is '2026-10-01'",
        ),
        (
            "not (finished < today or (estimate > 8 or Points = 8))",
            "finished < today cannot be told: finished is nothing",
        ),
        ("not (estimate > 8 or (due < start or Points = 8))", "Points = 8 holds and must not: Points is '8'"),
        ("Region = 3", "Region = 3 cannot be told: Region is 'EMEA' and 'APAC'"),
        ("today < 2026-11-02", "today < 2026-11-02 does not hold"),
    ],
)
def test_the_smallest_part_is_told(text: str, expected: str) -> None:
    assert failure(text) == expected


def test_money_in_another_currency_cannot_be_told() -> None:
    assert failure("amount > 5 USD", DEAL) == "amount > 5 USD cannot be told: amount is '250000 EUR'"


def test_what_is_not_said_is_told_as_nothing() -> None:
    assert failure("due < today and labels contains 'x'", BLANK) == "due < today cannot be told: due is nothing"


def test_an_expression_that_holds_has_no_failure() -> None:
    expression = read("estimate > 3")
    assert expression.first_failure(Facts(ROLLOUT, NAMES), TODAY) is None
    low = Facts(dataclasses.replace(ROLLOUT, estimate=None), NAMES)
    assert expression.first_failure(low, TODAY) is not None
