"""Writes the generated reference pages, or with --check says which of them are out of date."""

import inspect
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from cli.exit_codes import ExitCode
from cli.main import cli
from config.reference import settings_reference
from connectors.registry import connector_kinds, connector_type
from digest.compose import all_sections

# The examples of the checks are those of the tests, which belong to no distribution.
sys.path.insert(0, str(Path(__file__).parents[1]))

from asvs_reference import asvs_page
from catalogue import checks_page, patterns_page
from log_reference import log_page
from metrics_reference import metrics_page

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by `make docs`; change the code it is made from, not this page. -->\n\n"


def pages() -> Mapping[str, str]:
    """The text of every generated page by file name."""
    return {
        "cli.md": "".join(_command_line()),
        "settings.md": settings_reference(),
        "checks.md": NOTE + "".join(checks_page()),
        "patterns.md": NOTE + "".join(patterns_page()),
        "connectors.md": "".join(_connectors()),
        "digest.md": "".join(_sections()),
        "asvs.md": NOTE + "".join(asvs_page()),
        "log-events.md": NOTE + "".join(log_page()),
        "metrics.md": NOTE + "".join(metrics_page()),
    }


def _command_line() -> Iterator[str]:
    yield f"{NOTE}# The command line\n\n## Exit codes\n\n| Code | Meaning |\n|---:|---|\n"
    meanings = _meanings()
    for code in ExitCode:
        yield f"| {code.value} | {meanings[code.name]} |\n"
    yield "\n"
    yield from _help(cli, ["driftline"], None)


def _meanings() -> dict[str, str]:
    """The sentence below each exit code in the source."""
    lines = inspect.getsource(ExitCode).splitlines()
    found: dict[str, str] = {}
    for line, after in pairwise(lines):
        name, equals, _ = line.strip().partition(" = ")
        if equals and name.isupper():
            found[name] = after.strip().strip('"')
    return found


def _help(command: click.Command, path: list[str], parent: click.Context | None) -> Iterator[str]:
    context = click.Context(command, info_name=path[-1], parent=parent, max_content_width=100, terminal_width=100)
    yield f"## `{' '.join(path)}`\n\n```text\n{command.get_help(context)}\n```\n\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _help(child, [*path, name], context)


def _connectors() -> Iterator[str]:
    yield f"{NOTE}# The connectors\n\nTheir options are in [settings.md](settings.md).\n"
    for kind in sorted(connector_kinds()):
        yield f"\n## {kind}\n\n{_doc(connector_type(kind))}\n"


def _sections() -> Iterator[str]:
    yield f"{NOTE}# The sections of the digest\n\nIn the order of the mail.\n"
    for section in all_sections():
        yield f"\n## {section.name}\n\n{_doc(inspect.getmodule(section.compose))}\n"


def _doc(value: Any) -> str:
    return inspect.getdoc(value) or ""


def main() -> int:
    """Write the pages; with ``--check`` write nothing and give 1 when one of them would change."""
    check = "--check" in sys.argv[1:]
    stale = []
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        path = FOLDER / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
    if stale and check:
        click.echo(f"error: out of date: {', '.join(stale)}\nhint: make docs", err=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
