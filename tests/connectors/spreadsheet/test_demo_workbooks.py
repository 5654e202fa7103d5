"""The two trackers of the sandbox, read by the configuration in trackers.yaml."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import load_workbook

from connectors.spreadsheet import SpreadsheetConnector, SpreadsheetOptions
from model.errors import SourceGoneError, SourceUnavailableError
from model.money import Money, Month, MonthAmount
from model.records import Light, Saving
from sandbox.workbooks import (
    ProcurementRow,
    SavingsRow,
    rename_header,
    set_cell_by_header,
    truncate,
    write_procurement_tracker,
    write_savings_tracker,
)
from tests.connectors.contract import context_at

TRACKERS = Path(__file__).parent / "trackers.yaml"

SAVINGS = [
    SavingsRow(
        number="M-201",
        name="Einkaufsvolumen bündeln",
        owner="lena@example.com",
        controller="renate@example.com",
        start=date(2026, 10, 1),
        enabler="ERP-100",
        light="green",
        stage="Entschieden",
        plan={"2026-10": Decimal(620_000), "2026-11": Decimal(600_000), "2027-01": Decimal("620000.25")},
        one_time_cost=Decimal("1234567.5"),
        cost_centre="4711",
    ),
    SavingsRow(
        number="M-202",
        name="Gesamtkosten der Fracht senken",
        owner="jonas@example.com",
        controller="renate@example.com",
        start=date(2026, 11, 1),
        light="Gelb",
        plan={"2026-11": Decimal(150_000)},
    ),
]
PROCUREMENT = [
    ProcurementRow(
        number="P-11",
        name="Catalogue buying",
        owner="lena@example.com",
        controller="renate@example.com",
        start=date(2026, 10, 15),
        enabler="ERP-100",
        yearly_run_rate=Decimal(1_250_000),
        light="green",
        stage="Decided",
    ),
    ProcurementRow(
        number="P-12",
        name="Pallet pool",
        owner="lena@example.com",
        controller="renate@example.com",
        start=date(2027, 1, 4),
        yearly_run_rate=Decimal("219000.125"),
        light="red",
    ),
]


def tracker_options(name: str, path: Path) -> SpreadsheetOptions:
    configured: dict[str, Any] = yaml.safe_load(TRACKERS.read_text(encoding="utf-8"))[name]
    return SpreadsheetOptions.model_validate(configured | {"path": path})


def tracker(name: str, path: Path) -> SpreadsheetConnector:
    return SpreadsheetConnector(name, tracker_options(name, path), context_at())


def savings_of(connector: SpreadsheetConnector) -> dict[str, Saving]:
    found = {}
    for page in connector.changed(None):
        assert not page.set_aside
        for record in page.records:
            assert isinstance(record, Saving)
            found[record.key] = record
    return found


@pytest.fixture
def german(tmp_path: Path) -> Path:
    write_savings_tracker(tmp_path / "Massnahmen.xlsx", SAVINGS, as_of=date(2026, 9, 14))
    return tmp_path / "Massnahmen.xlsx"


@pytest.fixture
def english(tmp_path: Path) -> Path:
    write_procurement_tracker(tmp_path / "Procurement.xlsx", PROCUREMENT)
    return tmp_path / "Procurement.xlsx"


def test_the_german_tracker_is_read_below_its_titles_and_merged_headers(german: Path) -> None:
    """X6 (text with German separators), X14 (merged headers), X17 (hidden column)."""
    saving = savings_of(tracker("savings", german))["M-201"]
    assert saving.native_id == "Maßnahmen/M-201"
    assert (saving.title, saving.owner, saving.controller) == (
        "Einkaufsvolumen bündeln",
        "lena@example.com",
        "renate@example.com",
    )
    assert (saving.planned_start, saving.enabler) == (date(2026, 10, 1), "ERP-100")
    assert (saving.light, saving.stage_gate, saving.currency) == (Light.GREEN, "Entschieden", "EUR")
    assert saving.one_time_cost == Decimal("1234567.5")
    assert saving.custom == {"cost_centre": "4711"}
    assert saving.plan == (
        MonthAmount(Month(2026, 10), Decimal(620_000)),
        MonthAmount(Month(2026, 11), Decimal(600_000)),
        MonthAmount(Month(2027, 1), Decimal("620000.25")),
    )


def test_each_value_of_the_german_tracker_knows_its_cell(german: Path) -> None:
    saving = savings_of(tracker("savings", german))["M-201"]
    assert saving.provenance["key"] == "Massnahmen.xlsx!Maßnahmen!A6"
    sheet = load_workbook(german)["Maßnahmen"]
    for path, value in (("plan.2026-10", 620_000), ("cost_centre", "4711"), ("enabler", "ERP-100")):
        assert sheet[saving.provenance[path].rpartition("!")[2]].value == value
    other = savings_of(tracker("savings", german))["M-202"]
    assert "plan.2026-10" not in other.provenance, "a blank month has no cell behind it"


def test_the_totals_row_is_left_out_and_a_saving_that_begins_with_gesamt_is_not(german: Path) -> None:
    """X16."""
    connector = tracker("savings", german)
    assert list(savings_of(connector)) == ["M-201", "M-202"]
    assert dict(connector.probe().counts)["totals rows left out"] == 1


def test_the_english_table_is_read_in_its_unit(english: Path) -> None:
    """X6, X18: kEUR typed as text in a table."""
    savings = savings_of(tracker("procurement", english))
    assert savings["P-11"].native_id == "ProcurementSavings/P-11"
    assert savings["P-11"].run_rate == Money(Decimal(1_250_000), "EUR")
    assert savings["P-12"].run_rate == Money(Decimal("219000.125"), "EUR")
    assert savings["P-11"].planned_start == date(2026, 10, 15)
    assert (savings["P-12"].light, savings["P-12"].enabler, savings["P-12"].stage_gate) == (Light.RED, None, None)


def test_a_probe_shows_each_mapped_column_with_its_cell_and_a_sample(german: Path) -> None:
    probe = tracker("savings", german).probe()
    counts = dict(probe.counts)
    assert probe.server.startswith("Massnahmen.xlsx: Maßnahmen, header in row 5, columns A:")
    assert counts["rows"] == 2
    assert counts["enabler from 'Abhängig von' (G5), such as 'ERP-100'"] == 1
    assert counts["custom.cost_centre from 'Kostenstelle' (E5, hidden), such as '4711'"] == 1
    assert counts["plan.2026-10 from 'Okt 26' (K5), such as '620000'"] == 1
    assert probe.problems == []


def test_a_changed_cell_makes_pages_and_the_same_content_makes_none(german: Path) -> None:
    """X27: the cursor is a hash of the rows, so that saving the file anew changes nothing."""
    before = tracker("savings", german).next_cursor()
    load_workbook(german).save(german)
    assert list(tracker("savings", german).changed(before)) == []
    set_cell_by_header(german, "M-201", "Start", date(2026, 10, 22))
    pages = list(tracker("savings", german).changed(before))
    moved = {record.key: record for page in pages for record in page.records}["M-201"]
    assert isinstance(moved, Saving)
    assert moved.planned_start == date(2026, 10, 22)


def test_a_colour_is_changed_in_its_word_and_its_fill(german: Path) -> None:
    set_cell_by_header(german, "M-201", "Ampel", "Rot")
    assert savings_of(tracker("savings", german))["M-201"].light is Light.RED
    assert load_workbook(german)["Maßnahmen"]["H6"].fill.start_color.rgb == "FFFF7C80"


def test_changing_what_is_not_there_is_an_error(german: Path) -> None:
    with pytest.raises(KeyError, match="no row M-999"):
        set_cell_by_header(german, "M-999", "Start", None)
    with pytest.raises(KeyError, match="no header Ende"):
        set_cell_by_header(german, "M-201", "Ende", None)


@pytest.mark.parametrize(
    ("name", "header", "new", "hint"),
    [
        ("savings", "Abhängig von", "Abhängig", "was it renamed to 'Abhängig'?"),
        ("procurement", "Owner", "Responsible", "or mark the column optional"),
    ],
)
def test_a_renamed_column_stops_the_sheet_and_names_the_headers(
    name: str, header: str, new: str, hint: str, german: Path, english: Path
) -> None:
    """S12, X15: the stored rows stay, because nothing was read."""
    path = german if name == "savings" else english
    rename_header(path, header, new)
    with pytest.raises(SourceGoneError) as caught:
        list(tracker(name, path).changed(None))
    (problem,) = caught.value.problems
    assert f"no column {header!r}; the headers there are: " in problem.message
    assert new in problem.message
    assert hint in problem.hint
    assert problem.location.startswith(f"{name}: {path.name}!")


def test_a_copy_that_is_still_on_its_way_is_not_yet_there(german: Path) -> None:
    """S11."""
    truncate(german)
    with pytest.raises(SourceUnavailableError, match="the stored rows stay as they are"):
        list(tracker("savings", german).changed(None))
