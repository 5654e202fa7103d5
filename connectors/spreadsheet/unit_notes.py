"""A note such as ``all amounts in k€`` beside a table: it says how columns count that say nothing themselves."""

import re
from collections.abc import Iterator, Mapping

from connectors.spreadsheet.cells import Cell, Sheet
from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.fields import CellType
from connectors.spreadsheet.headers import Header
from connectors.spreadsheet.table import Table
from connectors.spreadsheet.units import bare_unit, unit_in_header
from model.errors import SourceContentError

_ABOUT_AMOUNTS = re.compile(
    r"\bin\s|[(\[]|\b(?:all|alle|amounts?|figures|values|angaben|beträge|werte|zahlen|unit|einheit|currency|währung)\b",
    re.IGNORECASE,
)
_LONGEST_NOTE = 120


def check_unit_notes(
    sheet: Sheet, header: Header, columns: Mapping[str, PlacedColumn], table: Table, location: str
) -> None:
    """Raise SourceContentError for a note of thousands or millions above or below the rows, when amounts tell no unit.

    Which columns it is about only people know; taken as single units they would be a thousand times too small.
    """
    silent = [placed for placed in columns.values() if placed.type is CellType.MONEY and placed.reading.unit is None]
    followed = {placed.column for placed in columns.values() if placed.type is CellType.MONEY} if silent else set()
    read = {text for column in followed for text in header.texts.get(column, ())}
    notes = _notes(sheet, header, table) if silent else ()
    note = next((cell for cell in notes if _names_thousands(cell) and str(cell.value).strip() not in read), None)
    if note is None:
        return
    names = ", ".join(f"{placed.address} {placed.header!r}" for placed in silent[:12])
    raise SourceContentError(
        f"{note.value!r} stands in {note.address}, and nothing tells whether that holds for {names}",
        location=f"{location}!{note.address}",
        hint="set unit: on these columns, such as kEUR, or EUR where the note does not hold",
    )


def _notes(sheet: Sheet, header: Header, table: Table) -> Iterator[Cell]:
    """The cells above the header, and the captions among and below the rows."""
    for row, columns in sheet.filled(1, header.row - 1, header.row).items():
        yield from (sheet.cell(row, column) for column in columns)
    for row in table.caption_rows:
        yield from (found for column in sheet.used_columns if (found := sheet.cells.get((row, column))))


def _names_thousands(cell: Cell) -> bool:
    if not isinstance(cell.value, str) or len(cell.value) > _LONGEST_NOTE:
        return False
    unit = unit_in_header(cell.value) or bare_unit(cell.value)
    return unit is not None and unit.scale != 1 and bool(_ABOUT_AMOUNTS.search(cell.value) or bare_unit(cell.value))
