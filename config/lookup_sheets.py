"""Lookup tables in workbooks: each file is opened once per load, through the guards of the spreadsheet connector."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from config.files import shown
from mapping.lookup_schema import WorkbookTable
from mapping.wording import did_you_mean
from mapping.workbook_tables import NoSheetRowsError, SheetRow, SheetRows, Told, content_of
from model.errors import Problem, SourceError, UserError
from model.keys import normalise_key

if TYPE_CHECKING:
    from connectors.spreadsheet.cells import Cell, Sheet

SEARCHED_ROWS = 30
"""Rows of a sheet among which its headers are looked for."""
SUFFIXES = (".xlsx", ".xlsm")


@dataclass(slots=True)
class LookupSheets:
    """Reads the tables of one load. Paths start in ``root``; ``contents`` is what was read of each file."""

    root: Path
    contents: dict[Path, str] = field(default_factory=dict)
    _opened: dict[Path, "Sequence[Sheet] | NoSheetRowsError"] = field(default_factory=dict)

    def read(self, table: WorkbookTable) -> SheetRows:
        """Read the rows of a table; raise NoSheetRowsError when there is no such file, sheet or column."""
        path = self.root / table.workbook
        self.contents.setdefault(path, "")
        if path not in self._opened:
            try:
                self._opened[path] = _sheets(path, table.workbook)
            except NoSheetRowsError as error:
                self._opened[path] = error
        opened = self._opened[path]
        if isinstance(opened, NoSheetRowsError):
            raise NoSheetRowsError(opened.key, opened.message, opened.hint)
        found = _rows(_sheet(opened, table), table, shown(path))
        self.contents[path] += content_of(found)
        return found


def _sheets(path: Path, written: str) -> Sequence["Sheet"]:
    # Only a mapping with such a table pays for the reader.
    from connectors.spreadsheet.opening import open_file
    from connectors.spreadsheet.options import Column, SpreadsheetOptions

    if path.suffix.casefold() not in SUFFIXES:
        raise NoSheetRowsError("workbook", f"{written} is not an .xlsx or .xlsm file", "save it as .xlsx in Excel")
    if not path.is_file():
        near = did_you_mean(path.name, sorted(each.name for each in _beside(path)), "the workbooks there are")
        raise NoSheetRowsError(
            "workbook", f"there is no workbook {written}", near or f"paths start in {shown(path.parent)}"
        )
    # Every sheet is opened whole, so it does not matter which columns are named.
    options = SpreadsheetOptions(path=path, columns={"key": Column(header="ID"), "title": Column(header="Name")})
    try:
        return open_file(options, every=True)
    except (SourceError, UserError) as error:
        first = error.problems[0]
        raise NoSheetRowsError("workbook", first.message, first.hint) from error


def _beside(path: Path) -> list[Path]:
    if not path.parent.is_dir():
        return []
    return [each for each in path.parent.glob("*.xls[xm]") if not each.name.startswith("~$")]


def _sheet(sheets: Sequence["Sheet"], table: WorkbookTable) -> "Sheet":
    for each in sheets:
        if normalise_key(each.title) == normalise_key(table.sheet):
            return each
    hint = did_you_mean(table.sheet, [each.title for each in sheets], "the sheets are")
    raise NoSheetRowsError("sheet", f"there is no sheet '{table.sheet}' in {table.workbook}", hint)


def _rows(sheet: "Sheet", table: WorkbookTable, path: str) -> SheetRows:
    row, value_column, objective_column = _header(sheet, table)
    rows: list[SheetRow] = []
    problems: list[Problem] = []
    for number in sheet.used_rows:
        if number <= row:
            continue
        cells = sheet.cell(number, value_column), sheet.cell(number, objective_column)
        try:
            value, objectives = (_told(each, f"{path}!{sheet.title}") for each in cells)
        except UserError as error:
            problems += error.problems
            continue
        if value.text or objectives.text:
            rows.append(SheetRow(value, objectives))
    return SheetRows(tuple(rows), tuple(problems))


def _told(cell: "Cell", sheet: str) -> Told:
    """The text of a cell; raise UserError when it is an error or a formula without a result."""
    from connectors.spreadsheet.values import read_text

    where = f"{sheet}!{cell.address}"
    try:
        # Line breaks are kept apart from spaces: several objectives may stand on lines.
        if isinstance(cell.value, str) and read_text(cell) is not None:
            return Told(cell.value.strip(), where)
        return Told(read_text(cell) or "", where)
    except ValueError as error:
        raise UserError(f"the cell {error}", location=where, hint="mend the cell and save the workbook") from error


def _header(sheet: "Sheet", table: WorkbookTable) -> tuple[int, int, int]:
    """The first row that names both columns, and where they are; of two columns of one name the leftmost."""
    wanted = {"key": normalise_key(table.key), "objective": normalise_key(table.objective)}
    rows = [_texts(sheet, row) for row in sheet.used_rows[:SEARCHED_ROWS]]
    for row, texts in zip(sheet.used_rows, rows, strict=False):
        if all(name in texts for name in wanted.values()):
            return row, texts[wanted["key"]][0], texts[wanted["objective"]][0]
    place = f"in the first {SEARCHED_ROWS} rows of {table.workbook}!{sheet.title}"
    for key, other in (("key", "objective"), ("objective", "key")):
        if not any(wanted[key] in texts for texts in rows):
            beside = [texts for texts in rows if wanted[other] in texts] or rows
            known = dict.fromkeys(text for texts in beside for _, text in texts.values())
            written = str(getattr(table, key))
            raise NoSheetRowsError(key, f"there is no column '{written}' {place}", did_you_mean(written, known))
    message = f"'{table.key}' and '{table.objective}' do not stand in one row {place}"
    raise NoSheetRowsError("key", message, "write the headers of both columns into one row")


def _texts(sheet: "Sheet", row: int) -> dict[str, tuple[int, str]]:
    """The texts of a row by their folded spelling, each with its column."""
    found: dict[str, tuple[int, str]] = {}
    for column in sheet.used_columns:
        value = sheet.cell(row, column).value
        if isinstance(value, str) and value.strip():
            found.setdefault(normalise_key(value), (column, " ".join(value.split())[:40]))
    return found
