"""Runs in a process of its own: reads a workbook from standard input and writes its plain values to standard output.

A hostile or odd file then costs no more than this process, whatever the parser does with it (F4). It imports nothing
of the project, so that it starts fast, and answers in JSON, so that nothing it writes can run. Every line is one value:
what the sheet is, then some hundred rows at a time, then its end.
"""

import datetime
import io
import sys
from collections.abc import Iterator
from typing import Any

ROWS_AT_ONCE = 500
BEYOND = "a cell that is formatted as a date holds a number beyond all calendars, shown as ###### in Excel"


def limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Bound what this process may take; where the system knows no limits, the caller's time-out remains."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def tagged(value: object) -> list[Any]:
    """What JSON has no form for: a kind and its parts."""
    if isinstance(value, datetime.datetime):
        return ["moment", value.isoformat()]
    if isinstance(value, datetime.date):
        return ["day", value.toordinal()]
    if isinstance(value, datetime.time):
        return ["time", value.isoformat()]
    if isinstance(value, datetime.timedelta):
        return ["span", value.total_seconds()]
    raise TypeError(type(value).__name__)


def list_sheets(workbook: Any) -> dict[str, Any]:
    """The worksheets, each with whether it is visible."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    found = [
        (sheet.name, sheet.visible == SheetVisibleEnum.Visible)
        for sheet in workbook.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet
    ]
    return {"sheets": found}


def read_sheet(workbook: Any, title: str, most_cells: int) -> Iterator[Any]:
    """Where the sheet begins, then every filled row with its number; its empty head is counted, not dropped (X25)."""
    sheet = workbook.get_sheet_by_name(title)
    merged = sheet.merged_cell_ranges
    areas = merged and [[start[0] + 1, start[1] + 1, end[0] + 1, end[1] + 1] for start, end in merged]
    _, left = sheet.start or (0, 0)
    yield {"left": left + 1, "width": sheet.width, "merged": areas}
    if sheet.start is None:
        return
    numbers: list[int] = []
    rows: list[list[Any]] = []
    cells = 0
    for offset, values in enumerate(sheet.iter_rows()):
        # The rows above the first filled one are given too.
        empty = values.count("")
        if empty == len(values):
            continue
        cells += len(values) - empty
        numbers.append(offset + 1)
        rows.append(values)
        if len(rows) == ROWS_AT_ONCE:
            yield [numbers, rows]
            numbers, rows = [], []
        if cells > most_cells:
            yield {"refused": f"it has more than {most_cells:,} filled cells"}
            return
    yield [numbers, rows]


def answer(arguments: list[str]) -> Iterator[Any]:
    """What is written, line by line; the last says whether all went well."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read())) as workbook:
            if arguments:
                yield from read_sheet(workbook, arguments[1], int(arguments[0]))
            else:
                yield list_sheets(workbook)
    except PasswordError:
        yield {"refused": "it is protected by a password"}
    except MemoryError:
        yield {"refused": "it needs too much memory"}
    except OverflowError:
        yield {"refused": BEYOND}
    except (CalamineError, OSError, ValueError) as error:
        yield {"refused": f"{type(error).__name__}: {error}"}
    except BaseException as error:
        # What the library's own language calls a panic is no Exception here.
        if type(error).__name__ != "PanicException":
            raise
        yield {"refused": BEYOND}
    yield {"end": True}


def main(arguments: list[str]) -> None:
    """``python calamine_child.py MEMORY CPU [CELLS TITLE]``; without a title the sheets are listed."""
    limit(int(arguments[0]), int(arguments[1]))
    import orjson

    how = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_APPEND_NEWLINE
    for line in answer(arguments[2:]):
        sys.stdout.buffer.write(orjson.dumps(line, tagged, how))


if __name__ == "__main__":
    main(sys.argv[1:])
