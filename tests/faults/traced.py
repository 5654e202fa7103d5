"""Runs the command line under strace, which kills it or refuses it a system call where a test says so (C2, C5, C6).

Like ``tests.faults.zygote``, each call is a process of its own, forked from one that has imported everything; strace is
attached to one of its threads before that thread does anything. Threads are named by what they do, and sources are read
one after the other, so that the n-th call of a thread is the same one in every run.
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

from tests.faults import zygote
from tests.faults.zygote import ROOT, Call, End, Zygote

CHANGING = ("pwrite64", "write", "fdatasync", "fsync", "ftruncate", "unlink", "unlinkat", "rename", "link", "sendto")
"""The system calls by which a program changes what stays, or what others see of it."""
COMMAND = "command"
"""The thread of the command itself; another one is named by the source that it reads."""
_TRACED = ",".join(f"?{name}" for name in (*CHANGING, "recvfrom", "openat"))
_LINE = re.compile(r"^(?P<name>\w+)\((?P<said>.*)\)\s+= (?P<result>\S+)(?P<rest>.*)")
_ALLOW_ANY_TRACER = (0x59616D61, 2**64 - 1)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class TracedCall(Call):
    """What to run, and what shall happen to which system call of which thread."""

    thread: str = COMMAND
    inject: str | None = None
    """As strace has it: ``fdatasync:error=EIO:when=3``. Empty: it is only written down what is called; None: it runs
    without strace."""


@dataclass(frozen=True, slots=True)
class Point:
    """One system call of one thread: the n-th of its name, from 1."""

    thread: str
    name: str
    number: int
    said: str = field(default="", compare=False)
    """The beginning of what it was given, as strace shows it."""

    def __str__(self) -> str:
        return f"{self.name} {self.number}" + (f" of {self.thread}" if self.thread != COMMAND else "")


@dataclass(frozen=True, slots=True)
class Called:
    """One system call as strace wrote it down."""

    name: str
    said: str
    done: bool
    """False when it failed, or was never carried out because the process died there."""
    refused: bool = False
    """It failed because strace was asked for that."""


class Tracer(Zygote):
    """The test's side of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "said.txt")
        self._trace = folder / "trace.txt"

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.traced", str(self._log), str(self._trace)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def trace(self) -> list[Called]:
        """What the traced thread of the last run called, oldest first."""
        return read_trace(self._trace)

    def points(self, thread: str) -> list[Point]:
        """The state-changing calls of the last run, in their order."""
        counted: Counter[str] = Counter()
        found = []
        for called in self.trace():
            if called.name in CHANGING and zygote._COMMITS.strip() not in called.said:
                counted[called.name] += 1
                found.append(Point(thread, called.name, counted[called.name], called.said))
        return found


def read_trace(path: Path) -> list[Called]:
    """What strace wrote into a file."""
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if match := _LINE.match(line):
            done = match["result"] != "?" and not match["result"].startswith("-")
            found.append(Called(match["name"], match["said"], done, "(INJECTED)" in match["rest"]))
    return found


def need_strace(folder: Path) -> None:
    """Skip the test where processes cannot be traced."""
    if shutil.which("strace") is None:
        pytest.skip("no strace on this machine")
    tried = subprocess.run(
        ["strace", "-o", str(folder / "tried"), "-e", "trace=none", "true"], capture_output=True, text=True, check=False
    )
    if tried.returncode != 0:
        pytest.skip(f"strace may trace nothing here: {tried.stderr.strip()[:200]}")


def traced(child: int, thread: int, trace: Path, inject: str) -> "subprocess.Popen[str]":
    """Attach strace to one thread of a process that waits; it is attached when this returns."""
    command = ["strace", "-p", str(thread), "-o", str(trace), "-s", "48", "-e", f"trace={_TRACED}", "-e", "signal=none"]
    tracer = subprocess.Popen(
        [*command, *(["-e", f"inject={inject}"] if inject else [])], stderr=subprocess.PIPE, text=True
    )
    assert tracer.stderr is not None
    said = tracer.stderr.readline()
    if "attached" not in said:
        tracer.kill()
        tracer.communicate()
        raise RuntimeError(f"strace did not attach to {child}: {said}")
    return tracer


class Gate:
    """Where a thread waits until it is traced. Made before the fork; each side closes what it does not use."""

    def __init__(self) -> None:
        self._known, self._tell = os.pipe()
        self._open, self._release = os.pipe()

    def arrive(self) -> None:
        """In the child: tell which thread this is and wait."""
        allow_tracing()
        os.write(self._tell, str(threading.get_native_id()).encode())
        os.read(self._open, 1)

    def child_side(self) -> None:
        os.close(self._known)
        os.close(self._release)

    def trace(self, child: int, trace: Path, inject: str) -> "subprocess.Popen[str] | None":
        """In the parent: wait for the thread, trace it and let it go; None when the child ended without such a one."""
        os.close(self._tell)
        os.close(self._open)
        try:
            arrived = os.read(self._known, 32)
            if not arrived:
                return None
            tracer = traced(child, int(arrived), trace, inject)
            os.write(self._release, b"!")
            return tracer
        finally:
            os.close(self._known)
            os.close(self._release)


def allow_tracing() -> None:
    """Where only a parent may trace its children, let anybody trace this process."""
    import ctypes

    ctypes.CDLL(None).prctl(*(ctypes.c_ulong(value) for value in (*_ALLOW_ANY_TRACER, 0, 0, 0)))


def _run(call: TracedCall, log: Path, trace: Path) -> End:
    began = time.monotonic()
    if call.inject is None:
        return zygote._run(call, log)
    trace.write_text("")
    gate = Gate()
    child = os.fork()
    if child == 0:
        gate.child_side()
        _wait_at(gate, call.thread)
        zygote._become(call, log)
    tracer = gate.trace(child, trace, call.inject)
    status = os.waitpid(child, 0)[1]
    if tracer is not None:
        tracer.communicate(timeout=_PATIENCE_SECONDS)
    code = None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    said, _, commits = log.read_text(encoding="utf-8", errors="replace").rpartition(zygote._COMMITS)
    return End(code, time.monotonic() - began, int(commits) if code is not None else 0, said)


def _wait_at(gate: Gate, thread: str) -> None:
    from pipeline import run

    run.SOURCES_AT_ONCE = 1  # type: ignore[attr-defined] # which one is stored first changes what each has to write
    if thread == COMMAND:
        gate.arrive()
        return
    real = run.read_source

    def read_source(store: Any, run_id: Any, source: str, *arguments: Any, **named: Any) -> Any:
        if source == thread:
            gate.arrive()
        return real(store, run_id, source, *arguments, **named)

    run.read_source = read_source  # type: ignore[attr-defined]


def _serve(log: Path, trace: Path) -> None:
    calls, sys.stdin = sys.stdin, io.StringIO()
    zygote._serve(log)  # without calls it only imports what a command needs
    from digest.compose import all_sections

    all_sections()
    for line in calls:
        print(json.dumps(asdict(_run(TracedCall(**json.loads(line)), log, trace))), flush=True)  # noqa: T201


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), Path(sys.argv[2]))
