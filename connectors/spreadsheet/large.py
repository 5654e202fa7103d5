"""A large sheet: its values by python-calamine, its cells' extras by a search of its XML, its frame by openpyxl.

Together they tell what openpyxl alone tells of the same file, in a tenth of the time and memory (X12, X13).
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connectors.spreadsheet.calamine import READER, Limits, limits_for, reading
from connectors.spreadsheet.cells import Sheet
from connectors.spreadsheet.fills import solid_colours
from connectors.spreadsheet.grid import Grid
from connectors.spreadsheet.guard import WorkbookFacts
from connectors.spreadsheet.overlay import Fills, NotPlainError, search
from connectors.spreadsheet.overlay import Wanted as Sought
from connectors.spreadsheet.place import FilePath
from connectors.spreadsheet.sheet_choice import Wanted
from connectors.spreadsheet.skeleton import cells_of, sheet_parts, without_cells
from connectors.spreadsheet.units import Unit
from connectors.spreadsheet.values import is_number_format, shows_percent, unit_in_format
from connectors.spreadsheet.workbook import open_sheets

LARGE_CELLS = 100_000
"""From how many cells and rows on a workbook is large: about 4,000 rows of 25 columns."""
LARGE_STRINGS = 100_000
"""From how many texts on."""


@dataclass(slots=True)
class _Styles:
    """What the styles of a workbook tell of its cells, by their number."""

    formats: dict[int, str] = field(default_factory=dict)
    fills: Mapping[int, str] = field(default_factory=dict)
    date_lookalikes: set[int] = field(default_factory=set)
    epoch: datetime = datetime(1899, 12, 30)  # noqa: DTZ001 - Excel's days have no zone


def is_large(facts: WorkbookFacts) -> bool:
    """Whether openpyxl would take too long over it."""
    return facts.cells > LARGE_CELLS or facts.strings > LARGE_STRINGS


def open_large_sheets(
    content: bytes, path: FilePath, wanted: Wanted, *, facts: WorkbookFacts, most_cells: int, with_fills: bool
) -> list[Sheet]:
    """Give the sheets that are asked for.

    Raise NotPlainError when their XML cannot be searched, SourceContentError when they take more than they may, and
    whatever ``open_sheets`` raises.
    """
    styles = _Styles()
    limits = limits_for(content, facts, most_cells)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = sheet_parts(archive)
        if not set(parts.values()) <= facts.frames.keys():
            raise NotPlainError
        frames = open_sheets(
            without_cells(archive, facts.frames),
            path,
            wanted,
            facts=replace(facts, has_formulas=False),
            look=lambda workbook: _learn(workbook, styles, with_fills),
            with_fills=with_fills,
        )
        return [_filled(frame, archive, parts, content, path, facts, styles, limits) for frame in frames]


def _filled(
    frame: Sheet,
    archive: zipfile.ZipFile,
    parts: Mapping[str, str],
    content: bytes,
    path: FilePath,
    facts: WorkbookFacts,
    styles: _Styles,
    limits: Limits,
) -> Sheet:
    sought = Sought(styles.formats, styles.fills, frozenset(styles.date_lookalikes), facts.calculates_on_load)
    with reading(content, path, frame.title, limits) as wait_for_values:
        overlay = search(cells_of(archive, parts[frame.title]), sought)
        values = wait_for_values()
    grid = Grid(values.blocks, values.left, values.width, styles.epoch, overlay)
    notes = list(frame.notes)
    if overlay.volatile:
        where = ", ".join(overlay.volatile)
        notes.append(f"figures as old as the last save (today's date or another workbook): {where}")
    return replace(
        frame,
        cells=grid,
        used_rows=grid.used_rows(),
        used_columns=grid.used_columns(),
        hidden_rows=frozenset(overlay.hidden_rows),
        fills=Fills(overlay, styles.fills),
        notes=notes,
        reader=f"{READER} for the values and openpyxl for the rest",
    )


def _learn(workbook: Any, styles: _Styles, with_fills: bool) -> None:
    """Find the styles that tell something: a unit or a percentage, or a date where there is none (X7, X9, X10)."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE, is_date_format

    styles.epoch = workbook.epoch
    own = workbook._number_formats
    for number, style in enumerate(workbook._cell_styles):
        place = style.numFmtId - BUILTIN_FORMATS_MAX_SIZE
        code = BUILTIN_FORMATS.get(style.numFmtId, "General") if place < 0 else own[place]
        looks_like_date = is_date_format(code) and is_number_format(code)
        if looks_like_date:
            styles.date_lookalikes.add(number)
        if looks_like_date or shows_percent(code) or unit_in_format(code) != Unit():
            styles.formats[number] = code
    if with_fills:
        styles.fills = solid_colours(workbook)
