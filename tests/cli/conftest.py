"""One demo company that was read on Monday and on Tuesday, for all commands that only look; copies for the others."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.world import Meridian
from tests.cli.console import driftline
from tests.databases import clear, copy_folder


@pytest.fixture(scope="session")
def tuesday(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meridian]:
    """Meridian on Tuesday, read twice by the command line itself. Tests look at it and leave it as it is."""
    with Meridian(tmp_path_factory.mktemp("tuesday") / "demo") as world:
        assert driftline("sync", folder=world.folder).code == 0
        world.move_to_tuesday()
        assert driftline("sync", folder=world.folder).code == 0
        yield world


@pytest.fixture
def copy(tuesday: Meridian, tmp_path: Path) -> Path:
    """A copy of the folder with a state of its own, still served by the same company; to be changed at will."""
    return copy_folder(tuesday.folder, tmp_path / "demo")


@pytest.fixture
def unread(copy: Path) -> Path:
    """A configured folder in which nothing was ever read."""
    shutil.rmtree(copy / "state")
    (copy / "state").mkdir()
    clear(copy / "state" / "driftline.db")
    return copy


@pytest.fixture
def monday(tmp_path: Path) -> Iterator[Meridian]:
    """A company of one's own on Monday, nothing read yet."""
    with Meridian(tmp_path / "monday") as world:
        yield world


@pytest.fixture
def changed() -> Callable[[Path, str, str], None]:
    """Replace a text in a file that must hold it."""

    def change(path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change
