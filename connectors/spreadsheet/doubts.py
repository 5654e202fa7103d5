"""What is doubtful about a sheet and does not stop the reading, and what a first look at it counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.spreadsheet.cells import CellState, Sheet, column_letters
from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.headers import Header
from connectors.spreadsheet.table import Table
from connectors.spreadsheet.values import read_text
from model.errors import Problem


@dataclass(slots=True)
class Survey:
    """The rows of one sheet, walked once: how many cells of each column hold a value, and the first of these."""

    filled: dict[str, int] = field(default_factory=dict)
    samples: dict[str, str] = field(default_factory=dict)
    hidden: int = 0
    blank: set[str] = field(default_factory=set)
    """The columns in which no row holds anything, not even an error."""


def survey(sheet: Sheet, table: Table, columns: Mapping[str, PlacedColumn]) -> Survey:
    """Walk the rows once."""
    found = Survey(dict.fromkeys(columns, 0), blank=set(columns) if table.rows else set())
    for row in table.rows:
        found.hidden += row.number in sheet.hidden_rows
        for path, cell in row.cells.items():
            if cell.state is not CellState.BLANK:
                found.blank.discard(path)
            if cell.state is CellState.VALUE:
                found.filled[path] += 1
                if path not in found.samples:
                    found.samples[path] = read_text(cell) or ""
    return found


def empty_columns(columns: Mapping[str, PlacedColumn], found: Survey, prefix: str) -> list[Problem]:
    """Mapped fields that no row fills: often a column that moved elsewhere. Single months are empty by nature."""
    return [
        Problem(f"no row fills the column {placed.header!r} (field {path})", prefix + placed.address)
        for path, placed in columns.items()
        if path in found.blank and not path.startswith(("plan.", "forecast.", "actual."))
    ]


def merged_rows(sheet: Sheet, header: Header, columns: Mapping[str, PlacedColumn], location: str) -> list[Problem]:
    """Cells merged down over several rows fill only the first of them; the others stay blank (X14)."""
    mapped = {placed.column for placed in columns.values()}
    return [
        Problem(
            f"{column_letters(area.left)}{area.top}:{column_letters(area.right)}{area.bottom} is merged;"
            " only its first row has the value",
            location,
            "undo the merge and fill each row",
        )
        for area in sheet.merged
        if area.top > header.row and area.bottom > area.top and mapped & set(range(area.left, area.right + 1))
    ]


def rows_below(sheet: Sheet, columns: Mapping[str, PlacedColumn], location: str) -> Sequence[Problem]:
    """Rows that were typed right below a named range, which does not grow by itself."""
    area = sheet.area
    below = area.area.bottom + 1 if area else 0
    filled = area and any(sheet.cell(below, placed.column).state is not CellState.BLANK for placed in columns.values())
    if not area or not filled:
        return ()
    return [
        Problem(
            f"row {below} is filled and lies below the named range {area.name}; it is not read",
            location,
            "let the name refer to the new rows too, or make it a table, which grows by itself",
        )
    ]
