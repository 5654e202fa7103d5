"""A system clock that a test sets while programs run, as an administrator or NTP sets it (C13).

A small library, loaded before all others, adds an offset to what the kernel says of the time of day. The monotonic
clock goes on as it is, as it does on a real machine whose clock is set. (Where both clocks jump, as with libfaketime,
nothing shows whether a program waits by the right one.)
"""

import os
import shutil
import struct
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const long long *shift;
static int (*kernel_says)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("SHIFTED_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    kernel_says = dlsym(RTLD_NEXT, "clock_gettime");
    if (file < 0) return;
    void *content = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
    if (content != MAP_FAILED) shift = content;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!kernel_says) begin();
    int failed = kernel_says(clock, now);
    if (!failed && shift && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        long long all = now->tv_nsec + *shift % 1000000000LL;
        now->tv_sec += *shift / 1000000000LL;
        if (all < 0) { all += 1000000000LL; now->tv_sec -= 1; }
        if (all >= 1000000000LL) { all -= 1000000000LL; now->tv_sec += 1; }
        now->tv_nsec = all;
    }
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec fine;
    (void)zone;
    int failed = clock_gettime(CLOCK_REALTIME, &fine);
    now->tv_sec = fine.tv_sec;
    now->tv_usec = fine.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *now) {
    struct timespec fine;
    clock_gettime(CLOCK_REALTIME, &fine);
    if (now) *now = fine.tv_sec;
    return fine.tv_sec;
}
"""


class ShiftedClock:
    """The clock of every program that is started with ``environment``."""

    def __init__(self, file: Path, library: Path) -> None:
        self._file, self._library = file, library
        self._file.write_bytes(struct.pack("=q", 0))

    @classmethod
    def within(cls, folder: Path) -> Self | None:
        """Build the library in a folder; None where there is no compiler for it."""
        library = _compiled(folder)
        return cls(folder / "shift", library) if library else None

    @property
    def environment(self) -> Mapping[str, str]:
        return {"LD_PRELOAD": str(self._library), "SHIFTED_CLOCK": str(self._file)}

    @property
    def now(self) -> datetime:
        """What those programs are told at this moment."""
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=(time.time_ns() + self._shift) // 1000)

    @property
    def _shift(self) -> int:
        return int(struct.unpack("=q", self._file.read_bytes())[0])

    def show(self, when: datetime) -> None:
        """Set it."""
        since_1970 = when - datetime.fromtimestamp(0, UTC)
        shift = int(since_1970 / timedelta(microseconds=1)) * 1000 - time.time_ns()
        handle = os.open(self._file, os.O_WRONLY)
        try:
            os.pwrite(handle, struct.pack("=q", shift), 0)
        finally:
            os.close(handle)

    def jump(self, by: timedelta) -> None:
        """Set it forward or back."""
        self.show(self.now + by)


def _compiled(folder: Path) -> Path | None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    source, library = folder / "shifted_clock.c", folder / "shifted_clock.so"
    source.write_text(_SOURCE, encoding="utf-8")
    command = [compiler, "-O2", "-Wall", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    return library if built.returncode == 0 else None
