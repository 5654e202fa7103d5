"""Runs a tap as a program of its own: without a shell, with few environment variables, in a process group that ends
with it, and never for longer than agreed."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from connectors.base import HttpOptions, ReadContext
from connectors.singer.complaints import Complaints
from connectors.singer.redaction import Redaction
from model.errors import SourceAuthError, SourceContentError, SourceUnavailableError

GRACE_SECONDS = 3.0
"""How long a tap has between being asked to end and being killed."""
LINGER_SECONDS = 5.0
"""How long the output of a tap that has ended may stay open, and how long a tap may live on without output."""
_POLL_SECONDS = 0.1
_PIECE = 65_536
_MEGABYTE = 1_048_576


@dataclass(frozen=True, slots=True)
class TapCall:
    """One run of a tap: what is called, where and with what. ``doing`` is for messages: ``reading``, ``discovery``."""

    source: str
    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    doing: str

    @property
    def program(self) -> str:
        return Path(self.arguments[0]).name


class TapProcess:
    """One run. ``lines`` starts it and gives its output; ``close`` ends it and whatever it started."""

    def __init__(self, call: TapCall, limits: HttpOptions, context: ReadContext, redact: Redaction) -> None:
        self._call = call
        self._limits = limits
        self._context = context
        self._complaints = Complaints(call.source, redact)
        self._process: subprocess.Popen[bytes] | None = None
        self._ends_at = 0.0

    def lines(self) -> Generator[bytes, None, None]:
        """Yield each line of stdout. Raise SourceError when the tap cannot be started, is too slow, writes a line that
        is too long or ends with a status other than 0; InterruptedRunError when somebody asked to stop.
        """
        self._context.check()
        process = self._process = self._started()
        self._ends_at = time.monotonic() + self._limits.run_deadline_seconds
        assert process.stdout is not None
        splitter = _Lines(self._limits.largest_answer_megabytes * _MEGABYTE)
        try:
            for piece in self._pieces(process):
                try:
                    yield from splitter.feed(piece)
                except OverflowError:
                    raise self._too_long() from None
            if splitter.rest:
                yield splitter.rest
            self._await_end(process)
        finally:
            self.close()
        self._check_status(process.returncode)

    def close(self) -> None:
        """End the tap and its process group: asked first, then killed."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        if not _has_ended(process):
            _signal_group(process, signal.SIGTERM)
            deadline = time.monotonic() + GRACE_SECONDS
            while not _has_ended(process) and time.monotonic() < deadline:
                time.sleep(0.02)
        # Also after a tidy end: what it left running in its group ends with it.
        _signal_group(process, signal.SIGKILL)
        process.wait()

    def _started(self) -> "subprocess.Popen[bytes]":
        call = self._call
        try:
            return subprocess.Popen(  # noqa: S603 - no shell; the administrator wrote the program into the settings
                call.arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=call.folder,
                env=dict(call.environment),
                start_new_session=True,
                bufsize=0,
            )
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or "its name or arguments are not valid"
            raise SourceUnavailableError(
                f"the tap {call.program} cannot be started: {reason}",
                location=call.source,
                hint=f"install the tap in an environment of its own, and write its full path in tap: ({call.program})",
            ) from error

    def _pieces(self, process: "subprocess.Popen[bytes]") -> Iterator[bytes]:
        """The pieces of stdout as they come, until it is closed; stderr is read beside it."""
        quiet_since: float | None = None
        with selectors.DefaultSelector() as selector:
            for pipe in (process.stdout, process.stderr):
                assert pipe is not None
                selector.register(pipe, selectors.EVENT_READ)
            while True:
                self._check_time()
                ready = [key.fileobj for key, _ in selector.select(_POLL_SECONDS)]
                if process.stderr in ready and not self._hear(process.stderr):
                    selector.unregister(process.stderr)
                if process.stdout in ready:
                    quiet_since = None
                    piece = _read(process.stdout)
                    if not piece:
                        return
                    yield piece
                elif _has_ended(process):
                    quiet_since = quiet_since or time.monotonic()
                    if time.monotonic() - quiet_since > LINGER_SECONDS:
                        raise self._failed("has ended, but a program that it started keeps its output open")

    def _await_end(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait for the end of a tap that has closed its output, and hear what it still says."""
        deadline = time.monotonic() + LINGER_SECONDS
        with selectors.DefaultSelector() as selector:
            assert process.stderr is not None
            selector.register(process.stderr, selectors.EVENT_READ)
            while True:
                self._check_time()
                ended = _has_ended(process)
                heard = bool(selector.get_map()) and bool(selector.select(0 if ended else _POLL_SECONDS))
                if heard and not self._hear(process.stderr):
                    selector.unregister(process.stderr)
                elif ended and not heard:
                    return
                elif not selector.get_map():
                    time.sleep(0.01)
                if time.monotonic() > deadline:
                    raise self._failed("has closed its output but does not end")

    def _hear(self, pipe: "IO[bytes] | None") -> bool:
        piece = _read(pipe)
        if piece:
            self._complaints.feed(piece)
        return bool(piece)

    def _check_time(self) -> None:
        self._context.check()
        if time.monotonic() > self._ends_at:
            raise SourceUnavailableError(
                f"the tap {self._call.program} was not done with its {self._call.doing} within"
                f" {self._limits.run_deadline_seconds:g} s and was ended",
                location=self._call.source,
                hint="give it more time in http: run_deadline_seconds, or map fewer streams",
            )

    def _check_status(self, status: int) -> None:
        self._complaints.end()
        if status == 0:
            return
        said = f": {self._complaints.last_words}" if self._complaints.last_words else " and said nothing"
        how = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
        if self._complaints.tells_no_access:
            raise SourceAuthError(
                f"the tap {self._call.program} {how}{said}",
                location=self._call.source,
                hint="check the credentials in config:, and that they still work in the system itself",
            )
        raise self._failed(f"{how}{said}")

    def _failed(self, how: str) -> SourceUnavailableError:
        return SourceUnavailableError(
            f"the tap {self._call.program} {how}",
            location=self._call.source,
            hint="run the tap by hand with the same config, or look at its lines in the log (log: level: debug)",
        )

    def _too_long(self) -> SourceContentError:
        return SourceContentError(
            f"the tap {self._call.program} wrote a line of more than {self._limits.largest_answer_megabytes} MB",
            location=self._call.source,
            hint="leave the field with the large contents out, or raise http: largest_answer_megabytes",
        )


class _Lines:
    """Joins pieces to lines. ``feed`` raises OverflowError when a line grows beyond the limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        *ended, rest = piece.split(b"\n")
        for part in ended:
            self._add(part)
            line = self.rest
            self._pieces, self._size = [], 0
            yield line
        self._add(rest)

    @property
    def rest(self) -> bytes:
        return b"".join(self._pieces)

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            raise OverflowError
        if part:
            self._pieces.append(part)


def _read(pipe: "IO[bytes] | None") -> bytes:
    assert pipe is not None
    return os.read(pipe.fileno(), _PIECE)


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    """Whether the tap has ended; it is not reaped, so that nobody else can get the number of its process group."""
    if process.returncode is not None:
        return True
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return process.poll() is not None


def _signal_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it ended in the meantime
        os.killpg(process.pid, number)
