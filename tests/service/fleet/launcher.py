"""Starts workers by the real command line, each in a process of its own that was forked from one that has imported all
of it; only the seconds of importing are saved.

Started as ``python -m tests.service.fleet.launcher``; every line on stdin is one start, the answer is the process id.
"""

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[3]
ENOUGH_SECONDS = 60
HURRY = {"look_seconds": 1, "poll_seconds": 0.3, "heartbeat_seconds": 0.4, "stalled_seconds": 3.0}
"""As the real timing, but a tenth of it."""


@dataclass(frozen=True, slots=True)
class Start:
    """What to start; ``sabotage`` takes a protection away first."""

    settings: str
    log: str
    concurrency: int = 2
    sabotage: str = ""
    more: tuple[str, ...] = ()
    """Further arguments of the command."""
    timing: dict[str, float] = field(default_factory=dict)


class Launcher:
    """The test's side of it. What it started is dead when it is left."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.started: list[int] = []

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.service.fleet.launcher"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_exc: type[BaseException] | BaseException | TracebackType | None) -> None:
        for pid in self.started:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        assert self._process is not None
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=ENOUGH_SECONDS)

    def start(self, start: Start) -> int:
        """Start a worker and give its process id."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(start)) + "\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        self.started.append(pid)
        return pid


def alive(pid: int) -> bool:
    """Whether the process is there; one that ended and waits for its parent is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def until_dead(pid: int) -> None:
    deadline = time.monotonic() + ENOUGH_SECONDS
    while alive(pid):
        assert time.monotonic() < deadline, f"process {pid} does not end"
        time.sleep(0.02)


def _serve() -> None:
    from importlib import import_module
    from pkgutil import iter_modules

    import connectors.http
    import connectors.jira
    import service.fleet
    from connectors.registry import connector_kinds
    from reconcile.checks import checks

    for package in (service.fleet, connectors, connectors.http, connectors.jira):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    for name in ("cli.main", "cli.logs", "cli.commands.worker", "jira", "simple_salesforce", "psycopg_pool"):
        import_module(name)
    connector_kinds(), checks()
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become_worker(Start(**json.loads(line)))
        print(pid, flush=True)  # noqa: T201 - the answer
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _become_worker(start: Start) -> None:
    log = os.open(start.log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    null = os.open(os.devnull, os.O_RDWR)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)
    import service.fleet.timing as module
    import state.connected
    from cli.main import main

    state.connected.LONGEST_STANDSTILL = "2s"

    named: dict[str, Any] = {**HURRY, **start.timing}
    named["first_pause"] = timedelta(seconds=named.get("first_pause", 0.5))
    made = module.Timing(**named)
    module.Timing = lambda: made  # type: ignore[misc, assignment]
    if start.sabotage:
        from tests.service.fleet import sabotage

        getattr(sabotage, start.sabotage)()
    code = 1
    try:
        main(["--config", start.settings, "worker", "--concurrency", str(start.concurrency), *start.more])
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        os._exit(code)


if __name__ == "__main__":
    _serve()
