"""Whatever stands on the command line, the program ends with a documented exit code and never with a traceback (X17).

All commands run for real, in this process, on a folder that is thrown away; three that would go on for ever end at
once. Nothing outside the folder can be written meanwhile. ``DRIFTLINE_ARGV=100000`` asks for so many lines.
"""

import io
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import click
import pytest
import yaml

from cli.exit_codes import ExitCode
from cli.main import cli
from tests.cli.console import Said, driftline
from tests.faults.matrix.company import TRACKER, Company
from tests.proofs.ledger import show, show_control
from tests.test_documentation import every_command

LINES = int(os.environ.get("DRIFTLINE_ARGV", "60"))
SEED = 4711
ENDLESS = ("run", "worker", "demo")
ANEW = 400
"""After so many lines the folder is put back to what it was."""
VALUES = (
    *("", " ", "-", "--", "---", "=", "-=", "--=x", "@x", "0", "-1", "1", "99999999999999999999", "1e9", "nan", "0x10"),
    *("\n", "a\nb", "\x1b[2J", "\u202e", "\udcff", "\ud83d", "ä", "漢字", "🙂" * 50, "x" * 5000),
    *(
        "2026-09-14",
        "2026-02-30",
        "0000-00-00",
        "0001-01-01",
        "9999-12-31",
        "1970-01-01",
        "2200-12-31",
        "today",
        "-1d",
        "1d",
        "999999999d",
        "1h",
    ),
    *("'; DROP TABLE records; --", "%s", "{0}", "{{7*7}}", "$(id)", "`id`", "| id", "; id", "*", "?", "[", "\\", "%"),
    *(".", "..", "/", "../../../../etc/passwd", "/dev/null", "/dev/full", "/proc/self/mem", "/nonexistent/x", "~root"),
    *("driftline.yaml", "rules.yaml", "state.db", TRACKER, "new.db", "new", "new.html", "file:///etc/passwd", "-"),
    *("savings", "jira", "savings:P-1", "P-1", "LAUNCH", "ACME", "leaders", "high", "json", "csv", "de", "cause", "ok"),
)
FOUND = (
    ["objectives", "export", "", "--force"],
    ["reconcile", "--as-of", "0001-01-01"],
    ["show", "\udcff"],
    ["init", ".."],
    ["db", "backup", "/nonexistent/x/y"],
)
"""Lines that once ended in a traceback, or are like such."""
_OUTSIDE: list[Path] = []


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook that lets nothing be written outside the folder, while there is one."""
    if not _OUTSIDE:
        return
    written: list[Any] = []
    if event == "open" and isinstance(arguments[0], str | bytes) and isinstance(arguments[2], int):
        written = [arguments[0]] if arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) else []
    elif event in ("os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "shutil.rmtree", "os.symlink"):
        written = [arguments[0]]
    elif event in ("os.rename", "os.link"):
        written = list(arguments[:2])
    elif event == "sqlite3.connect":
        written = [] if str(arguments[0]).startswith((":memory:", "file::memory:")) else [arguments[0]]
    for path in written:
        if not isinstance(path, int) and not _is_inside(os.fsdecode(path)):
            raise PermissionError(13, "Permission denied", os.fsdecode(path))


def _is_inside(text: str) -> bool:
    plain = text.removeprefix("file:").partition("?")[0]
    if plain in ("/dev/null", "/dev/full"):
        return True
    return any(os.path.realpath(plain).startswith(str(folder)) for folder in _OUTSIDE)


@contextmanager
def shut_in(folder: Path) -> Iterator[None]:
    """Work in a folder, without a way out, a browser or somebody who answers."""
    if not getattr(sys, "_driftline_shut_in", False):
        sys.addaudithook(_guard)
        sys._driftline_shut_in = True  # type: ignore[attr-defined]
    before = Path.cwd()
    temporary = tempfile.gettempdir()
    os.chdir(folder)
    _OUTSIDE.extend((folder.resolve(), Path(temporary).resolve() / "pytest-of-nobody"))
    tempfile.tempdir = str(folder)
    try:
        with patch("webbrowser.open", return_value=False), patch("sys.stdin", io.StringIO("")):
            yield
    finally:
        _OUTSIDE.clear()
        tempfile.tempdir = None
        os.chdir(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a state that one workbook filled."""
    company = Company(tmp_path_factory.mktemp("arguments") / "company")
    with company:
        company.configure(company.folder)
        company.write_workbook(company.folder)
    path = company.folder / "driftline.yaml"
    settings = yaml.safe_load(path.read_text())
    settings["sources"] = {"savings": settings["sources"]["savings"]}
    smtp = {"host": "127.0.0.1", "port": 1, "security": "none", "timeout_seconds": 1}
    settings["mail"] = {"sender": "driftline@acme.example", "smtp": smtp}
    settings["digests"] = {"leaders": {"recipients": ["ann@acme.example"], "heartbeat": True}}
    path.write_text(yaml.safe_dump(settings))
    rules = yaml.safe_load((company.folder / "rules.yaml").read_text())
    rules["rules"] = [rule for rule in rules["rules"] if rule["source"] == "savings"]
    (company.folder / "rules.yaml").write_text(yaml.safe_dump(rules))
    assert driftline("sync", folder=company.folder).code == 0
    return company.folder


