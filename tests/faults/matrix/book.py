"""The page docs/reference/faults.md: what the matrix saw, a table for each system.

With ``DRIFTLINE_WRITE_FAULTS=1`` a run of the matrix in one process writes the page; every other run compares with it.
``DRIFTLINE_WHOLE_MATRIX=1`` asks for every position of every fault; the suite takes one position of each, in turn, and
what several systems share at one of them, in turn.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "faults.md"
WRITING = bool(os.environ.get("DRIFTLINE_WRITE_FAULTS"))
WHOLE = WRITING or bool(os.environ.get("DRIFTLINE_WHOLE_MATRIX"))
_INTRODUCTION = """# Faults

What Driftline does when a source fails, seen in tests that disturb each source while it is read in full, at the first,
a middle and the last of the requests that carry its records. This page is written by those tests
(`DRIFTLINE_WRITE_FAULTS=1 pytest tests/faults/test_matrix.py`), and they fail when what they see differs from it.

In every row, whatever the page: each stored record is as its source told it last or as it was before, none is taken as
deleted, no finding is resolved, and the next undisturbed run reaches the state that it would have reached without the
fault. *Held* means that findings which rest on the source stay as they are and say since when they were not checked
again. Ids are those of the tests: S, F and X for faults, J, A and T for traps of one system.

Exit codes: 0 done, 3 done in part because a source failed.
"""
_ROW = re.compile(r"^\| (?P<fault>[^|]+) \| (?P<id>[^|]+) \| (?P<page>[^|]+) \| (?P<rest>.+) \|$")


@dataclass(frozen=True, order=True)
class Seen:
    """What one cell of the matrix showed."""

    stored: str
    findings: str
    said: str
    code: int

    @property
    def cells(self) -> str:
        return f"{self.stored} | {self.findings} | {self.said} | {self.code}"


Cell = tuple[str, str, str, str]
"""System, fault, id, page."""


def expected() -> Mapping[Cell, str]:
    """What the page says of each cell; a row for any page stands for each of them."""
    found: dict[Cell, str] = {}
    system = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines() if PAGE.exists() else ():
        if line.startswith("## "):
            system = line[3:]
        elif (row := _ROW.match(line)) and row["fault"] != "Fault":
            for page in row["page"].split(", "):
                found[system, row["fault"], row["id"], page] = row["rest"]
    return found


def write(seen: Mapping[Cell, Seen]) -> None:
    """Write what was seen into the page; what was not seen this time stays. Pages of one fault that showed the same
    share a row."""
    whole = {cell: _read(rest) for cell, rest in expected().items()} | dict(seen)
    systems = dict.fromkeys(cell[0] for cell in whole)
    parts = [_INTRODUCTION]
    for system in systems:
        mine = {cell[1:]: what for cell, what in whole.items() if cell[0] == system}
        parts.append(f"## {system}\n\n{_table(mine)}\n")
    PAGE.write_text("\n".join(parts), encoding="utf-8")


def _read(rest: str) -> Seen:
    stored, findings, said, code = rest.split(" | ")
    return Seen(stored, findings, said, int(code))


def _table(seen: Mapping[tuple[str, str, str], Seen]) -> str:
    rows = ["| Fault | Id | Page | Stored | Findings | Said | Exit |", "|---|---|---|---|---|---|---|"]
    for fault, id_ in dict.fromkeys(cell[:2] for cell in seen):
        pages = {page: what for (name, _, page), what in seen.items() if name == fault}
        rows += [f"| {fault} | {id_} | {', '.join(same)} | {what.cells} |" for what, same in _alike(pages)]
    return "\n".join(rows)


def _alike(pages: Mapping[str, Seen]) -> Iterable[tuple[Seen, Sequence[str]]]:
    groups: dict[Seen, list[str]] = {}
    for page, what in pages.items():
        groups.setdefault(what, []).append(page)
    return groups.items()


def cell_text(text: str) -> str:
    """A text as it may stand in a cell of the table: one line, nothing that Markdown takes for a border."""
    return " ".join(text.split()).replace("|", "/")
