"""``docs/how-to/map-your-first-programme.md`` is run as it stands, and what its commands say stands in it.

With ``DRIFTLINE_WRITE_HOW_TO=1`` the answers are written into the page; otherwise they are compared with it. A comment
above a block says what happens: its text is put in a file, or its commands are run. A replacement in a file and the
taking away of comment signs are what the reader is told to do by hand.
"""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from sandbox.world import Meridian
from tests.cli.console import driftline, without_escapes

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "map-your-first-programme.md"
WRITING = bool(os.environ.get("DRIFTLINE_WRITE_HOW_TO"))
COLUMNS = 110
_STEP = re.compile(
    r"<!-- (?P<what>file|run|replace|uncomment)(?:: (?P<of>.*?))? -->\n(?:```(?:yaml|console)\n(?P<block>.*?)```\n)?",
    re.S,
)
_COMMENTED_RULE = re.compile(
    r"(?m)^( *)# (?=\s*(?:- name|role|objective|source|match|kind|parent|key|any|all|none|fields|"
    r"label|component|release|sprint|container|owner)\b)"
)
_PROGRESS = re.compile("[\u2800-\u28ff] ")
_DURATION = re.compile(r"\b\d+(?:\.\d+)?(?: ?(?:ms|s)\b| seconds?\b)")


class Reader:
    """Somebody who follows the page in a fresh folder; systems are the demo company's, the day is its Monday."""

    def __init__(self, world: Meridian, folder: Path) -> None:
        self.folder = folder
        self._world = world
        self._addresses = {
            "https://meridian.atlassian.net": world.jira_server.url,
            "https://meridian.my.salesforce.com": world.salesforce_server.url,
        }

    def do(self, step: re.Match[str]) -> str:
        """Do one step; the text of the step, with the answers that its commands gave now."""
        what, of, block = step["what"], step["of"] or "", step["block"] or ""
        if what == "file":
            self._put(self.folder / of, block)
        elif what == "replace":
            name, old, new = of.split(": ")
            text = (self.folder / name).read_text("utf-8")
            assert old in text
            self._put(self.folder / name, text.replace(old, new))
        elif what == "uncomment":
            text = (self.folder / of).read_text("utf-8")
            self._put(self.folder / of, _COMMENTED_RULE.sub(r"\1", text))
        else:
            commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
            told = "".join(f"$ {each}\n{self._run(each)}" for each in commands)
            return step[0].replace(block, told)
        return step[0]

    def _put(self, path: Path, text: str) -> None:
        if path.name == "driftline.yaml":
            for public, real in self._addresses.items():
                text = text.replace(public, real)
            clock = self._world.clock
            text += f"clock: {{shows: '{clock.shows.isoformat()}', since: '{clock.since.isoformat()}'}}\n"
        path.write_text(text, encoding="utf-8")

    def _run(self, command: str) -> str:
        program, *words = shlex.split(command)
        if program == "cd":
            self.folder = self.folder / words[0]
            os.chdir(self.folder)
            return ""
        if program != "driftline":
            return subprocess.run([program, *words], capture_output=True, text=True, check=True).stdout
        said = driftline(*words, columns=COLUMNS, NO_COLOR="1")
        answer = without_escapes(said.err + said.out if said.code else said.out + said.err)
        for public, real in self._addresses.items():
            answer = answer.replace(real, public)
        answer = "\n".join(line.rstrip() for line in answer.splitlines() if not _PROGRESS.match(line))
        return _DURATION.sub("1 s", answer.strip("\n")) + "\n" if answer.strip() else ""


@pytest.mark.sqlite_only("on the page the state is a file, as by default")
def test_every_answer_on_the_page_is_what_the_commands_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page = PAGE.read_text("utf-8")
    with Meridian(tmp_path / "world") as world:
        monkeypatch.setenv("JIRA_TOKEN", world.jira.token)
        monkeypatch.setenv("SALESFORCE_SECRET", world.salesforce.client_secret)
        (tmp_path / "fresh").mkdir()
        monkeypatch.chdir(tmp_path / "fresh")
        seen = _STEP.sub(Reader(world, tmp_path / "fresh").do, page)
    if WRITING:
        PAGE.write_text(seen, encoding="utf-8")
    assert seen == page or WRITING, "the page is behind: DRIFTLINE_WRITE_HOW_TO=1 pytest tests/test_how_to.py"
    assert page.count("<!-- run -->") > 5