class Lines:
    """Makes command lines: of real commands with their real options and of anything else."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.commands = [(path.split()[1:], command) for path, command in every_command(cli)]

    def line(self) -> list[str]:
        words, command = self.dice.choice(self.commands)
        line = [*words, *self._parameters(command)]
        for _ in range(self.dice.choice((0, 0, 0, 1, 2))):
            self._spoil(line)
        ahead = [self._option(option) for option in cli.params if self.dice.random() < 0.05]
        return [word for part in ahead for word in part] + line

    def _parameters(self, command: click.Command) -> list[str]:
        found: list[list[str]] = []
        for parameter in command.params:
            if isinstance(parameter, click.Argument):
                if self.dice.random() < 0.85:
                    found.append([self._value(parameter)])
            elif self.dice.random() < 0.3:
                found.append(self._option(parameter))
        self.dice.shuffle(found)
        return [word for part in found for word in part]

    def _option(self, option: click.Parameter) -> list[str]:
        name = self.dice.choice([*option.opts, *option.secondary_opts])
        if getattr(option, "is_flag", False):
            return [name]
        value = self._value(option)
        return [f"{name}={value}"] if self.dice.random() < 0.2 else [name, value]

    def _value(self, parameter: click.Parameter) -> str:
        if isinstance(parameter.type, click.Choice) and self.dice.random() < 0.8:
            return str(self.dice.choice(list(parameter.type.choices)))
        if isinstance(parameter.type, click.IntRange) and self.dice.random() < 0.7:
            return str(self.dice.randint(-1, 50))
        return self.dice.choice(VALUES)

    def _spoil(self, line: list[str]) -> None:
        place = self.dice.randrange(len(line) + 1)
        how = self.dice.randrange(5)
        if how == 0:
            line.insert(place, self.dice.choice(VALUES))
        elif how == 1 and line:
            del line[place - 1]
        elif how == 2 and line:
            line.insert(place, line[place - 1])
        elif how == 3 and line:
            line[place - 1] = line[place - 1][: self.dice.randrange(4)]
        elif line:
            self.dice.shuffle(line)


def run_lines(folder: Path, room: Path, lines: int) -> Counter[int]:
    """Run so many command lines; raise AssertionError at the first that ends in another way than it may."""
    maker = Lines(random.Random(SEED))
    codes: Counter[int] = Counter()
    here = room / "here"
    for number in range(lines):
        if number % ANEW == 0:
            shutil.rmtree(here, ignore_errors=True)
            shutil.copytree(folder, here)
        line = FOUND[number] if number < len(FOUND) else maker.line()
        with shut_in(here):
            said = driftline(*line)
        judge(line, said)
        codes[said.code] += 1
    return codes


def judge(line: list[str], said: Said) -> None:
    assert said.code in list(ExitCode), f"{line} ended with {said.code}"
    assert "Traceback" not in said.err + said.out, f"{line}: {said.err[-1500:]}"
    assert "error: unexpected" not in said.err, f"{line}: {said.err[-1500:]}"


@pytest.fixture(autouse=True)
def _ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would go on for ever ends at once; its arguments are read as ever."""
    for words, command in ((path.split()[1:], command) for path, command in every_command(cli)):
        if words and words[0] in ENDLESS:
            monkeypatch.setattr(command, "callback", lambda *_, **__: None)


def test_no_command_line_ends_in_a_traceback(folder: Path, tmp_path: Path) -> None:
    codes = run_lines(folder, tmp_path, LINES)
    assert codes[ExitCode.DONE] > LINES / 50, "some lines were good"
    assert codes[ExitCode.MEND] > LINES / 4
    told = ", ".join(f"{count:,} with {code}" for code, count in sorted(codes.items()))
    show(
        "X17",
        "No command line ends in a traceback or with an exit code that is not documented: real commands with real and"
        " with hostile options, values and paths, spoilt at random",
        reach="0 tracebacks in 100,000 command lines",
        seen=f"0 in {LINES:,}: {told}",
        seed=SEED,
        database="SQLite",
    )


def test_control_a_command_that_stumbles_over_a_value_is_found(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that takes a number without looking at it."""
    for path, command in every_command(cli):
        if path == "driftline schema":
            monkeypatch.setattr(command, "callback", lambda *_, **__: int("twelve"))
    with shut_in(tmp_path):
        said = driftline("schema")
    with pytest.raises(AssertionError, match=r"Traceback|ended with|unexpected"):
        judge(["schema"], said)
    show_control("X17", removed="a command's look at its values", seen="the line is found by its traceback")


def test_control_nothing_is_written_outside_the_folder(folder: Path, tmp_path: Path) -> None:
    """The guard of the test itself."""
    outside = tmp_path / "outside.db"
    inside = tmp_path / "inside"
    shutil.copytree(folder, inside)
    with shut_in(inside):
        said = driftline("db", "backup", outside)
        assert driftline("db", "backup", inside / "b.db").code == 0
    assert said.code == 2
    assert not outside.exists()
