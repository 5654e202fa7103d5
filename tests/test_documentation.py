"""Everything that can be used is documented, and the generated pages are up to date."""

import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import pytest

from cli.main import cli
from connectors.registry import connector_kinds, connector_type
from digest.compose import all_sections
from model.options import Options
from reconcile.checks import checks

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"


def every_command(command: click.Command, path: str = "driftline") -> list[tuple[str, click.Command]]:
    found = [(path, command)]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            found += every_command(child, f"{path} {name}")
    return found


COMMANDS = every_command(cli)


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_every_command_and_each_of_its_options_has_help_and_stands_in_the_reference(path: str, command: click.Command):
    page = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    assert f"## `{path}`" in page
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path} {parameter.name} has no help"


def commands_told(text: str) -> Iterator[str]:
    """What a page tells the reader to type: in spans of code, and on lines of blocks."""
    blocks = re.findall(r"(?ms)^ *```(?:console|shell|bash|sh)?\n(.*?)^ *```", text)
    for line in "\n".join(blocks).splitlines():
        found = re.match(r"\s*(?:[$#] )?(?:\S*/)?(driftline [a-z-].*)", line)
        if found and not line.lstrip().startswith("# "):
            yield found[1]
    yield from re.findall(r"`(driftline [a-z-][^`\n]*)`", re.sub(r"(?s)```.*?```", "", text))


def wrong_with(line: str) -> str:
    """What a command line names that there is not; empty when all is there. Words of the reader's own are skipped."""
    words = shlex.split(line.partition(" # ")[0].partition(" | ")[0].replace("…", " "))[1:]
    path, command = "driftline", COMMANDS[0][1]
    takes_value = False
    for word, after in pairwise([*words, ""]):
        if takes_value:
            takes_value = False
        elif word.startswith("-") and len(word) > 1:
            name = word.partition("=")[0]
            option = next((each for each in command.params if name in (*each.opts, *each.secondary_opts)), None)
            if option is None and name not in ("-h", "--help"):
                return f"{path} has no option {name}"
            flag = option is None or getattr(option, "is_flag", False) or "=" in word
            takes_value = not flag and bool(after)
        elif isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z-]*", word):
            child = command.get_command(click.Context(command), word)
            if child is None:
                return f"{path} has no command {word}"
            path, command = f"{path} {word}", child
    return ""


PAGES = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name not in ("reference", "adr")),
]


@pytest.mark.parametrize("page", PAGES, ids=[path.name for path in PAGES])
def test_every_command_that_a_page_tells_the_reader_to_type_is_there(page: Path):
    lines = commands_told(page.read_text(encoding="utf-8"))
    wrong = [f"{line}: {said}" for line in lines if (said := wrong_with(line))]
    assert wrong == []


def test_a_command_that_is_not_there_is_noticed():
    """The negative control."""
    text = "`driftline sync --ful`\n```console\n$ driftline -C x db brackup PATH\n```\n`driftline show -h`"
    assert [wrong_with(line) for line in commands_told(text)] == [
        "driftline db has no command brackup",
        "driftline sync has no option --ful",
        "",
    ]


LINKED = [*PAGES, *sorted(REFERENCE.glob("*.md")), *sorted((ROOT / "docs" / "adr").glob("*.md"))]


@pytest.mark.parametrize("page", LINKED, ids=[path.name for path in LINKED])
def test_every_link_of_a_page_leads_somewhere(page: Path):
    text = re.sub(r"(?s)```.*?```", "", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if ":" in path:
            continue
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{page.name} links to {target}"
        if anchor and found.suffix == ".md":
            assert anchor in anchors_of(found), f"{page.name} links to {target}"


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and GitLab make them."""
    text = re.sub(r"(?ms)^```.*?^```", "", page.read_text(encoding="utf-8"))
    titles = [re.sub(r"[`*]|\]\([^)]*\)|\[", "", title) for title in re.findall(r"(?m)^#+ (.+)$", text)]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_connector_is_documented_with_its_options():
    page = (REFERENCE / "connectors.md").read_text(encoding="utf-8")
    settings = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    for kind in connector_kinds():
        assert f"\n## {kind}\n" in page
        connector = connector_type(kind)
        assert inspect.getdoc(connector)
        for name, field in connector.options_type.model_fields.items():
            assert field.description, f"{kind}.{name} has no sentence"
            assert name in settings


def test_every_check_is_documented():
    page = (REFERENCE / "checks.md").read_text(encoding="utf-8")
    assert checks()
    for name, check in checks().items():
        assert f"\n### {name}\n" in page
        assert inspect.getdoc(check)


def test_every_section_of_the_digest_is_documented():
    page = (REFERENCE / "digest.md").read_text(encoding="utf-8")
    for section in all_sections():
        assert f"\n## {section.name}\n" in page


def every_options_type(root: type[Options] = Options) -> list[type[Options]]:
    return [found for child in root.__subclasses__() for found in (child, *every_options_type(child))]


def test_every_option_of_every_room_has_a_sentence():
    for kind in connector_kinds():
        connector_type(kind)
    types = [found for found in every_options_type() if not found.__module__.startswith("tests.")]
    assert len(types) > 5
    for options in types:
        for name, field in options.model_fields.items():
            assert field.description, f"{options.__module__}.{options.__name__}.{name} has no sentence"


def test_the_generated_pages_are_up_to_date():
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_readme_names_every_folder_at_the_root():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for folder in sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()):
        assert f"`{folder}/`" in text
