"""The command line as a whole: light to start, helpful when misspelt, one exit code per kind of end."""

import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from cli.main import main

ROOT = Path(__file__).parents[2]
HEAVY = (
    *("sqlmodel", "sqlalchemy", "jira", "asana", "simple_salesforce", "openpyxl", "apscheduler", "alembic"),
    *("requests", "pydantic", "structlog", "rich", "yaml", "jinja2"),
)
OUR_NAMES = {
    *("cli", "config", "connectors", "digest", "mapping", "model", "pipeline", "reconcile", "sandbox", "scheduler"),
    *("state", "tests", "docs"),
}


def run(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments], capture_output=True, text=True, cwd=folder or ROOT, check=False
    )


def test_help_names_every_command_and_loads_nothing_heavy():
    """A slow --help is an import at the top of a command; the imports are what can be tested."""
    probe = (
        "import sys\nfrom cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "heavy: []" in done.stdout
    for file in (ROOT / "cli" / "commands").glob("[a-z]*.py"):
        assert f"\n  {file.stem} " in done.stdout


def test_a_misspelt_command_is_answered_with_the_nearest_and_exit_code_2():
    done = run("fidnings")
    assert done.returncode == 2
    assert "Did you mean 'findings'?" in done.stderr


def test_a_missing_settings_file_says_where_it_was_looked_for(tmp_path: Path):
    done = run("status", folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "driftline init" in done.stderr


def test_an_unknown_option_ends_with_exit_code_2(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as end:
        main(["status", "--colour"])
    assert end.value.code == 2
    assert "--colour" in capsys.readouterr().err


def test_no_dependency_ships_one_of_our_top_level_names():
    """Our packages bear general names; a dependency with the same one would be imported instead."""
    clashes = {
        f"{distribution.metadata['Name']}: {top}"
        for distribution in distributions()
        if distribution.metadata["Name"] != "driftline"
        for file in distribution.files or ()
        if (top := file.parts[0].removesuffix(".py")) in OUR_NAMES
    }
    assert clashes == set()
