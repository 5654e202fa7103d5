"""Everything that can be used is documented, and the generated pages are up to date."""

import inspect
import subprocess
import sys
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
