"""Sorting, inserting, deleting and moving rows and columns changes no id and makes no revision (X19)."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.spreadsheet import SpreadsheetConnector
from state.store import Store
from tests.connectors.contract import context_at
from tests.connectors.spreadsheet.books import options, write
from tests.databases import url_of

NOW = datetime(2026, 9, 15, 8, 0, tzinfo=UTC)
HEADERS = ("No.", "Name", "Owner", "Start", "Amount", "Okt 26", "Nov 26", "Region", "Notes")
MONTHS = [{"series": "plan"}]
LADDER: Mapping[str, Mapping[str, Any]] = {
    "a key": {"columns": {"key": "No.", "title": "Name"}},
    "natural key columns": {"columns": {"title": "Name"}, "identity": ["title", "region"]},
    "a fingerprint of the title": {"columns": {"title": "Name"}},
}
Row = tuple[Any, ...]


def settings_for(rung: str) -> dict[str, Any]:
    columns = LADDER[rung]["columns"] | {"owner": "Owner", "planned_start": "Start", "baseline": "Amount"}
    return {**LADDER[rung], "columns": columns, "custom": {"region": "Region"}, "months": MONTHS}


def row_of(number: int, name: str, amount: int) -> Row:
    region = f"R{number}"
    return (f"M-{number}", name, f"o{number % 3}", date(2026, 10, 1), amount, amount + 1, amount + 2, region, "n")


def arranged(rows: Sequence[Row], order: Sequence[int], above: int, inserted: Sequence[int]) -> list[Row]:
    """The sheet with its columns in that order, rows above it, and blank columns and rows put in."""
    lines = [HEADERS, *rows]
    placed = [[line[place] for place in order] for line in lines]
    for place in inserted:
        for line in placed:
            line.insert(place % (len(line) + 1), None)
    blank = [()] * above
    return [*blank, *[tuple(line) for line in placed]]


def read_into(store: Store, book: Path, rung: str, now: datetime) -> int:
    """Read the workbook into the store and give how many revisions that made."""
    connector = SpreadsheetConnector("tracker", options(book, **settings_for(rung)), context_at(now))
    run = store.start_run(now, baseline=False)
    return sum(store.save_page(run, page, "tracker", now).changed for page in connector.changed(None))


titles = st.sampled_from(["Press", "Belt", "Oil", "Freight"])
rows_of_a_sheet = st.lists(
    st.tuples(st.integers(1, 60), titles, st.integers(0, 999)), min_size=1, max_size=9, unique_by=lambda row: row[0]
)


@pytest.mark.parametrize("rung", LADDER)
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows_of_a_sheet, seed=st.integers(0, 10_000))
def test_what_only_moves_is_no_revision(
    rung: str, rows: list[tuple[int, str, int]], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also where several rows bear one title and nothing else names them: twins do not swap."""
    folder, dice = tmp_path_factory.mktemp("moved"), random.Random(seed)
    book = folder / "Tracker.xlsx"
    lines = [row_of(*row) for row in rows]
    order = list(range(len(HEADERS)))
    write(book, arranged(lines, order, 0, ()))
    with Store.open(url_of(folder / "state.db")) as store:
        assert read_into(store, book, rung, NOW) == len(rows)
        before = store.present_ids("tracker")
        for day in range(1, 4):
            dice.shuffle(lines)
            dice.shuffle(order)
            write(book, arranged(lines, order, dice.randint(0, 3), dice.sample(range(9), 2)))
            assert read_into(store, book, rung, NOW + timedelta(days=day)) == 0
        assert store.present_ids("tracker") == before


@pytest.mark.parametrize("rung", LADDER)
def test_a_changed_cell_is_one_revision_of_one_row(rung: str, tmp_path: Path) -> None:
    """The control: the comparison would see a change."""
    book = tmp_path / "Tracker.xlsx"
    lines = [row_of(1, "Press", 10), row_of(2, "Belt", 20), row_of(3, "Belt", 30)]
    order = range(len(HEADERS))
    write(book, arranged(lines, order, 0, ()))
    with Store.open(url_of(tmp_path / "state.db")) as store:
        assert read_into(store, book, rung, NOW) == 3
        lines[0] = (*lines[0][:4], 11, *lines[0][5:])
        write(book, arranged(lines[::-1], order, 2, (3,)))
        assert read_into(store, book, rung, NOW + timedelta(days=1)) == 1


@pytest.mark.parametrize("rung", ["a key", "natural key columns"])
def test_deleting_and_inserting_rows_leaves_the_others_alone(rung: str, tmp_path: Path) -> None:
    book = tmp_path / "Tracker.xlsx"
    lines = [row_of(number, "Press", number) for number in range(1, 6)]
    write(book, arranged(lines, range(len(HEADERS)), 0, ()))
    with Store.open(url_of(tmp_path / "state.db")) as store:
        read_into(store, book, rung, NOW)
        write(book, arranged([row_of(9, "New", 9), *lines[:2], *lines[3:]], range(len(HEADERS)), 0, ()))
        assert read_into(store, book, rung, NOW + timedelta(days=1)) == 1
        assert len(store.present_ids("tracker")) == 6
