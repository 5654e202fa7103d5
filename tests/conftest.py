"""What every test pays for, kept small: modules compiled once, files in memory, and no search for garbage among what
stays."""

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import compiled, databases, examples

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
examples.share()


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over the collected tests and all modules, and look less often at the rest."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Whatever a test before it has asked for: searches for garbage among what stays are a twentieth of the time."""
    gc.set_threshold(100_000, 20, 50)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sqlite_only(reason): about SQLite itself; skipped in the pass for PostgreSQL")
    if databases.ON_POSTGRESQL:
        databases.refuse_sqlite()


def pytest_unconfigure() -> None:
    databases.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        reason = reason_for_sqlite(item)
        if reason and databases.ON_POSTGRESQL:
            item.add_marker(pytest.mark.skip(reason=f"SQLite only: {reason}"))


def reason_for_sqlite(item: pytest.Item) -> str | None:
    """Why a test is about SQLite itself, or None when it is not; raise UsageError when it does not say why."""
    marker = item.get_closest_marker("sqlite_only")
    if marker is None:
        return None
    if len(marker.args) != 1 or len(str(marker.args[0]).split()) < 3 or marker.kwargs:
        raise pytest.UsageError(f"{item.nodeid}: sqlite_only takes the reason, in words")
    return str(marker.args[0])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A program that a test starts is not refused SQLite as the test itself is: look at what it left."""
    result = yield
    if databases.ON_POSTGRESQL and "tmp_path" in getattr(item, "funcargs", {}):
        leave_no_sqlite(item.funcargs["tmp_path"])
    return result


def leave_no_sqlite(folder: Path) -> None:
    """Fail when there is an SQLite state in a folder."""
    written = [str(path) for path in databases.sqlite_states(folder)]
    if written:
        pytest.fail(f"SQLite states were written: {', '.join(written)}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    result = yield
    if databases.ON_POSTGRESQL:
        databases.drop_orphans()
    return result
