"""The second reader, python-calamine, in a process of its own: values alone, many times as fast as openpyxl (F4).

For files that openpyxl does not take (X21, X25, X26) they are all there is: a broken formula looks like an empty cell
(X5), and formulas, colours, number formats, tables and hidden rows are not seen. An empty cell is therefore unknown,
never zero, and what hangs on the rest is refused or said. For a large sheet ``large.py`` adds what is missing.
"""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from connectors.spreadsheet.cells import Range, Sheet
from connectors.spreadsheet.grid import Grid, PackedRows
from connectors.spreadsheet.guard import WorkbookFacts
from connectors.spreadsheet.kinds import FileKind
from connectors.spreadsheet.place import FilePath
from connectors.spreadsheet.sheet_choice import Listed, Wanted, choose_sheets
from model.errors import SourceContentError

READER = "python-calamine"
MEMORY_BYTES = 160_000_000
BYTES_PER_CELL = 100
CPU_SECONDS = 8
CELLS_PER_CPU_SECOND = 300_000
WALL_SECONDS = 60
PACKED_BYTES = 48_000_000
PACKED_BYTES_PER_CELL = 64

_CHILD = Path(__file__).with_name("calamine_child.py")
_BLIND = (
    f"read by {READER}, values only: a broken or never calculated formula looks like an empty cell,"
    " and rows that sum up others are known by their label alone"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the reading process may take and send."""

    memory_bytes: int
    cpu_seconds: int
    wall_seconds: float
    packed_bytes: int
    most_cells: int


@dataclass(frozen=True, slots=True)
class Values:
    """The bare values of one sheet."""

    blocks: Sequence[PackedRows]
    left: int
    width: int
    merged: Sequence[Range] | None

    def grid(self, epoch: datetime | None) -> Grid:
        """The cells as this reader alone tells them."""
        return Grid(self.blocks, self.left, self.width, epoch)


def open_values(
    content: bytes, path: FilePath, wanted: Wanted, *, kind: FileKind, facts: WorkbookFacts, most_cells: int, why: str
) -> list[Sheet]:
    """Read each wanted sheet in a process of its own; ``why`` says why this reader was taken.

    Raise SourceContentError when it cannot be read within the limits, or holds formulas that were never calculated.
    """
    if facts.calculates_on_load and facts.has_formulas:
        raise SourceContentError(
            f"{path.name} holds formulas that were never calculated, and {READER} cannot tell which cells they are in",
            location=str(path),
            hint="open it in Excel and save it as .xlsx",
        )
    limits = limits_for(content, facts, most_cells)
    listed = list_sheets(content, path, limits)
    titles = [chosen.title for chosen in choose_sheets(listed, path, wanted)]
    return [_values_only(content, path, title, listed, kind, facts, limits, why) for title in titles]


def _values_only(
    content: bytes,
    path: FilePath,
    title: str,
    listed: Sequence[Listed],
    kind: FileKind,
    facts: WorkbookFacts,
    limits: Limits,
    why: str,
) -> Sheet:
    with reading(content, path, title, limits) as values:
        found = values()
    grid = found.grid(_epoch(kind, facts))
    return Sheet(
        title=title,
        visible=next(sheet.visible for sheet in listed if sheet.title == title),
        cells=grid,
        used_rows=grid.used_rows(),
        used_columns=grid.used_columns(),
        merged=found.merged or (),
        notes=[f"{why}; {_BLIND}"],
        reader=READER,
        values_only=True,
        # The formats .xlsb and .ods are read without their merged cells, which look like sheets that have none.
        tells_merges=kind in (FileKind.OPEN_XML, FileKind.LEGACY) and found.merged is not None,
        formats=facts.formats,
        listed=[sheet.title for sheet in listed],
    )


def limits_for(content: bytes, facts: WorkbookFacts, most_cells: int) -> Limits:
    """What a file of this size may take; the number of its cells is what was counted, not what it declares."""
    return Limits(
        memory_bytes=MEMORY_BYTES + 4 * len(content) + BYTES_PER_CELL * facts.cells,
        cpu_seconds=CPU_SECONDS + facts.cells // CELLS_PER_CPU_SECOND,
        wall_seconds=WALL_SECONDS + 4 * facts.cells // CELLS_PER_CPU_SECOND,
        packed_bytes=PACKED_BYTES + PACKED_BYTES_PER_CELL * facts.cells,
        most_cells=most_cells,
    )


def list_sheets(content: bytes, path: FilePath, limits: Limits) -> list[Listed]:
    """The worksheets as this reader sees them."""
    with _process(content, path, limits) as lines:
        return [Listed(name, visible) for name, visible in next(lines)["sheets"]]


@contextmanager
def reading(content: bytes, path: FilePath, title: str, limits: Limits) -> Iterator[Callable[[], Values]]:
    """Start to read one sheet; calling what is given waits for its values.

    Calling raises SourceContentError when that takes more than the limits allow.
    """
    with _process(content, path, limits, str(limits.most_cells), title) as lines:

        def values() -> Values:
            start = next(lines)
            merged = start["merged"]
            return Values(
                blocks=[block for block in lines if isinstance(block, PackedRows)],
                left=start["left"],
                width=start["width"],
                merged=None if merged is None else [Range(*area) for area in merged],
            )

        yield values


@contextmanager
def _process(content: bytes, path: FilePath, limits: Limits, *arguments: str) -> Iterator[Iterator[Any]]:
    """Run the process and give what it says, value by value; blocks of rows stay packed."""
    command = [sys.executable, "-I", str(_CHILD), str(limits.memory_bytes), str(limits.cpu_seconds), *arguments]
    with tempfile.TemporaryFile() as given:
        given.write(content)
        given.seek(0)
        process = subprocess.Popen(  # noqa: S603 - our own file, by its path, with numbers and a title as arguments
            command, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
        )
    watch = threading.Timer(limits.wall_seconds, process.kill)
    watch.daemon = True
    watch.start()
    with process:
        try:
            yield _said(process, path, limits, watch)
        finally:
            watch.cancel()
            process.kill()


def _said(process: "subprocess.Popen[bytes]", path: FilePath, limits: Limits, watch: threading.Timer) -> Iterator[Any]:
    received = 0
    while line := (process.stdout.readline(limits.packed_bytes) if process.stdout else b""):
        received += len(line)
        if received >= limits.packed_bytes:
            raise _refused(path, "its texts are too long together")
        if line.startswith(b"[[") and line.endswith(b"]\n"):
            if not line.startswith(b"[[]"):
                yield PackedRows(int(line[2:20].partition(b",")[0].partition(b"]")[0]), line)
            continue
        if not line.endswith(b"}\n"):
            break
        said = orjson.loads(line)
        if "refused" in said:
            raise _refused(path, said["refused"])
        if "end" in said:
            return
        yield said
    if not watch.is_alive():
        raise _refused(path, "it takes too long")
    raise _refused(path, f"it takes more than {limits.memory_bytes / 1e6:.0f} MB or {limits.cpu_seconds} s")


def _refused(path: FilePath, why: str) -> SourceContentError:
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
