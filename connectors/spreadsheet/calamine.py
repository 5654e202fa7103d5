"""The second reader, python-calamine: values alone, for files that openpyxl does not take (X21, X25, X26).

It shows a broken formula as an empty cell (X5) and no formulas, colours, number formats, tables or hidden rows. An
empty cell is therefore unknown, never zero, and what hangs on the rest is refused or said.
"""

import json
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from connectors.spreadsheet.cells import Cell, CellValue, Position, Range, Sheet, column_letters, day_of, value_state
from connectors.spreadsheet.guard import WorkbookFacts
from connectors.spreadsheet.kinds import FileKind
from connectors.spreadsheet.sheet_choice import choose_sheet
from model.errors import SourceContentError

READER = "python-calamine"
MOST_MEMORY_BYTES = 256_000_000
CPU_SECONDS = 10
WALL_SECONDS = 60

_CHILD = Path(__file__).with_name("calamine_child.py")
_BLIND = (
    f"read by {READER}, values only: a broken or never calculated formula looks like an empty cell,"
    " and rows that sum up others are known by their label alone"
)


def open_values(
    content: bytes, path: Path, *, sheet: str | None, kind: FileKind, facts: WorkbookFacts, most_cells: int, why: str
) -> Sheet:
    """Read one sheet in a process of its own; ``why`` says why this reader was taken.

    Raise SourceContentError when it cannot be read within the limits, or holds formulas that were never calculated.
    """
    if facts.calculates_on_load and facts.has_formulas:
        raise SourceContentError(
            f"{path.name} holds formulas that were never calculated, and {READER} cannot tell which cells they are in",
            location=str(path),
            hint="open it in Excel and save it as .xlsx",
        )
    listed = _ask(content, path, most_cells)["sheets"]
    title = choose_sheet({name: (visible, ()) for name, visible in listed}, path, sheet=sheet, table=None)
    found = _ask(content, path, most_cells, title)
    epoch = _epoch(kind, facts)
    cells: dict[Position, Cell] = {}
    for row, column, how, raw in found["cells"]:
        value = _value(how, raw)
        cells[row, column] = Cell(f"{column_letters(column)}{row}", value_state(value), value, day=day_of(value, epoch))
    # The formats .xlsb and .ods are read without their merged cells, which look like sheets that have none.
    tells_merges = kind in (FileKind.OPEN_XML, FileKind.LEGACY) and found["merged"] is not None
    return Sheet(
        title=title,
        visible=dict(listed)[title],
        cells=cells,
        merged=[Range(*area) for area in found["merged"] or ()],
        notes=[f"{why}; {_BLIND}"],
        reader=READER,
        values_only=True,
        tells_merges=tells_merges,
        formats=facts.formats,
    )


def _ask(content: bytes, path: Path, most_cells: int, *title: str) -> dict[str, Any]:
    memory = MOST_MEMORY_BYTES + 4 * len(content)
    arguments = [str(memory), str(CPU_SECONDS), str(most_cells), *title]
    try:
        done = subprocess.run(  # noqa: S603 - our own file, by its path, with numbers and a title as arguments
            [sys.executable, "-I", str(_CHILD), *arguments],
            input=content,
            capture_output=True,
            timeout=WALL_SECONDS,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _refused(path, "it takes too long") from error
    if done.returncode:
        raise _refused(path, f"it takes more than {memory / 1e6:.0f} MB or {CPU_SECONDS} s")
    answer: dict[str, Any] = json.loads(done.stdout)
    if "refused" in answer:
        raise _refused(path, answer["refused"])
    return answer


def _refused(path: Path, why: str) -> SourceContentError:
    return SourceContentError(
        f"{path.name} cannot be read by {READER}: {why}",
        location=str(path),
        hint="save it as .xlsx from Excel; a stray cell far below or beside the table makes a file large",
    )


def _epoch(kind: FileKind, facts: WorkbookFacts) -> datetime | None:
    """The first day of the workbook's calendar; unknown for the kinds whose setting is not seen (X9)."""
    if kind is not FileKind.OPEN_XML:
        return None
    return datetime(1904, 1, 1) if facts.counts_from_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - Excel's days have no zone


def _value(how: str, raw: Any) -> CellValue:
    readers: dict[str, Any] = {
        "moment": datetime.fromisoformat,
        "day": date.fromisoformat,
        "time": time.fromisoformat,
        "span": lambda seconds: timedelta(seconds=seconds),
    }
    value: CellValue = readers[how](raw) if how in readers else raw
    return value
