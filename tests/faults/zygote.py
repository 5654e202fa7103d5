"""Runs the command line many times in processes of their own, each forked from one that has imported it already.

Started as ``python -m tests.faults.zygote``; every line on stdin is one ``Call``, every line on stdout one ``End``. The
calls are real processes that die by a real SIGKILL; only the second of importing is saved.
"""

import gc
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.forks import leave

ROOT = Path(__file__).parents[2]
_COMMITS = "\ncommits: "


@dataclass(frozen=True, slots=True)
class Call:
    """What to run and when to kill it: after some seconds, just before its n-th commit (from 1) or just after it."""

    arguments: list[str]
    kill_after_seconds: float | None = None
    kill_before_commit: int | None = None
    kill_after_commit: int | None = None
    acknowledged: str = ""
    """A file to which each transaction that wrote something is added once PostgreSQL acknowledged its commit."""
    crash_after_commit: int | None = None
    """Just after this commit the server with the process id ``server`` dies, as by ``pg_ctl stop -m immediate``."""
    server: int = 0
    sabotage: str = ""
    """The name of a function in ``tests.faults.sabotage`` that takes a protection away first."""


@dataclass(frozen=True, slots=True)
class End:
    """How it ended: its exit code, or None when it was killed; how often it committed; and what it said."""

    code: int | None
    seconds: float
    commits: int
    said: str


class Zygote:
    """The test's side of it."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote", str(self._log)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_exc: type[BaseException] | BaseException | TracebackType | None) -> None:
        assert self._process is not None
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=30)

    def run(self, call: Call) -> End:
        """Run a command to its end."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(call)) + "\n")
        self._process.stdin.flush()
        return End(**json.loads(self._process.stdout.readline()))


def _serve(log: Path) -> None:
    from importlib import import_module
    from pkgutil import iter_modules

    import cli.commands
    import connectors.http
    import connectors.jira
    from connectors.registry import connector_kinds
    from reconcile.checks import checks

    for package in (cli.commands, connectors, connectors.http, connectors.jira):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    for name in (
        "cli.main",
        "cli.logs",
        "pipeline.run",
        "pipeline.notify",
        "state.lock",
        "service.traces",
        "babel.dates",
        "babel.numbers",
        "jira",
        "simple_salesforce",
        "psycopg",
    ):
        import_module(name)
    connector_kinds(), checks()
    gc.freeze()  # what all calls share is not copied for each because the garbage collector marks it
    for line in sys.stdin:
        print(json.dumps(asdict(_run(Call(**json.loads(line)), log))), flush=True)  # noqa: T201 - the answer


def _run(call: Call, log: Path) -> End:
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _become(call, log)
    status = _wait(child, call.kill_after_seconds)
    code = None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    said, _, commits = log.read_text(encoding="utf-8", errors="replace").rpartition(_COMMITS)
    return End(code, time.monotonic() - began, int(commits) if code is not None else 0, said)


def _wait(child: int, kill_after_seconds: float | None) -> int:
    """Wait for a child, and kill it when its time is over. It stays our child until then, so no other can be hit."""
    if kill_after_seconds is not None:
        deadline = time.monotonic() + kill_after_seconds
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _become(call: Call, log: Path) -> None:
    """Turn the child into the command; never returns."""
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    code: Any = 70
    committed: list[int] = []
    try:
        if call.sabotage:
            from tests.faults import sabotage

            getattr(sabotage, call.sabotage)()
        _watch_commits(call, committed)
        from cli.main import main

        main(call.arguments)
    except SystemExit as end:
        code = end.code
    except BaseException:  # whatever it is, the test shall read it
        traceback.print_exc()
    finally:
        leave(int(code or 0), last=f"{_COMMITS}{len(committed)}".encode())


def _transaction(connection: Any) -> str | None:
    """The number of the transaction, if it wrote something."""
    return connection.execute("SELECT pg_current_xact_id_if_assigned()::text").fetchone()[0]  # type: ignore[no-any-return]


def _watch_commits(call: Call, committed: list[int]) -> None:
    """Die at the commit that was asked for; the list grows by one with each that is made."""
    from sqlalchemy.engine.default import DefaultDialect

    real = DefaultDialect.do_commit

    def commit(self: DefaultDialect, connection: Any) -> None:
        if len(committed) + 1 == call.kill_before_commit:
            os.kill(os.getpid(), signal.SIGKILL)
        transaction = _transaction(connection) if call.acknowledged else None
        real(self, connection)
        if transaction:
            with Path(call.acknowledged).open("a") as file:
                file.write(f"{transaction}\n")
        committed.append(1)
        if len(committed) == call.kill_after_commit:
            os.kill(os.getpid(), signal.SIGKILL)
        if len(committed) == call.crash_after_commit:
            os.kill(call.server, signal.SIGQUIT)

    DefaultDialect.do_commit = commit  # type: ignore[method-assign]


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
