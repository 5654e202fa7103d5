"""Records are built page by page, of packed rows: the same ones as cell by cell, in little memory, with one hash."""

import tracemalloc
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.spreadsheet import large, sheet_records
from connectors.spreadsheet.extract import Extract
from connectors.spreadsheet.plain_rows import PlainRows
from connectors.spreadsheet.sheet_records import SheetRecords
from tests.connectors.spreadsheet.books import COLUMNS, HEADER, calculate, connector, extract, save, write

MAPPED: dict[str, Any] = {
    "columns": {**COLUMNS, "currency": "Currency", "light": "Light", "run_rate": "Run-rate in kEUR"},
    "custom": {
        "share": {"header": "Share", "type": "percent"},
        "tags": {"header": "Tags", "type": "list"},
        "seen": {"header": "Seen", "type": "date", "locale": "de"},
        "effort": {"header": "Effort", "type": "number", "unit": "k"},
        "note": "Note",
    },
    "months": [{"series": "plan", "group": "Plan"}, {"series": "actual", "group": "Ist"}],
}
GROUPS = (*[None] * 12, "Plan", "Plan", "Ist", "Ist")
TITLES = (*HEADER, "Currency", "Light", "Run-rate in kEUR", "Share", "Tags", "Seen", "Effort", "Note")
MONTHS = ("Okt 26", "Nov 26", "Okt 26", "Nov 26")

keys = st.one_of(
    st.integers(1, 9), st.sampled_from(["M-1", "m-1", "Ü-2", "No.", "Total", "", " ", "#N/A", None, True, 1.0])
)
texts = st.sampled_from(["Press", " a  b ", "Name", "", " ", "\u3000", "tbd", "#REF!", "x\ny", 7, 0.1, True, None])
dates = st.sampled_from(
    [date(2026, 10, 1), datetime(2026, 10, 1, 12), "1.10.2026", "03/04/2026", 46296, "soon", "-", None]
)
amounts = st.one_of(
    st.integers(-(10**6), 10**6),
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: round(number, 4)),
    st.sampled_from(
        [0, 1, True, "1.234,5", "5 k€", "7 $", "(3)", "15 %", "n/a", "", " ", "x", 1e-13, 1e17, 0.1 + 0.2, None]
    ),
)
currencies = st.sampled_from([None, None, "EUR", "usd", "XXX"])
lights = st.sampled_from([None, "green", "Rot", "odd", "-", 3])
shares = st.sampled_from([0.15, "15 %", 1, 15, True, "x", None])
lists = st.sampled_from(["a, b;c", "", 5, None])
rows_of_a_sheet = st.lists(
    st.tuples(
        keys, texts, dates, amounts, currencies, lights, amounts, shares, lists, dates, amounts, texts,
        amounts, amounts, amounts, amounts,
    ),
    min_size=1,
    max_size=12,
)  # fmt: skip


@pytest.fixture
def always_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "LARGE_CELLS", 0)


def tracker(path: Path, rows: list[tuple[Any, ...]]) -> None:
    sheet = write(path, [GROUPS, (*TITLES, *MONTHS), *rows])
    sheet.merge_cells("M1:N1")
    sheet.merge_cells("O1:P1")
    for row in range(3, len(rows) + 3, 2):
        sheet.cell(row, 4).number_format = '0 "k€"'
        sheet.cell(row, 13).number_format = "0.00 $"
    save(sheet, path)


def everything(found: Extract) -> object:
    return found.records, found.set_aside, found.ids_by_container, found.unreadable_keys, found.problems


def cell_by_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be told at a glance."""
    monkeypatch.setattr(PlainRows, "_key", lambda *_: None)
    monkeypatch.setattr(sheet_records.PlainReader, "read", lambda _self, _packed, rows: [None] * len(rows))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows_of_a_sheet)
def test_a_glance_tells_what_a_closer_look_tells(
    rows: list[tuple[Any, ...]], tmp_path: Path, always_large: None
) -> None:
    path = tmp_path / "T.xlsx"
    tracker(path, rows)
    quick = everything(extract(path, **MAPPED))
    with pytest.MonkeyPatch.context() as monkeypatch:
        cell_by_cell(monkeypatch)
        assert everything(extract(path, **MAPPED)) == quick


@pytest.mark.parametrize("reader", ["python-calamine", "text"])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(keys, texts, dates, amounts), min_size=1, max_size=12))
def test_a_glance_tells_the_same_of_values_alone(reader: str, rows: list[tuple[Any, ...]], tmp_path: Path) -> None:
    """X5: where an error is only a text."""
    path = tmp_path / ("T.csv" if reader == "text" else "T.xlsx")
    chosen = {} if reader == "text" else {"reader": reader}
    if reader == "text":
        lines = (";".join("" if value is None else f'"{value}"' for value in row) for row in (HEADER, *rows))
        path.write_text("\n".join(lines) + "\n")
    else:
        write(path, [HEADER, *rows])
    quick = everything(extract(path, **chosen))
    with pytest.MonkeyPatch.context() as monkeypatch:
        cell_by_cell(monkeypatch)
        assert everything(extract(path, **chosen)) == quick


def test_most_rows_need_no_closer_look(tmp_path: Path, always_large: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the two above: the quick way is taken at all."""
    path = tmp_path / "T.xlsx"
    write(path, [HEADER, *((f"M-{number}", "Press", None, number) for number in range(50)), ("M-99", "Oil", "x", 5)])
    looked: list[int] = []
    record = SheetRecords.record
    monkeypatch.setattr(SheetRecords, "record", lambda self, place: looked.append(place) or record(self, place))
    assert len(extract(path).records) == 50
    assert looked == [50]


