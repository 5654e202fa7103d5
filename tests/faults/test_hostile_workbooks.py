"""Whatever file lies in the tracker's place: a correct read or one clear error, in 10 s and 200 MB (F4-F7, X1-X30).

Each file is read in a process of its own, under limits. ``DRIFTLINE_BULK`` multiplies the sizes of the large ones; the
process that reads the values may take 100 bytes more for every cell, and some of them are refused then.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.faults.workbooks.corpus import CASES, READS, SHEET, Case, members, packed, plain

BULK = int(os.environ.get("DRIFTLINE_BULK", "1"))
SECONDS = 10.0 * max(1, BULK // 2)
MEGABYTES = 200.0 if BULK == 1 else 400.0

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="measures processes as Unix does")


class Reader:
    """The process that reads; answers come in order."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.workbooks.reader", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def read(self, path: Path) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        self.process.communicate(timeout=60)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    opened = Reader()
    yield opened
    opened.close()


@pytest.mark.parametrize("case", CASES, ids=[case.name.replace(" ", "-") for case in CASES])
def test_a_file_is_read_or_refused_in_bounds(case: Case, reader: Reader, tmp_path: Path) -> None:
    """F4-F7, S11, X11, X12, X21-X26."""
    path = tmp_path / case.file
    case.write(path, BULK)
    answer = reader.read(path)
    assert answer["seconds"] < SECONDS
    assert answer["megabytes"] < MEGABYTES
    if "records" in answer:
        assert case.said in (READS, ".") or BULK > 1, f"read {answer['records']}"
        if case.said == READS:
            assert answer["records"]["M-1"] in (["Press", "5"], ["Other", "5"])
            assert answer["records"]["M-2"] == ["Belt", "1250.5"]
    else:
        assert "died" not in answer
        assert_clear(answer["problems"], case, path)


def assert_clear(problems: Sequence[Sequence[str]], case: Case, path: Path) -> None:
    """One error, or one of each reader; each with the words, the place and something to do."""
    assert len(problems) <= 2
    if BULK == 1:
        assert case.said != READS, f"not read: {problems}"
        assert re.search(case.said, " / ".join(message for message, _, _ in problems))
    for message, location, hint in problems:
        assert path.name in location
        assert hint
        assert len(message) < 400


def test_the_reading_goes_on_after_every_hostile_file(reader: Reader, tmp_path: Path) -> None:
    """The daemon's process is the one that is still there."""
    plain(tmp_path / "T.xlsx")
    assert reader.read(tmp_path / "T.xlsx")["records"]["M-1"] == ["Press", "5"]


def test_without_the_guard_one_bomb_takes_more_than_the_limit(tmp_path: Path) -> None:
    """The negative control of F4: 180 million blanks in a file of less than a megabyte, and no look at its sizes."""
    path = tmp_path / "T.xlsx"
    plain(path)
    parts = members(path)
    packed(path, parts | {SHEET: parts[SHEET].replace(b"</sheetData>", b" " * 180_000_000 + b"</sheetData>")})
    unguarded = Reader("--unguarded")
    try:
        answer = unguarded.read(path)
    finally:
        unguarded.close()
    assert answer["megabytes"] > 200.0 or answer["seconds"] > SECONDS or "died" in answer
