"""Measures ``driftline sync`` against the least that a pull can do, side by side on the same fast stand-in.

    python -m benchmarks.pull [--rows PERCENT] [--only jira,salesforce,asana] [--latency SECONDS] [--repeat TIMES]

What counts are the ratios within one run; seconds move with the machine. See docs/adr/0007-pulling-fast.md.
"""

import argparse
import http.client
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from benchmarks.company import SECRETS, write_company
from benchmarks.measure import Cost, run

FULL_SIZE = {"jira": 50_000, "salesforce": 50_000, "asana": 20_000}
CHANGED_ROWS = 200
PARALLEL = 8
"""How many requests Driftline sends at once by default (``http.parallel``)."""
_ROOT = Path(__file__).resolve().parents[1]
_SYNC = (sys.executable, "-c", "from cli.main import main; main()", "sync")
_TABLE = "{:<28} {:>8} {:>8} {:>7} {:>9} {:>7} {:>9} {:>9}"
_HEADINGS = ("", "wall s", "CPU s", "MB", "requests", "at once", "MB sent", "written")


@dataclass(frozen=True, slots=True)
class Measured:
    """One pull: what it took, what the stand-in counted meanwhile, and how many record rows it wrote."""

    name: str
    cost: Cost
    counted: Mapping[str, int]
    written: int


