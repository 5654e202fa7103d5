"""Runs in a process of its own: reads a workbook from standard input and writes its plain values to standard output.

A hostile or odd file then costs no more than this process, whatever the parser does with it (F4). It imports nothing
of the project, so that it starts fast, and answers in JSON, so that nothing it writes can run.
"""

import datetime
import io
import json
import sys
from typing import Any


def limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Bound what this process may take; where the system knows no limits, the caller's time-out remains."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def plain(value: object) -> tuple[str, Any]:
    """A kind and a value that JSON can hold; a whole float is the integer that was typed."""
    if isinstance(value, bool):
        return "plain", value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return "plain", int(value)
    if isinstance(value, datetime.datetime):
        return "moment", value.isoformat()
    if isinstance(value, datetime.date):
        return "day", value.isoformat()
    if isinstance(value, datetime.time):
        return "time", value.isoformat()
    if isinstance(value, datetime.timedelta):
        return "span", value.total_seconds()
    return "plain", value


def list_sheets(workbook: Any) -> dict[str, Any]:
    """The worksheets, each with whether it is visible."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    found = [
        (sheet.name, sheet.visible == SheetVisibleEnum.Visible)
        for sheet in workbook.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet
    ]
    return {"sheets": found}


def read_sheet(workbook: Any, title: str, most_cells: int) -> dict[str, Any]:
    """Every filled cell with its row and column from 1; the sheet's empty head is counted, not dropped (X25)."""
    sheet = workbook.get_sheet_by_name(title)
    top, left = sheet.start or (0, 0)
    cells = []
    for row, values in enumerate(sheet.to_python(skip_empty_area=True), start=top + 1):
        for column, value in enumerate(values, start=left + 1):
            if value != "":
                cells.append((row, column, *plain(value)))
        if len(cells) > most_cells:
            return {"refused": f"it has more than {most_cells:,} filled cells"}
    merged = sheet.merged_cell_ranges
    areas = merged and [[start[0] + 1, start[1] + 1, end[0] + 1, end[1] + 1] for start, end in merged]
    return {"cells": cells, "merged": areas}


def main(arguments: list[str]) -> None:
    """``python calamine_child.py MEMORY CPU CELLS [TITLE]``; without a title the sheets are listed."""
    limit(int(arguments[0]), int(arguments[1]))
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    answer: dict[str, Any]
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read())) as workbook:
            answer = read_sheet(workbook, arguments[3], int(arguments[2])) if arguments[3:] else list_sheets(workbook)
    except PasswordError:
        answer = {"refused": "it is protected by a password"}
    except MemoryError:
        answer = {"refused": "it needs too much memory"}
    except (CalamineError, OSError, ValueError, OverflowError) as error:
        answer = {"refused": f"{type(error).__name__}: {error}"}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
