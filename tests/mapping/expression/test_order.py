"""Every sign on every type that has an order, below, at and above the wanted value, and where nothing is said."""

import dataclasses
import operator
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from model.money import Money
from model.records import Record
from tests.mapping.expression.samples import BLANK, DEAL, truth

SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
NUMBERS = [Decimal(1), Decimal("2.0"), Decimal(3)]
DAYS = [date(2026, 11, day) for day in (1, 2, 3)]
CASES: dict[str, tuple[Record, str, list[Any], str]] = {
    "number": (BLANK, "estimate", NUMBERS, "2"),
    "date": (BLANK, "due", DAYS, "2026-11-02"),
    "today": (BLANK, "due", DAYS, "today"),
    "shifted": (BLANK, "due", DAYS, "2026-10-30 + 3d"),
    "time": (BLANK, "created", [datetime(2026, 11, day, 23, tzinfo=UTC) for day in (1, 2, 3)], "2026-11-02"),
    "money": (DEAL, "amount", [Money(number, "EUR") for number in NUMBERS], "2 EUR"),
    "custom number": (BLANK, "Points", NUMBERS, "2"),
    "custom date": (BLANK, "Points", DAYS, "2026-11-02"),
    "custom text of a number": (BLANK, "Points", ["1", " 2.00 ", "3"], "2"),
}


def saying(record: Record, name: str, value: Any) -> Record:
    if name == "Points":
        return dataclasses.replace(record, custom={name: value})
    return dataclasses.replace(record, **{name: value})


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("case", CASES)
def test_a_sign_means_the_same_for_every_type(case: str, sign: str) -> None:
    record, name, seen, wanted = CASES[case]
    mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(sign, sign)
    for place, value in enumerate(seen):
        asked, expected = saying(record, name, value), SIGNS[sign](place, 1)
        assert truth(f"{name} {sign} {wanted}", asked) is expected
        assert truth(f"{wanted} {mirrored} {name}", asked) is expected
        assert truth(f"not ({name} {sign} {wanted})", asked) is not expected
    assert truth(f"{name} {sign} {wanted}", saying(record, name, None)) is None
