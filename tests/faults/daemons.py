"""Real daemons, each a process of its own, forked from one that has imported the program already.

Started as ``python -m tests.faults.daemons``; every line on stdin is one wish, every line on stdout its answer. Only
the second of importing is saved: signals, exit codes, locks and the clock are those of real processes.
"""

import atexit
import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tests.faults.shifted_clock import ShiftedClock
from tests.forks import leave

ROOT = Path(__file__).parents[2]
LONG = 60.0
"""Seconds after which something that must happen counts as not happening, also on a loaded machine."""
Preparation = Sequence[object]
"""The name of a function in ``tests.faults.unsteady`` and its arguments, called before the daemon begins."""


@dataclass(frozen=True, slots=True)
class End:
    """How a process ended: its exit code, or minus the signal; what it cost."""

    code: int
    cpu_seconds: float
    peak_mib: float


class Daemons:
    """Starts daemons; ends with all of them."""

    def __init__(self, environment: Mapping[str, str] = {}) -> None:
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.faults.daemons"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self._environment
        )
        return self

    def __exit__(self, *_exc: type[BaseException] | BaseException | TracebackType | None) -> None:
        assert self._process is not None
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=LONG)

    def start(
        self, folder: Path, *prepared: Preparation, log: str = "daemon.log", command: Sequence[str] = ("run",)
    ) -> "Running":
        """Run the daemon, or another command, for the settings in a folder."""
        log_file = folder / log
        log_file.touch()
        wish = {"start": ["-C", str(folder), *command], "log": str(log_file), "prepared": prepared}
        return Running(self, self.ask(wish)["pid"], log_file)

    def ask(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@cache
def shared() -> tuple[Daemons, ShiftedClock | None]:
    """One that lasts as long as the tests do, with the clock that its daemons see where that can be set."""
    folder = tempfile.TemporaryDirectory(prefix="driftline-clock-")
    atexit.register(folder.cleanup)
    clock = ShiftedClock.within(Path(folder.name))
    resources = contextlib.ExitStack()
    atexit.register(resources.close)
    return resources.enter_context(Daemons(clock.environment if clock else {})), clock


def shared_clock() -> ShiftedClock:
    """The clock of the shared daemons; skip the test where it cannot be set."""
    clock = shared()[1]
    if clock is None:
        pytest.skip("there is no C compiler for the library that shifts the clock")
    return clock


@dataclass
class Running:
    """One daemon. Its pid stays its own until ``end`` was told, so that no signal can hit another process."""

    daemons: Daemons
    pid: int
    log: Path
    ended: End | None = None
    _read: int = 0
    _events: list[dict[str, Any]] = field(default_factory=list)

    def send(self, number: signal.Signals) -> None:
        if self.end() is None:
            os.kill(self.pid, number)

    def end(self, seconds: float = 0) -> End | None:
        """How it ended; None when it still runs after so many seconds."""
        if self.ended is None:
            answer = self.daemons.ask({"wait": self.pid, "seconds": seconds})
            if answer["code"] is not None:
                self.ended = End(**answer)
        return self.ended

    def kill(self) -> None:
        """kill -9."""
        self.send(signal.SIGKILL)
        assert self.end(LONG) is not None

    def stop(self) -> tuple[End, float]:
        """Ask it to end; tell how it did and after how many seconds."""
        began = time.monotonic()
        self.send(signal.SIGTERM)
        end = self.end(LONG)
        assert end is not None, self.said
        return end, time.monotonic() - began

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def events(self, *names: str) -> list[dict[str, Any]]:
        """The lines of its log with these events."""
        with self.log.open("rb") as log:
            log.seek(self._read)
            content = log.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._read += len(whole)
        self._events += [json.loads(line) for line in whole.splitlines() if line.startswith(b"{")]
        return [line for line in self._events if line["event"] in names]

    def wait_until(self, happened: Callable[[], object], seconds: float = LONG) -> None:
        deadline = time.monotonic() + seconds
        pause = 0.005
        while not happened():
            assert self.end() is None, self.said[-4000:]
            assert time.monotonic() < deadline, self.said[-4000:]
            time.sleep(pause)
            pause = min(pause * 1.3, 0.1)

    def wait_for(self, *names: str, times: int = 1) -> None:
        """Until an event was logged so often."""
        self.wait_until(lambda: len(self.events(*names)) >= times)

    @property
    def cpu_seconds(self) -> float:
        """The processor time it took so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _serve() -> None:
    from importlib import import_module
    from pkgutil import iter_modules

    import cli.commands
    import connectors.http
    import connectors.jira
    import service
    from connectors.registry import connector_kinds
    from reconcile.checks import checks

    for package in (cli.commands, connectors, connectors.http, connectors.jira, service):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    for name in (
        "cli.main",
        "cli.logs",
        "scheduler",
        "state.lock",
        "digest.render",
        "jira",
        "simple_salesforce",
        "tests.faults.unsteady",
    ):
        import_module(name)
    connector_kinds(), checks()
    gc.freeze()  # what all share is not copied for each because the garbage collector marks it
    children: set[int] = set()
    try:
        for line in sys.stdin:
            print(json.dumps(_answer(json.loads(line), children)), flush=True)  # noqa: T201 - the answer
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _answer(wish: Mapping[str, Any], children: set[int]) -> dict[str, Any]:
    if "start" in wish:
        child = os.fork()
        if child == 0:
            _become(wish)
        children.add(child)
        return {"pid": child}
    return _wait(wish["wait"], wish["seconds"], children)


def _wait(child: int, seconds: float, children: set[int]) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            children.remove(child)
            return {
                "code": os.waitstatus_to_exitcode(status),
                "cpu_seconds": usage.ru_utime + usage.ru_stime,
                "peak_mib": usage.ru_maxrss / 1024,
            }
        if time.monotonic() >= deadline:
            return {"code": None}
        time.sleep(0.01)


def _become(wish: Mapping[str, Any]) -> None:
    """Turn the child into the daemon; never returns."""
    code: Any = 70
    try:
        with Path(wish["log"]).open("ab") as file, Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        from cli.main import main
        from tests.faults import unsteady

        for name, *arguments in wish["prepared"]:
            getattr(unsteady, name)(*arguments)
        main(wish["start"])
    except SystemExit as end:
        code = end.code
    except BaseException:  # whatever it is, the test shall read it
        traceback.print_exc()
    finally:
        leave(int(code or 0))


@contextlib.contextmanager
def one(daemons: Daemons, folder: Path, *prepared: Preparation, log: str = "daemon.log") -> Iterator[Running]:
    """A daemon that does not outlive the block."""
    running = daemons.start(folder, *prepared, log=log)
    try:
        yield running
    finally:
        running.kill()


if __name__ == "__main__":
    _serve()
