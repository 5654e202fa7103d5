"""The first reader, openpyxl: a workbook becomes plain cells, each with its address, formula and state."""

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from connectors.spreadsheet.cells import Cell, CellState, CellValue, Position, Range, Sheet, TableRange, day_of
from connectors.spreadsheet.fills import painted_by_rules, solid_fills
from connectors.spreadsheet.guard import WorkbookFacts
from connectors.spreadsheet.named_ranges import DefinedName, area_of
from connectors.spreadsheet.place import FilePath
from connectors.spreadsheet.sheet_choice import Chosen, Listed, Wanted, choose_sheets
from model.errors import ConfigurationError, SourceContentError, SourceError

if TYPE_CHECKING:
    from openpyxl.cell import Cell as OpenpyxlCell
    from openpyxl.workbook import Workbook as OpenpyxlWorkbook
    from openpyxl.worksheet.worksheet import Worksheet

_VOLATILE = re.compile(r"\b(?:TODAY|NOW|RAND|RANDBETWEEN|OFFSET|INDIRECT)\(|\[\d+\]", re.IGNORECASE)


class UnloadableWorkbookError(SourceContentError):
    """openpyxl cannot load a file that another reader may be able to read (X21, X26)."""


@dataclass(slots=True)
class _Loaded:
    values: "OpenpyxlWorkbook"
    formulas: "OpenpyxlWorkbook"
    notes: list[str] = field(default_factory=list)


def open_sheets(
    content: bytes,
    path: FilePath,
    wanted: Wanted,
    *,
    facts: WorkbookFacts,
    with_fills: bool = False,
    look: Callable[["OpenpyxlWorkbook"], None] = lambda _: None,
) -> list[Sheet]:
    """Open the workbook and give the sheets that are asked for; ``look`` sees the workbook that was loaded.

    Raise SourceGoneError when the sheet, table or named range is not there, ConfigurationError when none was named and
    several are visible, and UnloadableWorkbookError when openpyxl cannot read the file.
    """
    loaded = _load(content, path, facts.has_formulas)
    try:
        if not loaded.values.worksheets:
            raise UnloadableWorkbookError(
                f"no sheet of {path.name} can be read: it is saved as Strict Open XML",
                location=str(path),
                hint="save it as 'Excel Workbook (.xlsx)'",
            )
        listed = [
            Listed(found.title, found.sheet_state == "visible", tuple(found.tables))
            for found in loaded.values.worksheets
        ]
        chosen = choose_sheets(listed, path, wanted, _defined_names(loaded.values))
        look(loaded.values)
        return [_plain_sheet(loaded, each, path, facts.calculates_on_load, with_fills) for each in chosen]
    finally:
        loaded.values.close()


def _load(content: bytes, path: FilePath, has_formulas: bool) -> _Loaded:
    """Load values and, when there are formulas, the formulas too (X1). Warnings are kept as notes (X30)."""
    import openpyxl

    if not openpyxl.DEFUSEDXML:
        raise ConfigurationError(
            "workbooks are not read without protection against XML bombs",
            hint="install defusedxml and unset OPENPYXL_DEFUSEDXML",
        )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            values = openpyxl.load_workbook(io.BytesIO(content), data_only=True, keep_links=False)
            formulas = values
            if has_formulas:
                formulas = openpyxl.load_workbook(io.BytesIO(content), data_only=False, keep_links=False)
        except Exception as error:  # openpyxl raises whatever its parsers raise (X26)
            raise UnloadableWorkbookError(
                f"{path.name} cannot be read: {type(error).__name__}: {error}",
                location=str(path),
                hint="open it in Excel and save it again as .xlsx",
            ) from error
    notes = sorted({f"openpyxl: {caught_warning.message}" for caught_warning in caught})
    return _Loaded(values, formulas, notes)


def _defined_names(workbook: "OpenpyxlWorkbook") -> list[DefinedName]:
    """The names of the workbook and those that one sheet alone knows (X18); Excel's own, as for filters, are none."""
    scopes = [("", workbook.defined_names), *((sheet.title, sheet.defined_names) for sheet in workbook.worksheets)]
    return [
        DefinedName(name, str(defined.attr_text or ""), scope)
        for scope, names in scopes
        for name, defined in names.items()
        if not name.startswith("_xlnm.")
    ]


def _names_on(workbook: "OpenpyxlWorkbook", title: str, path: FilePath) -> list[str]:
    """The names that stand for one rectangle of this sheet."""
    sheets = {sheet.title: True for sheet in workbook.worksheets}
    found = []
    for defined in _defined_names(workbook):
        try:
            if area_of(defined, sheets, path)[0] == title:
                found.append(defined.called)
        except SourceError:
            continue
    return found


