"""The sizing guide holds the tables that its benchmark prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.sizing import SIZES, judging_table, reading_table, request_table

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "how-to" / "size-it.md"


def test_the_guide_holds_each_table_with_a_line_for_each_size():
    page = PAGE.read_text(encoding="utf-8")
    for table in (reading_table([]), request_table({}), judging_table([])):
        head = "\n".join(table)
        assert head in page
        rows = page.partition(head)[2].strip().partition("\n\n")[0].splitlines()
        assert len(rows) >= len(SIZES)
        assert all(row.count("|") == head.partition("\n")[0].count("|") for row in rows)


@pytest.mark.skipif(not os.environ.get("DRIFTLINE_WHOLE_SIZING"), reason="takes a minute; the long form does it")
def test_the_benchmark_measures_every_size_and_source():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sizing", "--sizes", "60", "--each", "60"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^\| \d+ \| \d+ MB \| \d+\.\d s \|", done.stdout, re.MULTILINE)
    assert all(f"| {source} | " in done.stdout for source in ("jira", "salesforce", "asana"))
