"""What a unit in a header, below it or beside the table means for the amounts (X6, X10, X15)."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.spreadsheet.units import bare_unit, is_unit, unit_in_header, without_unit
from model.errors import SourceContentError
from tests.connectors.spreadsheet.books import extract, options, read, write

THOUSAND_EUROS = [
    "Baseline in k€",
    "Baseline [TEUR]",
    "Baseline (T€)",
    "Baseline, kEUR",
    "Baseline\nin Tsd. EUR",
    "Baseline / k EUR",
    "Baseline (EUR '000)",
    "Baseline in thousand EUR",
    "Baseline in thousands of EUR",
    "Baseline in 1.000 €",
    "Baseline (€k)",
    "Baseline\N{NO-BREAK SPACE}in\N{NO-BREAK SPACE}k€*",
]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "Tracker.xlsx"


@pytest.mark.parametrize("header", THOUSAND_EUROS)
def test_a_column_is_found_and_counted_by_the_unit_in_its_header(header: str, book: Path) -> None:
    write(book, [("No.", header), ("M-1", 1.5)])
    (saving,) = read(book, columns={"key": "No.", "baseline": "Baseline"}, currency=None).values()
    assert (getattr(saving, "baseline", None), getattr(saving, "currency", None)) == (Decimal(1500), "EUR")


@pytest.mark.parametrize(
    "header",
    ["Baseline", "Base K", "Team EUR", "Marketing", "Measure in t", "Budget k", "Number of users", "5 km", "In Kenia"],
)
def test_ordinary_headers_name_no_unit(header: str) -> None:
    assert unit_in_header(header) is None
    assert without_unit(header) == header


@pytest.mark.parametrize(("header", "currency"), [("Cost [USD]", "USD"), ("Cost in GBP", "GBP"), ("Cost (€)", "EUR")])
def test_a_currency_alone_in_a_header_is_followed(header: str, currency: str, book: Path) -> None:
    """X10: the file's currency must not be put on amounts that the header says are in another."""
    write(book, [("No.", header), ("M-1", 5)])
    found = extract(book, columns={"key": "No.", "baseline": "Cost"}, currency="CHF")
    assert [getattr(record, "currency", None) for record in found.records] == [currency]


def test_two_columns_that_differ_in_currency_are_never_mixed_up(book: Path) -> None:
    write(book, [("No.", "Cost in USD"), ("M-1", 5)])
    with pytest.raises(Exception, match="no column 'Cost in EUR'"):
        extract(book, columns={"key": "No.", "baseline": "Cost in EUR"})


def test_a_configured_unit_in_another_currency_than_the_header_is_refused(book: Path) -> None:
    write(book, [("No.", "Cost (USD)"), ("M-1", 5)])
    with pytest.raises(SourceContentError, match="names another unit than the configured EUR"):
        extract(book, columns={"key": "No.", "baseline": {"header": "Cost", "unit": "EUR"}})


@pytest.mark.parametrize("unit", ["[T€]", "in k€", "kEUR", "(TEUR)", "k"])
def test_units_in_a_row_of_their_own_are_followed(unit: str, book: Path) -> None:
    write(book, [("No.", "Name", "Baseline"), (None, None, unit), ("M-1", "Press", 1.5)])
    found = extract(book, columns={"key": "No.", "title": "Name", "baseline": "Baseline"})
    assert [getattr(record, "baseline", None) for record in found.records] == [Decimal(1500)]
    assert found.set_aside == []


def test_a_row_below_the_header_with_a_key_is_a_row(book: Path) -> None:
    write(book, [("No.", "Currency", "Baseline"), ("EUR", "EUR", 5)])
    columns = {"key": "No.", "currency": "Currency", "baseline": "Baseline"}
    assert [record.key for record in extract(book, columns=columns).records] == ["EUR"]


@pytest.mark.parametrize(
    "note", ["All amounts in k€", "Alle Angaben in TEUR", "Tracker 2026 (T€)", "Beträge: Tsd. EUR", "in Mio. EUR"]
)
@pytest.mark.parametrize("below", [False, True])
def test_a_note_of_thousands_beside_the_table_is_not_ignored(note: str, below: bool, book: Path) -> None:
    """What it is about only people know; read as single units the amounts would be a thousand times too small."""
    rows: list[tuple[Any, ...]] = [("No.", "Name", "Baseline"), ("M-1", "Press", 5)]
    write(book, [*rows, (), (None, note)] if below else [("x", note), (), *rows])
    columns: dict[str, Any] = {"key": "No.", "title": "Name", "baseline": "Baseline"}
    with pytest.raises(SourceContentError, match=r"nothing tells whether that holds for C[13] 'Baseline'") as caught:
        extract(book, columns=columns)
    assert caught.value.problems[0].location == f"Tracker.xlsx!Savings!B{4 if below else 1}"
    columns["baseline"] = {"header": "Baseline", "unit": "kEUR"}
    assert [getattr(record, "baseline", 0) >= 5000 for record in extract(book, columns=columns).records] == [True]


@pytest.mark.parametrize("note", ["Approved up to 5 k€ by the board", "Budget Team EUR", "Kosten in 2026", "k. A."])
def test_a_sum_in_a_sentence_is_no_note_about_amounts(note: str, book: Path) -> None:
    write(book, [("x", note), (), ("No.", "Name", "Baseline"), ("M-1", "Press", 5)])
    assert len(extract(book, columns={"key": "No.", "title": "Name", "baseline": "Baseline"}).records) == 1


def test_what_a_cell_below_a_header_may_hold_to_be_a_unit() -> None:
    for text in ("[T€]", "(%)", "[days]", "EUR", "in k€", "%"):
        assert is_unit(text)
    for text in ("M-1", "Press", "5", "", "[a very long remark about it]", "01.10.2026"):
        assert not is_unit(text)
    assert bare_unit("in kEUR") == bare_unit("[T€]")


def test_the_shape_of_a_column_tells_its_unit(book: Path) -> None:
    from connectors.spreadsheet.shape import shape_of

    columns = {"key": "No.", "baseline": "Baseline"}
    write(book, [("No.", "Baseline [T€]"), ("M-1", 5)])
    before = shape_of(options(book, columns=columns), extract(book, columns=columns))
    write(book, [("No.", "Baseline"), ("M-1", 5)])
    after = shape_of(options(book, columns=columns), extract(book, columns=columns))
    assert before["baseline"] != after["baseline"]
