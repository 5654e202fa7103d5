"""What a machine for so many records needs: ``python -m benchmarks.sizing [--sizes 1000,10000,100000]``.

Prints the tables of docs/how-to/size-it.md. Records of Jira, Salesforce and Asana, a third each, are read from the fast
stand-in by ``driftline sync`` as a process of its own; what is judged and told is the generated state of
``benchmarks.reconcile``. Time is that of the processor, which the neighbours of a busy machine hardly move.
"""

import argparse
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from benchmarks import reconcile
from benchmarks.company import SECRETS
from benchmarks.measure import Cost, run
from benchmarks.pull import FULL_SIZE, Measured, Measuring, stand_in
from benchmarks.reconcile_rows import Size

SIZES = (1_000, 10_000, 100_000)
EACH = 10_000
"""How many records one source has in the table of requests."""
CHANGES_PERCENT = 1
ROUNDS = 5
"""How often records change before the growth is told, for pages of the file fill unevenly."""
SOURCES = tuple(FULL_SIZE)
_AUDIENCE = """
mail: {sender: driftline@example.com, smtp: {host: localhost, security: none}}
digests: {leaders: {recipients: [reader@example.com]}}
"""
_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading so many records took; ``kilobytes`` is by how much one changed record makes the state grow."""

    records: int
    megabytes: float
    first: Measured
    unchanged: Measured
    changed: Measured
    kilobytes: float


@dataclass(frozen=True, slots=True)
class Judging:
    """What judging so many work items took, with deals, savings and objectives in proportion, and telling of it."""

    size: Size
    found: int
    full: Mapping[str, float]
    some: Mapping[str, float]
    digest: Cost


def read(records: int, folder: Path) -> Reading:
    """Read everything, then nothing new, then one percent changed a few times."""
    each = max(1, records // len(SOURCES))
    with stand_in(dict.fromkeys(FULL_SIZE, each)) as server, redirect_stdout(StringIO()):
        measuring = Measuring(server, folder, SOURCES)
        company = measuring.company(f"company-{records}")
        first = measuring.driftline("first", company)
        size = sum(path.stat().st_size for path in company.glob("driftline.db*"))
        unchanged = measuring.driftline("unchanged", company)
        used, rounds = _used(company), []
        for _ in range(ROUNDS):
            server.ask("set", change=max(1, each * CHANGES_PERCENT // 100))
            rounds.append(measuring.driftline("changed", company))
    changed = sorted(rounds, key=lambda one: one.cost.cpu)[ROUNDS // 2]
    written = sum(one.written for one in rounds)
    return Reading(first.written, size / 1e6, first, unchanged, changed, (_used(company) - used) / 1e3 / written)


def ask(source: str, each: int, folder: Path) -> tuple[Measured, ...]:
    """How often one source is asked: a first read, one without news, one with some, a full one."""
    with stand_in(dict.fromkeys(FULL_SIZE, each)) as server, redirect_stdout(StringIO()):
        measuring = Measuring(server, folder, [source])
        company = measuring.company(f"only-{source}")
        first = measuring.driftline("first", company)
        unchanged = measuring.driftline("unchanged", company)
        server.ask("set", change=max(1, each * CHANGES_PERCENT // 100))
        changed = measuring.driftline("changed", company)
        return first, unchanged, changed, measuring.driftline("full", company, "--full")


def judge(work: int, folder: Path) -> Judging:
    """Judge a generated state whole, and what a hundred changes reach; then compose a digest of all that is news."""
    size = Size(work / 10_000)
    reconcile.prepare(folder, size)
    settings = folder / "driftline.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + _AUDIENCE, encoding="utf-8")
    full = reconcile.measure(folder, "full")
    digest = run(
        [sys.executable, "-m", "cli.main", "-C", str(folder), "digest", "preview", "leaders"],
        folder=_ROOT,
        environment={**os.environ, **SECRETS},
        said=folder / "said.txt",
    )
    return Judging(size, int(full["found"]), full, reconcile.measure(folder, "after 100 changes"), digest)


def _used(company: Path) -> int:
    """The bytes of the pages that hold something: a file keeps those that became free and uses them again."""
    with closing(sqlite3.connect(company / "driftline.db")) as database:
        pages, free, size = (
            int(database.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
    return (pages - free) * size


def reading_table(readings: Sequence[Reading]) -> Iterator[str]:
    """One line for each size."""
    yield "| Records | State | First read | Memory | Nothing new | 1 % changed | Memory | A change adds |"
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|"
    for each in readings:
        yield (
            f"| {each.records:,} | {each.megabytes:,.0f} MB | {each.first.cost.cpu:.1f} s "
            f"| {each.first.cost.megabytes:.0f} MB | {each.unchanged.cost.cpu:.1f} s "
            f"| {each.changed.cost.cpu:.1f} s | {each.changed.cost.megabytes:.0f} MB | {each.kilobytes:.1f} kB |"
        )


def request_table(asked: Mapping[str, Sequence[Measured]]) -> Iterator[str]:
    """One line for each kind of source."""
    yield "| Source | First read | Nothing new | 1 % changed | Everything anew |"
    yield "|---|---:|---:|---:|---:|"
    for source, measured in asked.items():
        requests = [f"{one.counted['requests']:,}" for one in measured]
        yield f"| {source} | {' | '.join(requests)} |"


def judging_table(judged: Sequence[Judging]) -> Iterator[str]:
    """One line for each size."""
    yield "| Work items | Deals | Findings | All judged | Memory | 100 changes judged | Digest composed | Memory |"
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|"
    for each in judged:
        yield (
            f"| {each.size.work:,} | {each.size.deals:,} | {each.found:,} | {each.full['cpu']:.1f} s "
            f"| {each.full['megabytes']:.0f} MB | {each.some['cpu']:.2f} s "
            f"| {each.digest.cpu:.1f} s | {each.digest.megabytes:.0f} MB |"
        )


def _say(lines: Iterator[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write("\n")
    sys.stdout.flush()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizing", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of records, separated by commas")
    parser.add_argument("--each", type=int, default=EACH, help="records of one source in the table of requests")
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.sizes.split(",")]
    with tempfile.TemporaryDirectory(prefix="driftline-sizing-") as name:
        folder = Path(name)
        read(len(SOURCES), folder)  # unmeasured: bytecode is there afterwards, as after an installation
        _say(reading_table([read(size, folder) for size in sizes]))
        _say(request_table({source: ask(source, asked.each, folder) for source in SOURCES}))
        judged = []
        for size in sizes:
            (folder / f"state-{size}").mkdir()
            judged.append(judge(size, folder / f"state-{size}"))
            shutil.rmtree(folder / f"state-{size}")
        _say(judging_table(judged))


if __name__ == "__main__":
    main()
