from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook

from connectors.base import Connector, ReadContext
from connectors.spreadsheet import SpreadsheetConnector
from model.reading import Cursor
from sandbox.workbooks import SAVINGS_SHEET, SavingsRow, delete_row, set_cell_by_header, write_savings_tracker
from tests.connectors.contract import ConnectorContract, World, full_read
from tests.connectors.spreadsheet.books import HEADER, options
from tests.connectors.spreadsheet.odd_formats import write_ods
from tests.connectors.spreadsheet.test_demo_workbooks import tracker_options

KEYED = ["No.", "Name"]


class WorkbookWorld(World):
    """The German tracker with more rows than fit on one page."""

    unknown_ids = (f"{SAVINGS_SHEET}/M-999", "999999999")
    incremental = False

    def __init__(self, folder: Path) -> None:
        self.path = folder / "Massnahmen.xlsx"
        self.numbers = [f"M-{number}" for number in range(100, 112)]
        rows = [
            SavingsRow(
                number=number,
                name=f"Maßnahme {number}",
                owner="lena@example.com",
                controller="renate@example.com",
                start=date(2026, 10, 1),
                plan={"2026-10": Decimal(1000), "2026-11": Decimal("1500.50")},
                cost_centre="4711",
            )
            for number in self.numbers
        ]
        write_savings_tracker(self.path, rows)

    def connector(self, context: ReadContext) -> Connector:
        return SpreadsheetConnector("savings", tracker_options("savings", self.path), context)

    def expected_ids(self) -> set[str]:
        return {f"{SAVINGS_SHEET}/{number}" for number in self.numbers}

    def change_one(self) -> str:
        set_cell_by_header(self.path, "M-103", "Okt 26", 900)
        return f"{SAVINGS_SHEET}/M-103"

    def remove_one(self) -> str:
        delete_row(self.path, self.numbers.pop())
        return f"{SAVINGS_SHEET}/M-111"

    def break_access(self) -> None:
        self.path.unlink()

    def answer_html(self) -> None:
        self.path.write_text("<!doctype html><title>Sign in</title>")

    def idle_cursor(self, connector: Connector) -> Cursor:
        return connector.next_cursor()


class TestSpreadsheetContract(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> WorkbookWorld:
        return WorkbookWorld(tmp_path)

    def test_every_record_says_what_it_is_and_where_it_comes_from(self, world: World, opened) -> None:
        """As the contract has it; a series of months has an address for each month."""
        connector = opened()
        containers = {container.id for container in connector.roster()}
        for record in full_read(connector):
            assert record.source == connector.name
            assert record.container in containers
            known = {known.name for known in fields(record)} | set(record.custom)
            assert {name.partition(".")[0] for name in record.provenance} <= known
            assert record.provenance["plan.2026-10"].startswith(f"Massnahmen.xlsx!{SAVINGS_SHEET}!K")


class SheetsWorld(World):
    """A workbook with two sheets that are read, of which one is deleted."""

    unknown_ids = ("rows/M-999",)
    incremental = False
    answers_html = False
    hides_containers = True

    def __init__(self, folder: Path) -> None:
        self.path = folder / "Plans.xlsx"
        self.sheets = {"Plan 2026": [KEYED, ["M-1", "Oil"], ["M-2", "Coal"]], "Plan 2027": [KEYED, ["M-3", "Wind"]]}
        self._write()

    def _write(self) -> None:
        workbook = Workbook()
        workbook.remove(workbook.active)
        for name, rows in self.sheets.items():
            sheet = workbook.create_sheet(name)
            for row in rows:
                sheet.append(row)
        workbook.save(self.path)
        workbook.close()

    def connector(self, context: ReadContext) -> Connector:
        mapped = {"key": "No.", "title": "Name"}
        read = options(self.path, sheets=["Plan 2026", "Plan 2027"], records="saving", columns=mapped)
        return SpreadsheetConnector("plans", read, context)

    def expected_ids(self) -> set[str]:
        return {f"rows/{row[0]}" for rows in self.sheets.values() for row in rows[1:]}

    def change_one(self) -> str:
        self.sheets["Plan 2026"][1][1] = "Gas"
        self._write()
        return "rows/M-1"

    def remove_one(self) -> str:
        self.sheets["Plan 2026"].pop()
        self._write()
        return "rows/M-2"

    def break_access(self) -> None:
        self.path.unlink()

    def hide_container(self) -> str:
        del self.sheets["Plan 2027"]
        self._write()
        return "Plan 2027"

    def idle_cursor(self, connector: Connector) -> Cursor:
        return connector.next_cursor()


class TestSheetsContract(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> SheetsWorld:
        return SheetsWorld(tmp_path)


class RowsWorld(World):
    """A file that is written anew at each change: rows of a kind that has no workbook behind it."""

    unknown_ids = ("rows/M-999", "999999999")
    incremental = False
    container = "rows"

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name
        self.amounts = {f"M-{number}": 100.5 + number for number in range(100, 112)}
        self.write()

    def write(self) -> None:
        rows = [[key, f"Maßnahme {key}", "01.10.2026", amount] for key, amount in self.amounts.items()]
        self.write_rows([["Tracker"], list(HEADER), *rows])

    def write_rows(self, rows: list[list[str | float]]) -> None:
        lines = (";".join(str(field).replace(".5", ",5") for field in row) for row in rows)
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def connector(self, context: ReadContext) -> Connector:
        return SpreadsheetConnector("savings", options(self.path), context)

    def expected_ids(self) -> set[str]:
        return {f"{self.container}/{key}" for key in self.amounts}

    def change_one(self) -> str:
        self.amounts["M-103"] = 7.5
        self.write()
        return f"{self.container}/M-103"

    def remove_one(self) -> str:
        del self.amounts["M-111"]
        self.write()
        return f"{self.container}/M-111"

    def break_access(self) -> None:
        self.path.unlink()

    def answer_html(self) -> None:
        self.path.write_text("<!doctype html><title>Sign in</title>\n")

    def idle_cursor(self, connector: Connector) -> Cursor:
        return connector.next_cursor()


class OpenDocumentWorld(RowsWorld):
    unknown_ids = ("Savings/M-999", "999999999")
    container = "Savings"

    def write_rows(self, rows: list[list[str | float]]) -> None:
        write_ods(self.path, rows)


class TestTextFileContract(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        return RowsWorld(tmp_path, "Tracker.csv")


class TestOpenDocumentContract(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        return OpenDocumentWorld(tmp_path, "Tracker.ods")
