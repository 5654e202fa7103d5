"""Two cost-saving workbooks as finance people make them, one in German and one in English, and ways to change them.

The German one has title rows, a merged group header above the months, a totals row with formulas, amounts typed as
text and a hidden column. The English one is an Excel table with its run-rate in kEUR, typed as text.
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

CellContent = str | int | float | Decimal | date | None

SAVINGS_SHEET = "Maßnahmen"
PROCUREMENT_SHEET = "Savings"
PROCUREMENT_TABLE = "ProcurementSavings"

_GERMAN_MONTHS = ("Jan", "Feb", "Mrz", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez")
_GERMAN_LIGHTS = {"green": "Grün", "yellow": "Gelb", "red": "Rot", "grey": "Grau"}
_FILLS = {"green": "FF92D050", "yellow": "FFFFD966", "red": "FFFF7C80", "grey": "FFD9D9D9"}

_SAVINGS_HEADERS = (
    "Maßnahme-\nNr.",
    "Maßnahme",
    "Verantwortlich",
    "Controller",
    "Kostenstelle",
    "Start",
    "Abhängig von",
    "Ampel",
    "Härtegrad",
    "Einmalkosten",
)
_HIDDEN_COLUMN = "E"
_PROCUREMENT_HEADERS = (
    "No.",
    "Initiative",
    "Owner",
    "Controller",
    "Start date",
    "Depends on",
    "Run-rate in kEUR",
    "RAG",
    "Stage",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavingsRow:
    """One measure of the German tracker. ``plan`` maps ``2026-10`` to euros; ``light`` may be German or English."""

    number: str
    name: str
    owner: str
    controller: str
    start: date
    enabler: str | None = None
    light: str = "green"
    stage: str = ""
    plan: Mapping[str, Decimal] = field(default_factory=dict)
    one_time_cost: Decimal | None = None
    cost_centre: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcurementRow:
    """One initiative of the English tracker. ``yearly_run_rate`` is in euros, though the sheet shows kEUR."""

    number: str
    name: str
    owner: str
    controller: str
    start: date
    enabler: str | None = None
    yearly_run_rate: Decimal
    light: str = "green"
    stage: str = ""


def write_savings_tracker(
    path: Path, rows: Sequence[SavingsRow], *, title: str = "Maßnahmentracker Kostenprogramm", as_of: date | None = None
) -> None:
    """Write the German tracker, in euros: header in rows 4 and 5, measures from row 6, a totals row below them."""
    from openpyxl import Workbook

    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = SAVINGS_SHEET
    months = sorted({month for row in rows for month in row.plan})
    sheet["A1"] = title
    sheet["A2"] = f"Stand: {as_of:%d.%m.%Y}" if as_of else "Vertraulich, nur für den Lenkungskreis"
    _write_savings_header(sheet, months)
    for number, row in enumerate(rows, start=6):
        _write_savings_row(sheet, number, row, months)
    last = 5 + len(rows)
    sheet.cell(last + 1, 2, "Summe")
    for column in range(len(_SAVINGS_HEADERS) + 1, len(_SAVINGS_HEADERS) + len(months) + 1):
        total = sheet.cell(last + 1, column)
        total.value = f"=SUM({sheet.cell(6, column).coordinate}:{sheet.cell(last, column).coordinate})"
    sheet.column_dimensions[_HIDDEN_COLUMN].hidden = True
    sheet.freeze_panes = "C6"
    save_atomically(workbook, path)


def _write_savings_header(sheet: "Worksheet", months: Sequence[str]) -> None:
    """Two header rows: the fields are merged over both, the months stand under a merged 'Plan' of their year."""
    from openpyxl.styles import Alignment, Font

    for column, header in enumerate(_SAVINGS_HEADERS, start=1):
        sheet.cell(4, column, header).alignment = Alignment(wrap_text=True, vertical="center")
        sheet.merge_cells(start_row=4, end_row=5, start_column=column, end_column=column)
    first = len(_SAVINGS_HEADERS) + 1
    for offset, month in enumerate(months):
        year, number = month.split("-")
        sheet.cell(5, first + offset, f"{_GERMAN_MONTHS[int(number) - 1]} {year[2:]}")
    for year in sorted({month[:4] for month in months}):
        columns = [first + offset for offset, month in enumerate(months) if month.startswith(year)]
        sheet.cell(4, columns[0], f"Plan {year}").font = Font(bold=True)
        if len(columns) > 1:
            sheet.merge_cells(start_row=4, end_row=4, start_column=columns[0], end_column=columns[-1])


def _write_savings_row(sheet: "Worksheet", number: int, row: SavingsRow, months: Sequence[str]) -> None:
    texts: list[CellContent] = [
        row.number,
        row.name,
        row.owner,
        row.controller,
        row.cost_centre or None,
        row.start,
        row.enabler,
        _GERMAN_LIGHTS.get(_english_light(row.light), row.light),
        row.stage or None,
        _german_amount(row.one_time_cost),
    ]
    for column, content in enumerate(texts, start=1):
        sheet.cell(number, column, content)
    sheet.cell(number, 6).number_format = "DD.MM.YYYY"
    _fill(sheet, number, 8, row.light)
    for offset, month in enumerate(months):
        if month in row.plan:
            cell = sheet.cell(number, len(texts) + 1 + offset, row.plan[month])
            cell.number_format = "#,##0.00\\ [$€-407]"


def write_procurement_tracker(
    path: Path, rows: Sequence[ProcurementRow], *, title: str = "Procurement savings pipeline"
) -> None:
    """Write the English tracker: a title, then an Excel table named ProcurementSavings from row 3."""
    from openpyxl import Workbook
    from openpyxl.worksheet.table import Table, TableStyleInfo

    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = PROCUREMENT_SHEET
    sheet["A1"] = title
    for column, header in enumerate(_PROCUREMENT_HEADERS, start=1):
        sheet.cell(3, column, header)
    for number, row in enumerate(rows, start=4):
        thousands = row.yearly_run_rate / 1000
        content: list[CellContent] = [
            row.number,
            row.name,
            row.owner,
            row.controller,
            row.start,
            row.enabler,
            _english_number(thousands),
            _english_light(row.light).capitalize(),
            row.stage or None,
        ]
        for column, value in enumerate(content, start=1):
            sheet.cell(number, column, value)
        sheet.cell(number, 5).number_format = "yyyy-mm-dd"
        _fill(sheet, number, 8, row.light)
    table = Table(displayName=PROCUREMENT_TABLE, ref=f"A3:I{max(4, 3 + len(rows))}")
    table.tableStyleInfo = TableStyleInfo(name="TableStyleMedium2", showRowStripes=True)
    sheet.add_table(table)
    save_atomically(workbook, path)


def set_cell_by_header(path: Path, number: str, header: str, value: CellContent) -> None:
    """Change one cell as a person would: in the row of ``number``, in the column under ``header``; raise KeyError when
    there is no such row or header."""
    workbook = _load(path)
    sheet = workbook.worksheets[0]
    row = next((cell.row for cell in sheet["A"] if cell.value == number), None)
    if row is None:
        raise KeyError(f"no row {number} in {path.name}")
    column = _column(sheet, header, path)
    sheet.cell(row, column).value = value
    if header in ("Ampel", "RAG") and isinstance(value, str):
        _fill(sheet, row, column, value)
    save_atomically(workbook, path)


def delete_row(path: Path, number: str) -> None:
    """Remove one row, as a person who deletes a measure; raise KeyError when there is none."""
    workbook = _load(path)
    sheet = workbook.worksheets[0]
    row = next((cell.row for cell in sheet["A"] if cell.value == number), None)
    if row is None:
        raise KeyError(f"no row {number} in {path.name}")
    sheet.delete_rows(row)
    for table in sheet.tables.values():
        table.ref = f"A3:I{sheet.max_row}"
    save_atomically(workbook, path)


def rename_header(path: Path, header: str, new: str) -> None:
    """Give a column another header, the way a mapped column gets lost (S12)."""
    workbook = _load(path)
    sheet = workbook.worksheets[0]
    column = _column(sheet, header, path)
    for row in range(1, 6):
        if _same(sheet.cell(row, column).value, header):
            sheet.cell(row, column).value = new
    for table in sheet.tables.values():
        for table_column in table.tableColumns:
            if table_column.name == header:
                table_column.name = new
    save_atomically(workbook, path)


def truncate(path: Path, keep: float = 0.5) -> None:
    """Leave only the first part of the file, as a copy that is still on its way (S11)."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])