def test_a_page_holds_so_many_rows_with_those_that_are_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "T.xlsx"
    rows = [(f"M-{number}", "Press", "soon" if number % 10 == 0 else None, number) for number in range(1, 1_201)]
    write(path, [HEADER, *rows, ("M-1", "twin", None, 1)])
    pages = list(connector(path).changed(None))
    assert [len(page.records) + len(page.set_aside) for page in pages] == [502, 500, 199]
    assert sum(len(page.set_aside) for page in pages) == 122
    assert [aside.native_id for aside in pages[0].set_aside[:2]] == ["Savings/M-1", "Savings/M-1"]


def test_pages_are_built_while_they_are_taken(tmp_path: Path, always_large: None) -> None:
    """The negative control is the list of all records, which takes more than twice as much of even a small sheet."""
    path = tmp_path / "T.xlsx"
    write(path, [HEADER, *((f"M-{number}", f"Press {number}", None, number) for number in range(4_000))])
    found = extract(path)

    def most(records: Iterator[object]) -> int:
        tracemalloc.start()
        for _ in records:
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert most(found.pages(100)) * 2 < most(found.records for _ in range(1))


@pytest.mark.parametrize("is_large", [False, True])
def test_the_hash_is_that_of_mapped_cells_and_what_they_mean(
    is_large: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X27: saving anew or writing beside the table changes nothing; a value, a unit, an error or a setting does."""
    if is_large:
        monkeypatch.setattr(large, "LARGE_CELLS", 0)
    path = tmp_path / "T.xlsx"

    def hashed(change: Any = lambda _sheet: None, results: dict[str, str] | None = None, **changes: Any) -> str:
        rows = [("M-1", "Press", date(2026, 10, 1), 5, "x"), ("M-2", "Belt", None, "=1+1", "y")]
        sheet = write(path, [(*HEADER, "Notes"), *rows])
        change(sheet)
        save(sheet, path)
        calculate(path, results or {"D3": "2"})
        return extract(path, **changes).content_hash

    def put(address: str, value: Any) -> Any:
        return lambda sheet: sheet.__setitem__(address, value)

    def shown(address: str, number_format: str) -> Any:
        return lambda sheet: setattr(sheet[address], "number_format", number_format)

    same = hashed()
    assert hashed() == same
    assert hashed(put("E2", "z")) == same
    assert hashed(shown("D2", "#,##0.00")) == same
    assert hashed(currency="EUR", most_cells=10**6) == same
    others = [
        hashed(put("D2", 6)),
        hashed(put("B3", "Oil")),
        hashed(shown("D2", '0 "k€"')),
        hashed(results={"D3": "#REF!"}),
        hashed(put("A2", "M-9")),
        hashed(currency="USD"),
        hashed(columns={**COLUMNS, "baseline": {"header": "Amount", "unit": "kEUR"}}),
    ]
    assert len({same, *others}) == 1 + len(others)


def test_columns_that_are_not_mapped_are_forgotten(tmp_path: Path, always_large: None) -> None:
    path = tmp_path / "T.xlsx"
    write(path, [(*HEADER, *"abcdefgh"), ("M-1", "Press", None, 5, *range(8))])
    found = extract(path)
    assert found.sheet.cell(2, 5).value is None
    assert found.sheet.cell(2, 4).value == 5


def test_a_key_that_stands_in_very_many_rows_is_told_briefly(tmp_path: Path) -> None:
    """F4: the reason is kept for each of the rows."""
    path = tmp_path / "T.xlsx"
    write(path, [HEADER, *(("M-1", "Press", None, number) for number in range(100))])
    found = extract(path).set_aside
    assert len(found) == 100
    assert found[0].reason.endswith("A20, A21 and 80 more cells; which row is meant?")
