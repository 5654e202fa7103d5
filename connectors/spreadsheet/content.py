"""What tells whether the rows of a file changed: a hash of their mapped cells, worked out row by row."""

import hashlib
from array import array
from collections.abc import Iterator, Mapping, Sequence, Set

import orjson

from connectors.base import SourceOptions
from connectors.spreadsheet.cells import Cell, Sheet
from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.grid import Grid
from connectors.spreadsheet.identity import NamedRows
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.overlay import Overlay
from connectors.spreadsheet.units import Unit
from connectors.spreadsheet.values import is_number_format, shows_percent, unit_in_format
from model.reading import SetAside

READING = 2
"""Goes up with every change after which the same cells make other records."""


def content_hash(
    options: SpreadsheetOptions,
    sheets: Sequence[tuple[str, Sheet, Mapping[str, PlacedColumn], NamedRows]],
    set_aside: Sequence[tuple[str, SetAside]],
) -> str:
    """Hash what records are made of: the cells of named rows, where they stand, and the settings that read them."""
    found = hashlib.sha256(repr((READING, options.model_dump_json(exclude=_NO_MATTER))).encode())
    for prefix, sheet, columns, rows in sheets:
        found.update(repr((prefix, sheet.title, sheet.painted, *map(_column, columns.items()))).encode())
        told = _packed if isinstance(sheet.cells, Grid) else _cell_by_cell
        for piece in told(sheet, columns, rows):
            found.update(piece)
        if options.formulas and told is _cell_by_cell:
            for place in rows.places():
                row = rows.rows[place]
                found.update(repr((row.number, [path for path, cell in row.cells.items() if cell.formula])).encode())
        light = columns.get("light")
        if light and sheet.fills:
            for place in rows.places():
                number = rows.rows.numbers[place]
                found.update(repr((number, sheet.fills.get((number, light.column)))).encode())
    for aside in set_aside:
        found.update(repr(aside).encode())
    return found.hexdigest()


_NO_MATTER = {
    *SourceOptions.model_fields,
    *("path", "storage", "endpoint", "known_hosts", "pick", "reader", "root", "delimiter", "fallback_encoding"),
    *("final_line_break", "largest_file_megabytes", "largest_unpacked_megabytes", "most_cells"),
}
"""Settings that tell how the file is reached, not what its cells mean."""


def _column(column: tuple[str, PlacedColumn]) -> tuple[object, ...]:
    path, placed = column
    unit = placed.reading.unit
    return path, placed.column, placed.header, unit and (str(unit.scale), *sorted(unit.currencies)), placed.currency


def _cell_by_cell(sheet: Sheet, columns: Mapping[str, PlacedColumn], rows: NamedRows) -> Iterator[bytes]:
    for place in rows.places():
        row = rows.rows[place]
        yield repr((row.number, rows.ends[place], *map(_told, row.cells.values()))).encode()


def _told(cell: Cell) -> tuple[object, ...]:
    shown = cell.format if _tells(cell.format) else ""
    return cell.state.name, cell.value, shown, cell.serial if is_number_format(cell.format) else None


def _packed(sheet: Sheet, columns: Mapping[str, PlacedColumn], rows: NamedRows) -> Iterator[bytes]:
    """The bare values as they are held, and what is known beyond them; no cell is made for it."""
    grid = sheet.cells
    if not isinstance(grid, Grid):
        raise TypeError("only the cells of a large sheet are packed")
    places = [placed.column - grid.left for placed in columns.values()]
    numbers = rows.rows.numbers
    ends = dict(zip(numbers, rows.ends, strict=True))
    yield repr(grid.epoch).encode()
    for packed in grid.packed():
        first, values = orjson.loads(packed)
        told = [
            [number, end, *[row[place] if place < len(row) else "" for place in places]]
            for number, row in zip(first, values, strict=True)
            if (end := ends.get(number)) is not None
        ]
        # Without its brackets it is the same wherever the blocks begin.
        yield orjson.dumps(told)[1:-1] + b"," if told else b""
    yield from _beyond_values(grid.overlay, {placed.column for placed in columns.values()}, ends)


def _beyond_values(overlay: Overlay, columns: Set[int], rows: Mapping[int, str | None]) -> Iterator[bytes]:
    """Errors, formulas without a result, bare numbers behind dates, and number formats that tell something."""
    for what in (overlay.errors, dict.fromkeys(overlay.uncalculated, ""), overlay.serials):
        for key in sorted(what):
            if (key & 0x3FFF) + 1 in columns and rows.get(key >> 14) is not None:
                yield repr((key, what[key])).encode()
    for column in sorted(columns & overlay.styles.keys()):
        numbers, styles = overlay.styles[column]
        for style, number_format in sorted(overlay.formats.items(), key=lambda pair: (pair[1], pair[0])):
            there = array("I", (row for row, own in zip(numbers, styles, strict=True) if own == style))
            if there:
                yield repr((column, number_format)).encode() + there.tobytes()


def _tells(number_format: str) -> bool:
    """Whether a number format says something about the amount in its cell."""
    return shows_percent(number_format) or unit_in_format(number_format) != Unit()
