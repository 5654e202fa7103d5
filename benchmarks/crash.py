"""How soon the daemon is back after kill -9, and how long a mail could be doubled: ``python -m benchmarks.crash``.

The first table starts ``driftline run`` on the records of the fast stand-in: on an empty state, on one whose first
reading was killed halfway, after a stop on request and after a kill. *Serves* is until ``/healthz`` answers, *ready*
until every source was read and judged and ``/readyz`` says so; both on the clock, from the start of the process. The
second table sends mails to a server on this machine: how long each stood between its acceptance and the commit that
notes it, beside as many blocks that are written and synced in the same folder.
"""

import argparse
import http.client
import json
import logging
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import structlog

from benchmarks import digest
from benchmarks.pull import FULL_SIZE, Measuring, stand_in
from config.load import load
from pipeline.notify import deliver, prepare
from sandbox.mail import MailSink, free_port
from state.store import Store

RECORDS = 100_000
MAILS = 400
TURNS = 3
PATIENCE_SECONDS = 900.0
_LOOK_SECONDS = 0.02
_COLUMNS = ("serves", "ready")
_BLOCK = bytes(4096)
_STORED = "select count(*) from records"
_JUDGED = """
select count(distinct source) from source_results join runs on runs.id = run_id where runs.outcome = 'done'
"""


@dataclass(frozen=True, slots=True)
class Back:
    """How long one start took, in seconds on the clock."""

    serves: float
    ready: float


@dataclass
class Daemon:
    """A daemon in a company's folder, and the questions that it is asked."""

    company: Path
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        settings = self.company / "driftline.yaml"
        settings.write_text(settings.read_text() + f"service: {{port: {self.port}}}\n")

    def start(self) -> float:
        """Start it and give when that was."""
        began = time.perf_counter()
        with (self.company / "said.txt").open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from cli.main import main; main()", "run"],
                cwd=self.company,
                env=self.environment,
                stdout=said,
                stderr=said,
            )
        return began

    def back(self) -> Back:
        """Start it and wait until it is ready."""
        began = self.start()
        serves = self.until("/healthz") - began
        self.wait(lambda: self._asked(_JUDGED) >= len(FULL_SIZE))  # the page counts once in a few seconds only
        return Back(serves, self.until("/readyz") - began)

    def until(self, page: str) -> float:
        """When this page first answered that all is well."""
        self.wait(lambda: self._says_ok(page))
        return time.perf_counter()

    def until_stored(self, records: int) -> None:
        """Wait until so many records are stored."""
        self.wait(lambda: self._asked(_STORED) >= records)

    def wait(self, happened: Callable[[], bool]) -> None:
        """Wait for it. Raise RuntimeError when the daemon ended, or it takes too long."""
        assert self.process is not None
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while not happened():
            if self.process.poll() is not None or time.perf_counter() > deadline:
                raise RuntimeError(f"the daemon does not get there:\n{(self.company / 'said.txt').read_text()[-3000:]}")
            time.sleep(_LOOK_SECONDS)

    def end(self, number: signal.Signals) -> None:
        """Send it a signal, and wait until it is gone."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait()
            self.process = None

    def _asked(self, statement: str) -> int:
        database = self.company / "driftline.db"
        if not database.exists():
            return 0
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            try:
                return int(connection.execute(statement).fetchone()[0])
            except sqlite3.OperationalError:  # it is being made
                return 0

    def _says_ok(self, page: str) -> bool:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            try:
                connection.request("GET", page)
                return connection.getresponse().status == http.client.OK
            except OSError:
                return False


def starts(records: int, turns: int, folder: Path) -> dict[str, list[Back]]:
    """Each way to start, some times."""
    found: dict[str, list[Back]] = {}
    each = max(1, records // len(FULL_SIZE))
    with stand_in(dict.fromkeys(FULL_SIZE, each)) as server:
        measuring = Measuring(server, folder, tuple(FULL_SIZE))
        for turn in range(turns):
            whole = Daemon(measuring.company(f"whole-{turn}"), measuring.environment)
            half = Daemon(measuring.company(f"half-{turn}"), measuring.environment)
            with _ended(whole), _ended(half):
                found.setdefault("empty state", []).append(whole.back())
                whole.end(signal.SIGTERM)
                half.start()
                half.until_stored(each * len(FULL_SIZE) // 2)
                half.end(signal.SIGKILL)
                found.setdefault("killed halfway", []).append(half.back())
                found.setdefault("stopped", []).append(whole.back())
                whole.end(signal.SIGKILL)
                found.setdefault("killed", []).append(whole.back())
    return found


@contextmanager
def _ended(daemon: Daemon) -> Iterator[None]:
    try:
        yield
    finally:
        daemon.end(signal.SIGKILL)


class Recorder:
    """Takes the windows of ``pipeline.outbox`` one by one."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def add(self, seconds: float) -> None:
        """One message was noted as sent."""
        self.seconds.append(seconds)


