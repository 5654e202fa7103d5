"""I27: which figures of a saving the workbook calculates, so that one that is typed over can be told."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from model.records import Saving
from tests.connectors.spreadsheet.books import COLUMNS, calculate, extract, options, read, write

HEADER = ("No.", "Name", "Start", "Amount", "Okt 26", "Nov 26", "Rate")
MONTHS = {"months": [{"series": "plan"}], "custom": {"rate": {"header": "Rate", "type": "number"}}}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "Tracker.xlsx"


def tracker(book: Path, october: object) -> None:
    """One saving: its baseline and its extra column are calculated, and October is as told."""
    write(book, [HEADER, ("M-1", "Press", None, "=E2+F2", october, 20, "=F2/2")])
    results = {"D2": "30", "G2": "10"} | ({"E2": "10"} if isinstance(october, str) else {})
    calculate(book, results)


def saving(book: Path, **changes: Any) -> Saving:
    record = read(book, **MONTHS, **changes)["M-1"]
    assert isinstance(record, Saving)
    return record


def test_the_figures_that_are_calculated_are_named_when_that_is_asked_for(book: Path) -> None:
    tracker(book, "=F2/2")
    assert saving(book, formulas=True).custom == {"rate": Decimal(10), "formulas": ("baseline", "plan.2026-10")}
    assert saving(book).custom == {"rate": Decimal(10)}


def test_a_figure_that_is_typed_over_is_a_new_content_even_if_it_stays_the_same(book: Path) -> None:
    tracker(book, "=F2/2")
    before, told_before = extract(book, **MONTHS).content_hash, extract(book, **MONTHS, formulas=True).content_hash
    tracker(book, 10)
    assert saving(book, formulas=True).custom["formulas"] == ("baseline",)
    assert extract(book, **MONTHS, formulas=True).content_hash != told_before
    assert extract(book, **MONTHS).content_hash == before  # nobody asked


def test_a_file_that_tells_values_alone_names_none(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large sheet only the formulas that add others up are known: that is not enough to say which went."""
    tracker(book, "=F2/2")
    monkeypatch.setattr("connectors.spreadsheet.opening.is_large", lambda _facts: True)
    assert "formulas" not in saving(book, formulas=True).custom


@pytest.mark.parametrize(
    ("path", "changes", "message"),
    [
        ("t.csv", {}, "only for .xlsx and .xlsm"),
        ("t.xlsx", {"reader": "python-calamine"}, "python-calamine sees none"),
        ("t.xlsx", {"records": "work_item", "columns": {"key": "No."}}, "only for savings"),
        ("t.xlsx", {"custom": {"formulas": "Rate"}}, "cannot be a column as well"),
    ],
)
def test_where_no_formula_can_be_seen_the_setting_is_refused(path: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        options(Path(path), **{"formulas": True, "columns": COLUMNS, **changes})
