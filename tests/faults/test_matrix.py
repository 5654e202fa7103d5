"""Every source, every fault, on the first, a middle and the last page: what is stored, held and said; the exit code.

Each cell runs ``driftline sync --full SOURCE`` against a real server that misbehaves, then once more undisturbed. The
table of all cells is docs/reference/faults.md (see ``matrix.book``).
"""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.http import Fault
from tests.cli.console import Said, driftline
from tests.databases import copy_folder, execute
from tests.faults.matrix import book
from tests.faults.matrix.book import Cell, Seen, cell_text
from tests.faults.matrix.catalogue import TROUBLES, End, Trouble, end_of
from tests.faults.matrix.company import CALLED, Company, System
from tests.faults.matrix.worlds import NAMED, WORLDS, Disturbance, Named
from tests.faults.oracle import Picture, picture

POSITIONS = ("first", "middle", "last")
COMPARED = ("integrity", "records", "links", "needs", "set aside", "findings", "open runs")


@dataclass
class Matrix:
    """The company, the state that Monday left, and what an undisturbed Tuesday leaves for each source."""

    company: Company
    monday: Path
    room: Path
    tuesdays: dict[str, Picture] = field(default_factory=dict)
    requests: dict[str, list[str]] = field(default_factory=dict)
    seen: dict[Cell, Seen] = field(default_factory=dict)
    cells: int = 0

    def begin(self, source: str) -> Path:
        """A folder of its own with Monday's state, and the world as it is on Tuesday. What came before goes."""
        shutil.rmtree(self.room / str(self.cells), ignore_errors=True)
        self.cells += 1
        folder = self.room / str(self.cells)
        copy_folder(self.monday, folder)
        self.company.monday(source)
        self.company.tuesday(source, folder)
        self.company.configure(folder)
        return folder

    def undisturbed(self, source: str) -> Picture:
        """What a Tuesday without faults leaves."""
        if source not in self.tuesdays:
            folder = self.begin(source)
            assert sync(source, folder).code == 0
            self.tuesdays[source] = compared(folder)
            assert self.tuesdays[source] != compared(self.monday), "without a change nothing could be half told"
            if source in self.company.servers:
                self.requests[source] = list(self.company.servers[source].requests)
        return self.tuesdays[source]

    def strike(self, source: str, fault: Fault, position: str) -> None:
        """Let a fault begin with the first, the middle or the last of the requests that it concerns."""
        asked = sum(bool(re.search(fault.pattern, line)) for line in self.requests[source])
        assert asked, f"nobody asks for {fault.pattern}"
        after = {"first": 0, "middle": asked // 2, "last": asked - 1}[position]
        self.company.servers[source].add_fault(replace(fault, after=after))


def sync(source: str, folder: Path) -> Said:
    return driftline("sync", "--full", source, folder=folder)


def compared(folder: Path) -> Picture:
    """What a state holds, as far as it must be equal however it was reached."""
    whole = picture(folder / "state.db")
    return {kind: whole[kind] for kind in COMPARED}


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    folder = tmp_path_factory.mktemp("matrix")
    with Company(folder / "monday") as company:
        company.configure(company.folder)
        company.write_workbook(company.folder)
        assert driftline("sync", folder=company.folder).code == 0
        matrix = Matrix(company, company.folder, folder)
        yield matrix
    if book.WRITING:
        book.write(matrix.seen)


@pytest.fixture(autouse=True)
def _without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back off without jitter; what a source asks for in seconds is kept."""
    monkeypatch.setattr("connectors.http._LONGEST_BACK_OFF_SECONDS", 0.0)


def _without_moves(stored: tuple[str, str | None]) -> tuple[Any, str | None]:
    """A record without who moved its dates: where the history is kept from us, a deal is known without it (S22)."""
    facts = json.loads(stored[0])
    facts.pop("moves", None)
    return facts, stored[1]


def held(folder: Path) -> set[str]:
    """The findings that are held."""
    rows = execute(folder / "state.db", "SELECT fingerprint, content FROM findings")
    return {fingerprint for fingerprint, content in rows if json.loads(content)["held_since"] is not None}


def judge(matrix: Matrix, source: str, folder: Path, said: Said, after: Picture, end: End) -> Seen:
    """Check what holds in every cell, and say what this one showed."""
    before, now = compared(matrix.monday), compared(folder)
    for id_, value in now["records"].items():
        facts, absence = _without_moves(value)
        known = [_without_moves(told["records"][id_])[0] for told in (before, after) if id_ in told["records"]]
        assert facts in known, f"{id_} is as nobody ever told it"
        assert absence in (None, "unobserved", "access_lost"), f"{id_} is {absence}"
    assert set(before["records"]) <= set(now["records"]), "a record was lost"
    assert "resolved" not in {finding[0] for finding in now["findings"].values()}
    assert now["findings"].keys() == before["findings"].keys()
    differ = {
        id_
        for id_, told in after["records"].items()
        if id_ not in now["records"] or _without_moves(now["records"][id_]) != _without_moves(told)
    }
    if end is End.OVERCOME:
        assert not differ
        stored = "the complete answer"
    elif end is End.IN_DOUBT:
        assert differ
        assert {now["records"][id_][1] for id_ in differ} <= {"unobserved", "access_lost"}
        stored = "all that was given; the others as before, in doubt"
    elif end is End.WITHOUT_ONE:
        assert len(differ) <= 1
        assert 1 <= len(now["set aside"]) <= 2
        stored = "all but the one, which is set aside"
    elif end is End.WITHOUT_A_FIELD:
        assert not differ
        assert f"the rest of {source} is read and judged as ever" in said.err
        assert not held(folder), "nothing rests on the field"
        stored = "the complete answer; the field as before"
    else:
        assert f"source {source}" in said.err, "the failed source is named"
        assert "hint: " in said.err
        assert held(folder), "a finding that rests on the source is held"
        assert "error: unexpected" not in said.err, "a crash is no answer to a fault"
        stored = "as before or newer"
    return Seen(stored, "held" if held(folder) else "judged anew", spoken(said, folder), said.code)


def spoken(said: Said, folder: Path) -> str:
    """The error as the table quotes it."""
    error = re.search(r"^error: (.*?)$", said.err, re.MULTILINE)
    if error is None:
        return "nothing"
    text = error[1].replace(str(folder), "FOLDER")
    # A date is a pause from now: it gets shorter while the tests run.
    return cell_text(re.sub(r"a pause of [3-7]\d{3} s", "a pause of 7200 s", text))


def compare(matrix: Matrix, cell: Cell, seen: Seen) -> None:
    matrix.seen[cell] = seen
    if not book.WRITING:
        assert book.expected().get(cell) == seen.cells, "docs/reference/faults.md says something else"


def heal(system: System, folder: Path, matrix: Matrix, after: Picture) -> None:
    """The next undisturbed run reaches what an undisturbed Tuesday would have reached."""
    matrix.company.monday(system.source)
    matrix.company.tuesday(system.source, folder)
    matrix.company.configure(folder)
    again = sync(system.source, folder)
    assert again.code == 0, again.err
    assert compared(folder) == after
    assert not held(folder)


def finish(matrix: Matrix, system: System, folder: Path, cell: Cell, end: End) -> None:
    """Make the disturbed run, judge it, and the run after it."""
    after = matrix.tuesdays[system.source]
    said = sync(system.source, folder)
    assert said.code == (3 if end in (End.HELD, End.WITHOUT_A_FIELD) else 0), said.err
    seen = judge(matrix, system.source, folder, said, after, end)
    heal(system, folder, matrix, after)
    compare(matrix, cell, seen)


def _cells() -> Iterator[Any]:
    """Every trouble of every system at every position; in the short form a quarter of them, at one after the other."""
    for place, system in enumerate(CALLED):
        for number, trouble in enumerate(TROUBLES):
            turn = (POSITIONS[(place + number) % len(POSITIONS)],) if (place + number) % 4 == 0 else ()
            for position in POSITIONS if book.WHOLE else turn:
                yield pytest.param(system, trouble, position, id=f"{system.source}-{trouble.name}-{position}")


@pytest.mark.parametrize(("system", "trouble", "position"), _cells())
def test_a_source_that_fails_over_http_loses_nothing_and_resolves_nothing(
    matrix: Matrix, system: System, trouble: Trouble, position: str
) -> None:
    matrix.undisturbed(system.source)
    folder = matrix.begin(system.source)
    matrix.strike(system.source, replace(trouble.fault, pattern=system.pages), position)
    if trouble.silent:
        matrix.company.configure(folder, impatient=True)
    end = end_of(trouble, system.source, position)
    finish(matrix, system, folder, (system.title, trouble.name, trouble.id, position), end)


@pytest.mark.parametrize(
    ("named", "position"),
    [
        pytest.param(each, position, id=f"{each}-{position}")
        for number, each in enumerate(NAMED)
        for place, position in enumerate(each.ends)
        if book.WHOLE or place == number % len(each.ends)
    ],
)
def test_what_only_one_vendor_does_loses_nothing_and_resolves_nothing(
    matrix: Matrix, named: Named, position: str
) -> None:
    matrix.undisturbed(named.system.source)
    folder = matrix.begin(named.system.source)
    for fault in named.faults():
        matrix.strike(named.system.source, fault, position)
    finish(matrix, named.system, folder, (named.system.title, named.name, named.id, position), named.ends[position])


def _behind() -> Iterator[Any]:
    """Every disturbance of every system; in the short form each at one system that knows it, at one after the other."""
    for number, name in enumerate(dict.fromkeys(each.name for each in WORLDS)):
        alike = [each for each in WORLDS if each.name == name]
        for each in alike if book.WHOLE else [alike[number % len(alike)]]:
            for place, position in enumerate(each.positions):
                if book.WHOLE or place == number % len(each.positions):
                    yield pytest.param(each, position, id=f"{each}-{position}")


@pytest.mark.parametrize(("disturbance", "position"), _behind())
def test_what_happens_behind_a_source_loses_nothing_and_resolves_nothing(
    matrix: Matrix, disturbance: Disturbance, position: str
) -> None:
    system = disturbance.system
    matrix.undisturbed(system.source)
    folder = matrix.begin(system.source)
    disturbance.disturb(matrix.company, folder, position)
    finish(matrix, system, folder, (system.title, disturbance.name, disturbance.id, position), disturbance.end)


def test_control_without_the_guard_a_hidden_project_would_lose_its_records(
    matrix: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The matrix notices when the protection is gone."""
    monkeypatch.setattr("pipeline.guard.Guard.doubts", lambda _guard, _gone: "")
    hidden = next(each for each in WORLDS if str(each) == "jira-no issue is shown any more")
    matrix.undisturbed(hidden.system.source)
    folder = matrix.begin(hidden.system.source)
    hidden.disturb(matrix.company, folder, "any")
    with pytest.raises(AssertionError):
        finish(matrix, hidden.system, folder, (hidden.system.title, hidden.name, hidden.id, "control"), End.HELD)
    with pytest.raises(AssertionError, match="is deleted"):
        judge(
            matrix, hidden.system.source, folder, sync(hidden.system.source, folder), matrix.tuesdays["jira"], End.HELD
        )


def test_every_row_of_the_page_is_seen() -> None:
    """A row that no test sees any more would be an empty promise."""
    positions = {
        *((system.title, each.name, each.id, at) for system in CALLED for each in TROUBLES for at in POSITIONS),
        *((each.system.title, each.name, each.id, at) for each in NAMED for at in each.ends),
        *((each.system.title, each.name, each.id, at) for each in WORLDS for at in each.positions),
    }
    assert book.WRITING or set(book.expected()) == positions