def _plain_sheet(loaded: _Loaded, chosen: Chosen, path: FilePath, stale: bool, with_fills: bool) -> Sheet:
    title = chosen.title
    worksheet = loaded.values[title]
    calculation = loaded.values.calculation
    cells = _plain_cells(worksheet, loaded.formulas[title], stale, loaded.values.epoch)
    notes = list(loaded.notes)
    if calculation is not None and calculation.calcMode == "manual":
        notes.append("the workbook is set to manual calculation; its figures may be older than their inputs")
    volatile = [cell.address for cell in cells.values() if _VOLATILE.search(cell.formula)]
    if volatile:
        notes.append(f"figures as old as the last save (today's date or another workbook): {', '.join(volatile[:5])}")
    properties = loaded.values.properties
    saved = f"last saved {properties.modified:%Y-%m-%d}" if properties.modified else ""
    return Sheet(
        title=title,
        visible=worksheet.sheet_state == "visible",
        cells=cells,
        merged=[
            Range(area.min_row, area.min_col, area.max_row, area.max_col) for area in worksheet.merged_cells.ranges
        ],
        tables=_tables(worksheet),
        area=chosen.area,
        names=_names_on(loaded.values, title, path),
        listed=[found.title for found in loaded.values.worksheets],
        hidden_rows=frozenset(number for number, row in worksheet.row_dimensions.items() if row.hidden),
        hidden_columns=_hidden_columns(worksheet),
        notes=notes,
        saved_by=f"{saved} by {properties.lastModifiedBy}" if saved and properties.lastModifiedBy else saved,
        fills=solid_fills(worksheet, loaded.values.loaded_theme) if with_fills else {},
        painted=painted_by_rules(worksheet) if with_fills else (),
    )


def _plain_cells(values: "Worksheet", formulas: "Worksheet", stale: bool, epoch: datetime) -> dict[Position, Cell]:
    """Only cells that were written, never the used range: that can be a million rows by one stray cell (X12)."""
    cells: dict[Position, Cell] = {}
    for position, cell in values._cells.items():
        formula = _formula(formulas._cells[position])
        if cell.value is not None or formula:
            cells[position] = _plain_cell(cell, formula, stale, epoch)
    return cells


def _formula(cell: "OpenpyxlCell | object") -> str:
    if getattr(cell, "data_type", "") != "f":
        return ""
    value = getattr(cell, "value", "")
    return str(getattr(value, "text", None) or (value if isinstance(value, str) else "={}"))


def _plain_cell(cell: "OpenpyxlCell | object", formula: str, stale: bool, epoch: datetime) -> Cell:
    value: CellValue = getattr(cell, "value", None)
    data_type = getattr(cell, "data_type", "n")
    if formula and (stale or (value is None and data_type != "str")):
        state = CellState.NOT_CALCULATED
    elif data_type == "e":
        state = CellState.ERROR
    elif value is None or (isinstance(value, str) and not value.strip()):
        # A formula that answers "" is blank, not uncalculated: its type says text.
        state = CellState.BLANK
    else:
        state = CellState.VALUE
    return Cell(
        address=str(getattr(cell, "coordinate", "")),
        state=state,
        value=value,
        format=str(getattr(cell, "number_format", "General")),
        formula=formula,
        serial=_serial(value, epoch),
        day=day_of(value, epoch),
    )


def _serial(value: CellValue, epoch: datetime) -> float | None:
    """The number that Excel stores for a date, to undo openpyxl's reading of odd formats as dates (X9)."""
    from openpyxl.utils.datetime import to_excel

    if isinstance(value, datetime | date | time | timedelta):
        number: float | None = to_excel(value, epoch)  # type: ignore[no-untyped-call]
        return float(number) if number is not None else None
    return None


def _tables(worksheet: "Worksheet") -> list[TableRange]:
    found = []
    for table in worksheet.tables.values():
        left, top, right, bottom = _bounds(table.ref)
        headers = 1 if table.headerRowCount is None else table.headerRowCount
        found.append(TableRange(table.displayName, Range(top, left, bottom, right), headers, table.totalsRowCount or 0))
    return found


def _bounds(reference: str) -> tuple[int, int, int, int]:
    from openpyxl.utils import range_boundaries

    left, top, right, bottom = range_boundaries(reference)
    return left or 1, top or 1, right or 1, bottom or 1


def _hidden_columns(worksheet: "Worksheet") -> frozenset[int]:
    """Every column of a hidden group; openpyxl flags only the first one (X17)."""
    return frozenset(
        column
        for dimension in worksheet.column_dimensions.values()
        if dimension.hidden
        for column in range(dimension.min or 1, (dimension.max or dimension.min or 1) + 1)
    )
