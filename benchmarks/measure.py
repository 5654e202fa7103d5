"""Whole processes, measured from outside by the operating system's own account of each."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process and its children took: seconds on the clock, seconds of processor, and the largest of them."""

    wall: float
    cpu: float
    megabytes: float


def run(command: Sequence[str], *, folder: Path, environment: Mapping[str, str], said: Path) -> Cost:
    """Run a program to its end; ``said`` takes what it prints. Raise RuntimeError when it fails."""
    began = time.perf_counter()
    with said.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command, cwd=folder, env=dict(environment), stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{said.read_text()[-3000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