class StandIn:
    """The stand-in's process, and how it is told to change."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.address = f"http://127.0.0.1:{port}"

    def ask(self, what: str, **body: float) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", f"/control/{what}", json.dumps(body))
        said = json.loads(connection.getresponse().read())
        connection.close()
        return said


@dataclass
class Measuring:
    """One measurement of some sources: a stand-in, a folder to work in, and what was found so far."""

    stand_in: StandIn
    folder: Path
    sources: Sequence[str]
    found: list[Measured] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Programs find their bytecode, as installed ones do, whatever the environment of the measurement says."""
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        kept = all(os.access(place, os.W_OK) for place in (_ROOT, sysconfig.get_path("purelib")))
        bytecode = {} if kept else {"PYTHONPYCACHEPREFIX": str(self.folder / "bytecode")}
        return {**inherited, **SECRETS, **bytecode, "PYTHONPATH": str(_ROOT)}

    def reference(self) -> Measured:
        database = self.folder / f"reference-{self.stand_in.port}-{len(self.found)}.db"
        module = [sys.executable, "-m", "benchmarks.reference", str(self.stand_in.port), str(database)]
        return self._measured("reference", [*module, *self.sources], _ROOT, database)

    def driftline(self, name: str, company: Path, *options: str) -> Measured:
        """One ``driftline sync`` in a folder, whose state stays there for the next."""
        return self._measured(name, [*_SYNC, *options], company, company / "driftline.db")

    def company(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        write_company(folder, self.stand_in.address, self.sources)
        return folder

    def _measured(self, name: str, command: Sequence[str], folder: Path, database: Path) -> Measured:
        before = _last_written(database)
        self.stand_in.ask("count")
        cost = run(command, folder=folder, environment=self.environment, said=self.folder / "said.txt")
        measured = Measured(name, cost, self.stand_in.ask("count"), _written(database, before))
        self.found.append(measured)
        _print_row(measured)
        return measured


def _last_written(database: Path) -> int:
    """The last revision, to tell later which came after it."""
    if not database.exists():
        return 0
    with sqlite3.connect(database) as connection:
        return int(connection.execute("select coalesce(max(id), 0) from revisions").fetchone()[0])


def _written(database: Path, before: int) -> int:
    """How many records were new or changed: each has one revision; the reference has no revisions but its rows."""
    with sqlite3.connect(database) as connection:
        tables = {name for (name,) in connection.execute("select name from sqlite_master")}
        table, since = ("revisions", "where id > ?") if "revisions" in tables else ("records", "where ? = 0")
        return int(connection.execute(f"select count(*) from {table} {since}", (before,)).fetchone()[0])  # noqa: S608


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _print_row(measured: Measured) -> None:
    cost, counted = measured.cost, measured.counted
    seconds = (f"{cost.wall:.2f}", f"{cost.cpu:.2f}", f"{cost.megabytes:.0f}")
    sent = f"{counted['bytes'] / 1e6:.1f}"
    _say(_TABLE.format(measured.name, *seconds, counted["requests"], counted["in_flight"], sent, measured.written))


@contextmanager
def stand_in(sizes: Mapping[str, int]) -> Iterator[StandIn]:
    """Start the stand-in with so many issues, opportunities and tasks."""
    wanted = [str(sizes[name]) for name in FULL_SIZE]
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "benchmarks.stand_in", *wanted], cwd=_ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield StandIn(int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def measure(
    sources: Sequence[str], sizes: Mapping[str, int], latency: float, repeat: int, folder: Path, *, loaded: bool
) -> None:
    """Print one table for these sources, and the ratios that count."""
    rows = ", ".join(f"{sizes[name]:,} of {name}" for name in sources)
    _say(f"\n{rows}\n{_TABLE.format(*_HEADINGS)}")
    if not loaded:
        _load_once(folder, sources)
    with stand_in(sizes) as server:
        measuring = Measuring(server, folder, sources)
        pairs = [
            (measuring.reference(), measuring.driftline("first sync", measuring.company(f"first{turn}")))
            for turn in range(repeat)
        ]
        company = folder / f"first{repeat - 1}"
        again = measuring.driftline("sync --full, unchanged", company, "--full")
        incremental = _incremental(measuring, company, "incremental")
        late = _with_latency(measuring, latency) if latency else None
    _print_ratios(pairs, again, incremental)
    if late is not None:
        ideal = late.counted["requests"] / PARALLEL * latency
        _say(f"with latency / (requests / {PARALLEL} x latency = {ideal:.1f} s): wall {late.cost.wall / ideal:.2f}")


def _load_once(folder: Path, sources: Sequence[str]) -> None:
    """Run both programs on a few records, unmeasured: their bytecode is there then, as after an installation."""
    with stand_in(dict.fromkeys(FULL_SIZE, 10)) as server, redirect_stdout(StringIO()):
        measuring = Measuring(server, folder, sources)
        measuring.reference()
        measuring.driftline("", measuring.company("loaded"))


def _with_latency(measuring: Measuring, latency: float) -> Measured:
    """The same once more, each request taking so long; the first sync is what counts."""
    measuring.stand_in.ask("set", latency_seconds=latency)
    wait, company = f"{latency * 1000:.0f} ms", measuring.company("late")
    late = measuring.driftline(f"first sync, {wait}", company)
    measuring.driftline(f"sync --full, {wait}", company, "--full")
    _incremental(measuring, company, f"incremental, {wait}")
    return late


def _incremental(measuring: Measuring, company: Path, name: str) -> Measured:
    measuring.stand_in.ask("set", change=CHANGED_ROWS)
    return measuring.driftline(f"{name}, {CHANGED_ROWS} each", company)


def _print_ratios(pairs: Sequence[tuple[Measured, Measured]], again: Measured, incremental: Measured) -> None:
    wall, cpu, memory = (
        statistics.median([getattr(ours.cost, name) / getattr(least.cost, name) for least, ours in pairs])
        for name in ("wall", "cpu", "megabytes")
    )
    first, largest = pairs[-1][1].cost, max(each.cost.megabytes for each in (pairs[-1][1], again, incremental))
    _say(f"first sync / reference:        wall {wall:.2f}, CPU {cpu:.2f}, memory {memory:.2f}")
    _say(
        f"unchanged --full / first sync: wall {again.cost.wall / first.wall:.2f}, CPU {again.cost.cpu / first.cpu:.2f}"
    )
    _say(f"incremental / first sync:      wall {incremental.cost.wall / first.wall:.2f}")
    _say(f"largest memory of Driftline:   {largest:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pull", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, default=100, metavar="PERCENT", help="how much of the full size")
    parser.add_argument("--only", default=",".join(FULL_SIZE), help="the sources to pull, separated by commas")
    parser.add_argument(
        "--latency", type=float, default=0.1, metavar="SECONDS", help="per request, in the second half; 0: no such half"
    )
    parser.add_argument("--repeat", type=int, default=3, metavar="TIMES", help="pairs of reference and first sync")
    parser.add_argument("--together", action="store_true", help="all sources in one run instead of one by one")
    parser.add_argument("--loaded", action="store_true", help="leave out the run that brings the programs' bytecode")
    asked = parser.parse_args()
    sizes = {name: max(1, round(size * asked.rows / 100)) for name, size in FULL_SIZE.items()}
    sources = asked.only.split(",")
    for group in [sources] if asked.together else [[name] for name in sources]:
        with tempfile.TemporaryDirectory(prefix="driftline-benchmark-") as folder:
            measure(group, sizes, asked.latency, asked.repeat, Path(folder), loaded=asked.loaded)


if __name__ == "__main__":
    main()
