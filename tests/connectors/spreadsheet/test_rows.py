"""Which rows are records, what names them, and what is set aside (X14, X16, X17, X19)."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.table import Table

from model.errors import SourceContentError, SourceGoneError
from model.reading import Container
from tests.connectors.spreadsheet.books import (
    COLUMNS,
    HEADER,
    calculate,
    connector,
    extract,
    read,
    reasons,
    save,
    write,
)

ROWS = [("M-1", "Press", None, 10), ("M-2", "Belt", None, 20), ("M-3", "Oil", None, 30.5)]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "Tracker.xlsx"


@pytest.mark.parametrize(
    "total",
    [
        ("Total", None, None, 60.5),
        (None, "Summe:", None, 60.5),
        ("Gesamt Einkauf", None, None, 60.5),
        ("Σ", None, None, 60.5),
        (None, None, None, "=SUM(D2:D4)"),
        (None, "All of them", None, "=SUBTOTAL(109,D2:D4)"),
        (None, "All of them", None, "=SUM(Tracked[Amount])"),
    ],
)
def test_a_totals_row_is_left_out_by_its_label_or_its_formula(total: tuple[Any, ...], book: Path) -> None:
    """X16."""
    write(book, [HEADER, *ROWS, total])
    found = extract(book)
    assert [record.key for record in found.records] == ["M-1", "M-2", "M-3"]
    assert [row.number for row in found.table.totals] == [5]
    assert found.set_aside == []
    assert found.problems == [problem for problem in found.problems if "no row fills" in problem.message]


def test_a_saving_whose_name_begins_like_a_total_is_a_record(book: Path) -> None:
    write(book, [HEADER, ("M-1", "Total cost of ownership", None, 10), ("M-2", "Summe X", None, 5)])
    assert list(read(book)) == ["M-1", "M-2"]


def test_a_sum_across_its_own_row_or_another_sheet_is_an_ordinary_amount(book: Path) -> None:
    write(
        book,
        [(*HEADER, "a", "b"), ("M-1", "Press", None, "=SUM(E2:F2)", 1, 2), ("M-2", "Belt", None, "=SUM(Detail!D2:D9)")],
    )
    calculate(book, {"D2": "3", "D3": "4"})
    assert list(read(book)) == ["M-1", "M-2"]


def test_a_row_with_a_key_that_sums_up_others_is_set_aside(book: Path) -> None:
    """X16: counting it would count the others twice, leaving it out silently would lose it."""
    write(book, [HEADER, *ROWS, ("M-9", "Umbrella", None, "=SUM(D2:D4)")])
    calculate(book, {"D5": "60.5"})
    assert list(read(book)) == ["M-1", "M-2", "M-3"]
    assert reasons(book) == {"Savings/M-9": "its amounts add up other rows, which would be counted twice"}


def test_the_totals_row_of_a_table_is_known_by_the_table(book: Path) -> None:
    """X16: the range of a table includes its totals row."""
    sheet = write(book, [HEADER, *ROWS, (None, "In all", None, 60.5)])
    table = Table(displayName="Tracked", ref="A1:D5", totalsRowCount=1)
    sheet.add_table(table)
    save(sheet, book)
    found = extract(book, table="Tracked")
    assert [record.key for record in found.records] == ["M-1", "M-2", "M-3"]
    assert [row.number for row in found.table.totals] == [5]


def test_a_total_that_differs_from_its_rows_is_said_with_its_cell(book: Path) -> None:
    """X16: the check on what was left out."""
    write(book, [HEADER, *ROWS, ("Total", None, None, 99)])
    problems = [problem for problem in extract(book).problems if "total" in problem.message]
    assert [(problem.message, problem.location) for problem in problems] == [
        ("the total of Amount is 99 but the rows above add up to 60.5", "Tracker.xlsx!Savings!D5")
    ]


def test_subtotals_fit_when_each_sums_its_own_part(book: Path) -> None:
    first, second = ("Zwischensumme", None, None, 30), ("Zwischensumme", None, None, 30.5)
    write(book, [HEADER, *ROWS[:2], first, ROWS[2], second, ("Summe", None, None, 60.5)])
    assert not [problem for problem in extract(book).problems if "total" in problem.message]


def test_section_headings_and_footnotes_are_no_records(book: Path) -> None:
    write(book, [HEADER, (None, "Purchasing"), *ROWS, (None, "Amounts before tax")])
    found = extract(book)
    assert len(found.records) == 3
    assert found.table.captions == 2
    assert found.set_aside == []


def test_a_row_without_a_key_is_set_aside_and_not_lost(book: Path) -> None:
    write(book, [HEADER, *ROWS, (None, "Paint", None, 5)])
    (aside,) = extract(book).set_aside
    assert (aside.reason, aside.location) == ("the row has no key", "Tracker.xlsx!Savings!A5")


def test_a_note_in_the_key_column_is_set_aside(book: Path) -> None:
    write(book, [HEADER, *ROWS, ("Stand: 14.09.2026",)])
    assert reasons(book) == {"Savings/Stand: 14.09.2026": "the row holds nothing but its key"}


def test_keys_of_another_form_are_set_aside(book: Path) -> None:
    write(book, [HEADER, *ROWS, ("Green", "on plan", None, 1)])
    assert list(read(book)) == ["M-1", "M-2", "M-3", "Green"]
    assert reasons(book, key_pattern=r"M-\d+") == {"Savings/?A5": "'Green' is not a key of the configured form"}


def test_rows_that_share_a_key_are_all_set_aside_with_both_cells(book: Path) -> None:
    """X19: which one is meant cannot be told; both stay in the census, so that neither counts as deleted."""
    write(book, [HEADER, *ROWS, ("m-1 ", "Press again", None, 11)])
    found = extract(book)
    assert [record.key for record in found.records] == ["M-2", "M-3"]
    assert [(aside.reason, aside.location.rpartition("!")[2]) for aside in found.set_aside] == [
        ("'M-1' stands in A2 and A5; which row is meant?", "A2"),
        ("'M-1' stands in A2 and A5; which row is meant?", "A5"),
    ]
    assert "Savings/M-1" in found.native_ids


def test_a_row_that_cannot_be_read_stays_in_the_census(book: Path) -> None:
    """A row set aside is not a deleted row."""
    write(book, [HEADER, *ROWS, ("M-4", "Paint", None, "viel")])
    source = connector(book)
    (container,) = source.roster()
    assert list(source.census(container)) == ["Savings/M-1", "Savings/M-2", "Savings/M-3", "Savings/M-4"]
    with pytest.raises(SourceContentError, match="Savings/M-4 cannot be read: D5: Amount 'viel' is not a number"):
        list(source.fetch(["Savings/M-1", "Savings/M-4"]))


def test_a_key_that_is_an_error_proves_no_absence(book: Path) -> None:
    """As long as it is not known which row it is, no row can be said to be gone."""
    write(book, [HEADER, *ROWS[1:], ("#REF!", "Press", None, 10)])
    source = connector(book)
    (container,) = source.roster()
    with pytest.raises(SourceContentError, match=r"the key in Tracker\.xlsx!Savings!A4 cannot be read"):
        list(source.census(container))


def test_the_census_of_another_sheet_is_an_error(book: Path) -> None:
    write(book, [HEADER, *ROWS])
    with pytest.raises(SourceGoneError):
        list(connector(book).census(Container("Other", "Other")))


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.integers(1, 99), st.sampled_from(["Press", "Belt", "Oil"]), st.integers(0, 9999)),
        unique_by=lambda row: row[0],
        min_size=1,
        max_size=8,
    ),
    randomness=st.randoms(use_true_random=False),
    gap=st.integers(0, 3),
)
def test_sorting_and_inserting_rows_changes_no_id_and_no_value(
    rows: list[tuple[int, str, int]], randomness: Any, gap: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """X19: never the row number."""
    book = tmp_path_factory.mktemp("sorted") / "Tracker.xlsx"
    lines = [(f"M-{number}", name, date(2026, 10, 1), amount) for number, name, amount in rows]

    def contents() -> dict[str, tuple[object, ...]]:
        return {record.native_id: (record.title, getattr(record, "baseline", None)) for record in read(book).values()}

    write(book, [HEADER, *lines])
    before = contents()
    randomness.shuffle(lines)
    write(book, [HEADER, *[()] * gap, *lines])
    assert contents() == before
    assert len(before) == len(rows)


def test_rows_without_a_key_column_are_named_by_their_natural_key(book: Path) -> None:
    write(
        book,
        [HEADER[1:], ("Press", date(2026, 10, 1), 5), ("Belt", date(2026, 10, 1), 6), ("Belt", date(2026, 11, 1), 7)],
    )
    columns = {name: header for name, header in COLUMNS.items() if name != "key"}
    found = read(book, columns=columns, identity=["title", "planned_start"])
    assert [record.native_id for record in found.values()] == [
        "Savings/Press / 2026-10-01",
        "Savings/Belt / 2026-10-01",
        "Savings/Belt / 2026-11-01",
    ]


def test_rows_with_a_title_only_are_named_by_a_fingerprint_and_its_occurrence(book: Path) -> None:
    columns = {"title": "Name", "baseline": "Amount"}
    rows = [("Press", 5), ("Belt", 6), ("Belt", 7)]
    write(book, [("Name", "Amount"), *rows])
    before = {record.native_id: record.title for record in extract(book, columns=columns).records}
    assert len(before) == 3
    write(book, [("Name", "Amount"), ("Oil", 1), *reversed(rows)])
    after = {record.native_id: record.title for record in extract(book, columns=columns).records}
    assert before.items() <= after.items()


def test_a_bare_total_is_left_out_where_titles_name_rows(book: Path) -> None:
    write(book, [("Name", "Amount"), ("Total cost of ownership", 5), ("Total 2026", 5)])
    columns = {"title": "Name", "baseline": "Amount"}
    assert [record.title for record in extract(book, columns=columns).records] == ["Total cost of ownership"]


def test_hidden_rows_and_mapped_hidden_columns_are_read(book: Path) -> None:
    """X13, X17: a filter is not a deletion; only the first column of a hidden group carries the mark."""
    sheet = write(book, [HEADER, *ROWS])
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions.group("C", "D", hidden=True)
    save(sheet, book)
    found = extract(book)
    assert [record.key for record in found.records] == ["M-1", "M-2", "M-3"]
    assert found.sheet.hidden_columns == {3, 4}
    counts = dict(connector(book).probe().counts)
    assert counts["hidden rows read"] == 1
    assert counts["baseline from 'Amount' (D1, hidden), such as '10'"] == 3


def test_who_saved_the_workbook_last_is_a_hint_and_no_fact(book: Path) -> None:
    """X27, X28: it is often stale; what changed is told by comparing cells, and saving alone changes nothing."""
    sheet = write(book, [HEADER, *ROWS])
    assert sheet.parent is not None
    before = connector(book).next_cursor()
    sheet.parent.properties.lastModifiedBy = "Lena Brandt"
    save(sheet, book)
    assert ", last saved 20" in connector(book).probe().server
    assert "by Lena Brandt" in connector(book).probe().server
    assert connector(book).next_cursor() == before
    assert all(record.changed is None and record.owner is None for record in extract(book).records)


def test_a_text_that_looks_like_a_formula_is_a_text(book: Path) -> None:
    """X29: it is kept as it was typed; nothing that Driftline writes is opened by a spreadsheet program."""
    sheet = write(book, [HEADER, *ROWS])
    cell = sheet["B2"]
    cell.value = "=cmd|' /C calc'!A0"
    cell.data_type = "s"
    save(sheet, book)
    assert read(book)["M-1"].title == "=cmd|' /C calc'!A0"


def test_cells_merged_over_rows_fill_only_the_first_and_that_is_said(book: Path) -> None:
    """X14: nothing is filled down among the rows themselves."""
    sheet = write(book, [HEADER, *ROWS])
    sheet.merge_cells("B2:B4")
    save(sheet, book)
    assert [record.title for record in read(book).values()] == ["Press", "M-2", "M-3"]
    assert "B2:B4 is merged; only its first row has the value" in [found.message for found in extract(book).problems]


def test_numbers_as_keys_have_no_decimals(book: Path) -> None:
    write(book, [HEADER, (101, "Press", None, 1), (102.0, "Belt", None, 2)])
    assert list(read(book)) == ["101", "102"]


def test_a_column_that_no_row_fills_is_said(book: Path) -> None:
    write(book, [HEADER, *ROWS])
    assert [(found.message, found.location) for found in extract(book).problems] == [
        ("no row fills the column 'Start' (field planned_start)", "Tracker.xlsx!Savings!C1")
    ]


def test_a_blank_owner_has_a_cell_and_a_sheet_without_owners_has_none(book: Path) -> None:
    write(book, [(*HEADER, "Owner"), (*ROWS[0], "Ann"), (*ROWS[1], None), (*ROWS[2], "Ben")])
    found = read(book, columns={**COLUMNS, "owner": "Owner"})
    assert [record.owner for record in found.values()] == ["Ann", None, "Ben"]
    assert [record.provenance["owner"].rpartition("!")[2] for record in found.values()] == ["E2", "E3", "E4"]
    assert all("owner" not in record.provenance for record in read(book).values())
