"""What every test pays for, kept small: modules compiled once, files in memory, and no search for garbage among what
stays."""

import gc
import os
import shutil
import sys
from pathlib import Path

from tests import compiled

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 4 << 30

# The workers, and every program that a test starts, load the same modules: one compiles them for all, even where the
# environment keeps Python from writing down what it compiled.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# What tests write is thrown away; a disk need not be waited for.
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
compiled.share()


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over the collected tests and all modules, and look less often at the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
