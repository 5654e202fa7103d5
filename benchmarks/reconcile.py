"""How long judging takes, beside the least that finds late commitments: ``python -m benchmarks.reconcile``.

A state is generated once per size (in ``--folder``, or in one that goes again). The reference, a full judgement, one
after nothing, one of what a hundred changed records can reach and one of everything after it each run in a process of
their own; time is that of judging and storing its outcome, memory the most that the process had, ``steps`` the
transitions that were stored: none are left for the last way. Only figures of one run are compared.
"""

import argparse
import json
import logging
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import structlog

from benchmarks import reconcile_reference
from benchmarks.reconcile_rows import NOW, TODAY, Size, write, write_files
from config.load import load
from model.reading import Page
from model.records import Record, WorkItem
from model.surroundings import Touched
from pipeline.judge import judge_and_keep
from pipeline.link import Linking
from pipeline.run import collect_seldom
from pipeline.standing import Standing
from state.store import Store

STATE = "driftline.db"
CHANGED = 100
Figures: TypeAlias = dict[str, float]


def prepare(folder: Path, size: Size) -> None:
    """Write the settings and the state, unless they are there."""
    if not (folder / "done").exists():
        write_files(folder, size)
        with Store.open(f"sqlite:///{folder / STATE}", migrate=True) as store:
            write(store, size)
        (folder / "done").write_text(str(size.percent))


def reference(folder: Path) -> Figures:
    """Find the late deals by the least that does."""
    with _timed() as figures:
        late = reconcile_reference.late_deals(folder / STATE, TODAY)
    (folder / "reference.json").write_text(json.dumps(late))
    return figures | {"found": len(late)}


def judging(folder: Path, minutes: int) -> Figures:
    """Judge what is stored and keep the outcome."""
    configuration = load(folder / "driftline.yaml")
    collect_seldom()
    with Store.open(f"sqlite:///{folder / STATE}", migrate=True) as store:
        with _timed() as figures:
            transitions = judge_and_keep(store, configuration, None, now=NOW + timedelta(minutes=minutes))
        figures["found"] = sum(1 for each in store.tracked().values() if each.standing)
    return figures | {"transitions": len(transitions)}


def incremental(folder: Path) -> Figures:
    """Judge everything, let a hundred records change, and judge what these can reach, as the daemon does."""
    configuration = load(folder / "driftline.yaml")
    collect_seldom()
    standing = Standing()
    same_links = Linking(0, 0, (), touched=Touched())
    with Store.open(f"sqlite:///{folder / STATE}", migrate=True) as store:
        judge_and_keep(store, configuration, None, now=NOW + timedelta(minutes=3), standing=standing)
        change(store)
        with _timed() as figures:
            transitions = judge_and_keep(
                store,
                configuration,
                None,
                now=NOW + timedelta(minutes=31),
                standing=standing,
                linking=same_links,
            )
        figures["found"] = store.count_standing()
    return figures | {"transitions": len(transitions)}


def change(store: Store) -> None:
    """Move the dates of a hundred work items, spread over all programmes."""
    later = NOW + timedelta(minutes=30)
    with store.reading() as connection:
        rows = connection.exec_driver_sql(
            "SELECT id FROM records WHERE kind = 'work_item' AND category IN ('todo', 'doing') AND due IS NOT NULL "
            "ORDER BY native_id"
        )
        ids = list(rows.scalars())
    chosen = ids[:: max(1, len(ids) // CHANGED)][:CHANGED]
    run = store.start_run(later, baseline=False)
    by_source: dict[str, list[Record]] = {}
    for batch in store.contents(chosen):
        for record in batch:
            if isinstance(record, WorkItem) and record.due is not None:
                moved = replace(record, due=record.due + timedelta(21))
                by_source.setdefault(record.source, []).append(moved)
    for source, found in by_source.items():
        store.save_page(run, Page(tuple(found)), source, later)


@contextmanager
def _timed() -> Iterator[Figures]:
    figures: Figures = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield figures
    figures["wall"], figures["cpu"] = time.perf_counter() - wall, time.process_time() - cpu
    figures["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


WAYS: dict[str, Callable[[Path], Figures]] = {
    "reference": reference,
    "full": lambda folder: judging(folder, 1),
    "unchanged": lambda folder: judging(folder, 2),
    "after 100 changes": incremental,
    "all of it again": lambda folder: judging(folder, 32),
}


def measure(folder: Path, way: str) -> Figures:
    """One way in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.reconcile", "--way", way, "--folder", str(folder)]
    environment = {**os.environ, "BENCH_TOKEN": "token"}
    root = Path(__file__).parents[1]
    done = subprocess.run(command, stdout=subprocess.PIPE, cwd=root, env=environment, check=True)  # noqa: S603 - ourselves
    found: Figures = json.loads(done.stdout)
    return found


def show(folder: Path, size: Size, say: Callable[[str], object]) -> None:
    """Measure every way on a copy of the state and print them side by side."""
    prepare(folder, size)
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for name in (STATE, "driftline.yaml", "rules.yaml", "objectives.yaml"):
        shutil.copyfile(folder / name, copy / name)
    say(
        f"{size.work:,} work items, {size.deals:,} deals, {size.savings:,} savings, {size.objectives:,} objectives, "
        f"{size.needs:,} needs; {(copy / STATE).stat().st_size / 1e6:,.0f} MB"
    )
    say(f"{'':20}{'wall s':>9}{'ratio':>7}{'CPU s':>9}{'ratio':>7}{'MB':>7}{'found':>9}{'steps':>9}")
    base: Figures = {}
    for way in WAYS:
        found = measure(copy, way)
        base = base or found
        say(
            f"{way:20}{found['wall']:9.2f}{found['wall'] / base['wall']:7.2f}"
            f"{found['cpu']:9.2f}{found['cpu'] / base['cpu']:7.2f}"
            f"{found['megabytes']:7.0f}{found['found']:9,.0f}{found.get('transitions', 0):9,.0f}"
        )
    say(agreement(copy))
    shutil.rmtree(copy)


def agreement(folder: Path) -> str:
    """How many late deals both find. The reference knows neither the tree of objectives nor that inside a release only
    the dates of the work count."""
    late: dict[str, list[str]] = json.loads((folder / "reference.json").read_text())
    with Store.open(f"sqlite:///{folder / STATE}", migrate=True) as store:
        found = {
            entry.finding.subjects[0]: entry.finding.forecast
            for entry in store.tracked().values()
            if entry.finding.check == "late-commitment"
        }
    same = sum(
        1
        for id_, (_, day) in late.items()
        if (claim := found.get(id_)) is not None and claim.day is not None and claim.day.isoformat() == day
    )
    return f"late deals by the reference: {len(late):,}, by the check: {len(found):,}, on the same day: {same:,}"


def main() -> None:
    """Print the table, or measure one way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, default=100.0, help="percent of the full size")
    parser.add_argument("--folder", type=Path, help="where the generated state is kept for the next time")
    parser.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if asked.way:
        sys.stdout.write(json.dumps(WAYS[asked.way](asked.folder)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = asked.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        show(folder, Size(asked.rows), lambda line: sys.stdout.write(f"{line}\n"))


if __name__ == "__main__":
    main()
