"""How the periods of measurements are read."""

from datetime import date

import pytest

from reconcile.periods import Period, period_of


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-10", date(2026, 10, 1), date(2026, 10, 31)),
        ("10/2026", date(2026, 10, 1), date(2026, 10, 31)),
        ("Oct 2026", date(2026, 10, 1), date(2026, 10, 31)),
        ("Okt. 2026", date(2026, 10, 1), date(2026, 10, 31)),
        ("2026 März", date(2026, 3, 1), date(2026, 3, 31)),
        ("Q1 2027", date(2027, 1, 1), date(2027, 3, 31)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("H2 2026", date(2026, 7, 1), date(2026, 12, 31)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 4)),
        ("2026-09-05", date(2026, 9, 5), date(2026, 9, 5)),
        ("2026-09-05 to 2026-09-18", date(2026, 9, 5), date(2026, 9, 18)),
    ],
)
def test_a_period_is_read_as_its_days(text: str, first: date, last: date) -> None:
    assert period_of(text) == Period(last, first)


@pytest.mark.parametrize(
    "text", ["", "Q4 FY26", "soon", "13/2026", "2026-W60", "2026-09-18 to 2026-09-05", "until 2026-12-31", "26-10"]
)
def test_what_is_no_period_is_not_guessed(text: str) -> None:
    assert period_of(text) is None