def save_atomically(workbook: "Workbook", path: Path) -> None:
    """Write beside the file and rename, as Excel does: a reader sees the old or the new workbook, never half of one."""
    handle, name = tempfile.mkstemp(prefix=".~", suffix=".tmp", dir=path.parent)
    os.close(handle)
    try:
        workbook.save(name)
        workbook.close()
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _load(path: Path) -> "Workbook":
    from openpyxl import load_workbook

    return load_workbook(path)


def _column(sheet: "Worksheet", header: str, path: Path) -> int:
    for row in sheet.iter_rows(min_row=1, max_row=5):
        for cell in row:
            if _same(cell.value, header) and cell.column is not None:
                return cell.column
    raise KeyError(f"no header {header} in {path.name}")


def _same(content: object, header: str) -> bool:
    return isinstance(content, str) and content.replace("-\n", "-").replace("\n", " ") == header


def _fill(sheet: "Worksheet", row: int, column: int, light: str) -> None:
    from openpyxl.styles import PatternFill

    colour = _FILLS.get(_english_light(light))
    if colour:
        sheet.cell(row, column).fill = PatternFill("solid", start_color=colour, end_color=colour)


def _english_light(light: str) -> str:
    """A colour as it is called in English, whichever of the two languages it comes in."""
    english = {german.casefold(): name for name, german in _GERMAN_LIGHTS.items()}
    return english.get(light.casefold(), light.casefold())


def _german_amount(amount: Decimal | None) -> str | None:
    """``1234.5`` as the text ``1.234,50 €``, with a no-break space before the symbol."""
    if amount is None:
        return None
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,")) + "\N{NO-BREAK SPACE}€"


def _english_number(amount: Decimal) -> str:
    """``1250`` as the text ``1,250.00``; more decimals only where the amount has them."""
    decimals = max(2, -int(amount.normalize().as_tuple().exponent))
    return f"{amount:,.{decimals}f}"
