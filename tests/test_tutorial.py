"""The commands of ``docs/tutorial`` are run as they stand, and what they say stands there.

With ``DRIFTLINE_WRITE_TUTORIAL=1`` the answers are written into the page; otherwise they are compared with it.
"""

import os
import re
import shlex
from pathlib import Path

import pytest

from sandbox.world import Meridian
from tests.cli.console import driftline

PAGE = Path(__file__).parents[1] / "docs" / "tutorial" / "backtest-your-last-two-quarters.md"
WRITING = bool(os.environ.get("DRIFTLINE_WRITE_TUTORIAL"))
_RUN = re.compile(r"<!-- run -->\n```console\n(?P<block>.*?)```\n", re.S)


def answered(step: re.Match[str]) -> str:
    """A block of commands with the answers that they give now."""
    told = ""
    for line in step["block"].splitlines():
        if line.startswith("$ "):
            program, *words = shlex.split(line[2:])
            assert program == "driftline"
            said = driftline(*words)
            assert said.code == 0, said.err
            told += f"{line}\n{said.err}{said.out}"
    return f"<!-- run -->\n```console\n{told}```\n"


def test_every_answer_in_the_tutorial_is_what_the_commands_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page = PAGE.read_text("utf-8")
    with Meridian(tmp_path / "demo") as world:
        assert driftline("sync", folder=world.folder).code == 0
        world.move_to_tuesday()
        assert driftline("sync", folder=world.folder).code == 0
    monkeypatch.chdir(tmp_path)
    seen = _RUN.sub(answered, page)
    if WRITING:
        PAGE.write_text(seen, encoding="utf-8")
    assert seen == page or WRITING, "the page is behind: DRIFTLINE_WRITE_TUTORIAL=1 pytest tests/test_tutorial.py"
    assert len(_RUN.findall(page)) == 4
    assert "<!doctype html>" in (tmp_path / "backtest.html").read_text("utf-8")
