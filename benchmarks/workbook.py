"""How fast a workbook is read, beside the bare libraries on the same file: ``python -m benchmarks.workbook``.

Each reading runs in a process of its own. *Cells* is what the reader gives to the rest of the connector: every value
with what is known of it, unpacked; *records* is the whole connector, all pages consumed, every mapped column read by
its type. Figures are ratios to bare python-calamine, which gives values alone; only compare figures of one run.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.sheet import HEADER, MONTHS, write_tracker

SIZES = (1_000, 50_000, 300_000)
SLOW_ABOVE = 50_000
"""openpyxl takes minutes and gigabytes over more rows; it is measured there only with --all."""


def calamine(path: Path) -> int:
    """Values by the bare library."""
    reader = importlib.import_module("python_calamine")
    return len(reader.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python())


def openpyxl(path: Path) -> int:
    """Cells by the bare library."""
    workbook = importlib.import_module("openpyxl").load_workbook(path, data_only=True)
    return sum(1 for _ in workbook.worksheets[0].iter_rows())


def openpyxl_read_only(path: Path) -> int:
    """Values by the bare library, without holding them."""
    workbook = importlib.import_module("openpyxl").load_workbook(path, data_only=True, read_only=True)
    sheet = workbook.worksheets[0]
    sheet.reset_dimensions()
    return sum(1 for _ in sheet.iter_rows(values_only=True))


def cells(path: Path) -> int:
    """Our reader."""
    from connectors.spreadsheet.grid import Grid
    from connectors.spreadsheet.opening import open_file
    from connectors.spreadsheet.options import SpreadsheetOptions

    found = open_file(SpreadsheetOptions.model_validate(settings(path)))[0].cells
    return sum(1 for _ in found.rows()) if isinstance(found, Grid) else len({row for row, _ in found})


def records(path: Path) -> int:
    """Our connector."""
    from connectors.base import ReadContext
    from connectors.spreadsheet import SpreadsheetConnector, SpreadsheetOptions

    context = ReadContext(datetime(2026, 11, 21, tzinfo=UTC), ZoneInfo("UTC"))
    connector = SpreadsheetConnector("tracker", SpreadsheetOptions.model_validate(settings(path)), context)
    return 1 + sum(len(page.records) for page in connector.changed(None))


def settings(path: Path) -> dict[str, object]:
    """All 25 columns mapped: seven fields, twelve months and six texts of one's own."""
    names = ("key", "title", "owner", "controller", "planned_start", "baseline", "one_time_cost")
    texts = HEADER[len(names) : -MONTHS]
    return {
        "path": path,
        "currency": "EUR",
        "columns": dict(zip(names, HEADER, strict=False)),
        "custom": {text.casefold(): text for text in texts},
        "months": [{"series": "plan"}],
    }


OURS = ("connectors.spreadsheet.connector", "openpyxl.worksheet._reader", "openpyxl.styles.stylesheet")
READERS: tuple[Callable[[Path], int], ...] = (calamine, cells, records, openpyxl_read_only, openpyxl)


def timed(reader: Callable[[Path], int], path: Path) -> dict[str, float]:
    """The reading alone: what it imports is imported before, as in a daemon."""
    import resource

    for module in ("python_calamine", "openpyxl") if reader in (calamine, openpyxl, openpyxl_read_only) else OURS:
        importlib.import_module(module)
    began, used = time.perf_counter(), os.times()
    rows = reader(path)
    after = os.times()
    own, child = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "rows": rows,
        "wall": time.perf_counter() - began,
        "cpu": sum(after[:4]) - sum(used[:4]),
        "own": own.ru_maxrss / 1e3,
        "child": child.ru_maxrss / 1e3,
    }


def measure(reader: str, path: Path) -> dict[str, float]:
    """One reading in a process of its own: wall and processor seconds, and the most memory in megabytes."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.workbook", "--reader", reader, "--file", str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1], check=True)  # noqa: S603 - ourselves
    found: dict[str, float] = json.loads(done.stdout)
    return found


def show(rows: int, folder: Path, everything: bool, say: Callable[[str], object]) -> None:
    """Measure all readers on a sheet of so many rows and print a table."""
    path = folder / f"tracker-{rows}.xlsx"
    if not path.exists():
        write_tracker(path, rows)
    say(f"\n{rows:,} rows x {len(HEADER)} columns, {path.stat().st_size / 1e6:.1f} MB")
    say(f"{'':22}{'wall s':>9}{'ratio':>7}{'cpu s':>9}{'ratio':>7}{'MB':>8}{'MB child':>10}")
    first: dict[str, float] = {}
    for reader in READERS:
        if reader is openpyxl and rows > SLOW_ABOVE and not everything:
            continue
        found = measure(reader.__name__, path)
        first = first or found
        say(
            f"{reader.__name__.replace('_', ' '):22}{found['wall']:9.2f}{found['wall'] / first['wall']:7.1f}"
            f"{found['cpu']:9.2f}{found['cpu'] / first['cpu']:7.1f}{found['own']:8.0f}{found['child']:10.0f}"
        )


def main() -> None:
    """Print the tables, or read one file with one reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=SIZES)
    parser.add_argument("--all", action="store_true", help="openpyxl on large sheets too")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "driftline-benchmarks")
    parser.add_argument("--reader")
    parser.add_argument("--file", type=Path)
    asked = parser.parse_args()
    if asked.reader:
        sys.stdout.write(json.dumps(timed({reader.__name__: reader for reader in READERS}[asked.reader], asked.file)))
        return
    asked.folder.mkdir(exist_ok=True)
    for rows in asked.rows:
        show(rows, asked.folder, asked.all, lambda line: sys.stdout.write(f"{line}\n"))


if __name__ == "__main__":
    main()