def windows(mails: int, folder: Path) -> tuple[list[float], list[float]]:
    """For each mail how long it stood between acceptance and commit, and as many blocks written and synced."""
    folder.mkdir(parents=True, exist_ok=True)
    digest.write(folder, findings=100, recipients=mails)
    recorder, sink = Recorder(), MailSink(folder / "mails")
    settings = folder / "driftline.yaml"
    told = json.loads(settings.read_text())
    told["mail"]["smtp"] |= {"host": "127.0.0.1", "port": sink.start()}
    settings.write_text(json.dumps(told))
    try:
        with (
            Store.open(f"sqlite:///{folder / digest.STATE}", migrate=True) as store,
            patch("pipeline.outbox.windows", recorder),
        ):
            configuration = load(settings)
            prepare(store, configuration, "leaders", slot=digest.SLOT, now=digest.NOW)
            deliver(store, configuration, now=digest.NOW)
    finally:
        sink.stop()
    return recorder.seconds, _synced(mails, folder / "blocks")


def _synced(number: int, path: Path) -> list[float]:
    seconds = []
    with path.open("wb", buffering=0) as blocks:
        for _ in range(number):
            began = time.perf_counter()
            blocks.write(_BLOCK)
            os.fsync(blocks.fileno())
            seconds.append(time.perf_counter() - began)
    return seconds


def starts_table(found: dict[str, list[Back]]) -> Iterator[str]:
    """One line for each way to start, the median of its turns; the ratio is to the start on an empty state."""
    yield f"{'start':16}{'serves s':>9}{'ratio':>7}{'ready s':>9}{'ratio':>7}"
    least = {name: statistics.median(getattr(each, name) for each in found["empty state"]) for name in _COLUMNS}
    for way, backs in found.items():
        line = f"{way:16}"
        for name in _COLUMNS:
            seconds = statistics.median(getattr(each, name) for each in backs)
            line += f"{seconds:9.2f}{seconds / least[name]:7.2f}"
        yield line


def windows_table(seen: Sequence[float], synced: Sequence[float]) -> Iterator[str]:
    """Quantiles in milliseconds; the ratio is to writing and syncing a block."""
    mails = f"{len(seen):,} mails"
    yield f"{mails:16}{'p50 ms':>9}{'p99 ms':>9}{'most ms':>9}"
    for name, seconds in (("commit", seen), ("block synced", synced)):
        yield f"{name:16}" + "".join(f"{1000 * each:9.2f}" for each in _quantiles(seconds))
    ratios = (ours / least for ours, least in zip(_quantiles(seen), _quantiles(synced), strict=True))
    yield f"{'ratio':16}" + "".join(f"{each:9.1f}" for each in ratios)


def _quantiles(seconds: Sequence[float]) -> tuple[float, float, float]:
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return cuts[49], cuts[98], max(seconds)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crash", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--mails", type=int, default=MAILS)
    parser.add_argument("--turns", type=int, default=TURNS)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="driftline-benchmark-") as name:
        folder = Path(name)
        sys.stdout.write(f"{asked.records:,} records, {asked.turns} turns\n")
        for line in starts_table(starts(asked.records, asked.turns, folder)):
            sys.stdout.write(f"{line}\n")
        sys.stdout.write("\n")
        for line in windows_table(*windows(asked.mails, folder / "mails")):
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
