"""Reads one file after another, each in a process of its own with limits, and tells what came of it and what it cost.

Run as ``python -m tests.faults.workbooks.reader``; takes paths on standard input, answers a line of JSON for each. The
libraries are loaded once and every process starts from there, as the daemon's reading does.
"""

import json
import os
import resource
import sys
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl  # noqa: F401 - loaded once, before the processes part

from connectors.base import ReadContext
from connectors.spreadsheet import SpreadsheetConnector, SpreadsheetOptions, guard
from model.errors import DriftlineError

ADDRESS_SPACE = 3_000_000_000
CPU_SECONDS = 60


def read(path: Path) -> dict[str, Any]:
    options = SpreadsheetOptions.model_validate(
        {
            "path": path,
            "columns": {"key": "No.", "title": "Name", "planned_start": "Start", "baseline": "Amount"},
            "currency": "EUR",
            "locale": "de",
            "most_cells": 3_000_000,
            "largest_unpacked_megabytes": 40,
        }
    )
    context = ReadContext(datetime(2026, 11, 21, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    connector = SpreadsheetConnector("tracker", options, context)
    try:
        found = {
            record.key: [record.title, str(getattr(record, "baseline", None))]
            for page in connector.changed(None)
            for record in page.records
        }
    except DriftlineError as error:
        problems = [[problem.message, problem.location, problem.hint] for problem in error.problems]
        return {"error": type(error).__name__, "problems": problems}
    return {"records": {key: found[key] for key in list(found)[:5]}}


def in_a_process(path: Path) -> dict[str, Any]:
    """Read in a fork. Its cost is its own memory or that of the process that it started, whichever is more."""
    out, into = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(out)
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        with os.fdopen(into, "w") as answer:
            json.dump(read(path), answer)
            answer.flush()
            os._exit(0)
    os.close(into)
    with os.fdopen(out) as answer:
        text = answer.read()
    _, status, used = os.wait4(child, 0)
    result: dict[str, Any] = json.loads(text) if text else {"died": status}
    cost = {"seconds": time.monotonic() - began, "megabytes": used.ru_maxrss / 1e3}
    return result | cost


def main() -> None:
    warnings.simplefilter("ignore")
    if "--unguarded" in sys.argv:
        # The negative control: what the file costs when nothing is checked before it is opened.
        guard._check_sizes = lambda *_: None
        guard.MOST_MERGED_CELLS = 10**12
    for line in sys.stdin:
        print(json.dumps(in_a_process(Path(line.rstrip("\n")))), flush=True)  # noqa: T201 - its answers


if __name__ == "__main__":
    main()
