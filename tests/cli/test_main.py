"""The command line as a whole: light to start, helpful when misspelt, one exit code per kind of end."""

import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import click
import pytest

from cli.commands import check
from cli.main import DAILY, cli
from model.errors import SourceUnavailableError
from tests.cli.console import ROOT, driftline, program
from tests.cli.test_check import COUNTS
from tests.cli.test_digest import DELIVERY_FIELDS, PREVIEW_FIELDS
from tests.cli.test_explain import FIELDS as EXPLAIN_FIELDS
from tests.cli.test_findings import FIELDS as FINDINGS_FIELDS
from tests.cli.test_links import FIELDS as LINKS_FIELDS
from tests.cli.test_objectives_show import PICTURE
from tests.cli.test_plan import FIELDS as PLAN_FIELDS
from tests.cli.test_show import FINDING_FIELDS, RECORD_FIELDS
from tests.cli.test_status import FIELDS as STATUS_FIELDS
from tests.cli.test_suggest import FIELDS as SUGGEST_FIELDS
from tests.cli.test_sync import FIELDS as SYNC_FIELDS
from tests.cli.test_trace import NODE_FIELDS
from tests.service.fleet.test_commands import FIELDS as JOBS_FIELDS

HEAVY = (
    *("sqlmodel", "sqlalchemy", "jira", "asana", "simple_salesforce", "openpyxl", "apscheduler", "alembic"),
    *("requests", "pydantic", "structlog", "rich", "yaml", "jinja2"),
)
OUR_NAMES = {
    *("cli", "config", "connectors", "digest", "mapping", "model", "pipeline", "reconcile", "sandbox", "scheduler"),
    *("service", "state", "tests", "docs"),
}
JSON_FIELDS = {
    "accept": {"fingerprint", "state", "acceptance", "by", "why", "until", "overrides"},
    "ack": {"fingerprint", "state", "by"},
    "check": {"ok", "problems", "warnings", *COUNTS},
    "decide": {
        *("fingerprint", "fingerprints", "state", "decision", "says", "by", "owner", "until", "at", "before", "kind"),
        "acceptance",
    },
    "digest preview": PREVIEW_FIELDS,
    "digest send": DELIVERY_FIELDS,
    "digest resend": DELIVERY_FIELDS,
    "doctor": {"verdict", "checks", "area", "says", "remedy"},
    "db status": {"url", "schema", "owner"},
    "explain": {*EXPLAIN_FIELDS, "check", "text"},
    "findings": FINDINGS_FIELDS,
    "jobs": JOBS_FIELDS,
    "plan": PLAN_FIELDS,
    "reconcile": {"as_of", "moment", "rules", "reconstruction", "own", "rolled_back", "as_first_read", "left_out"},
    "links": LINKS_FIELDS,
    "objectives list": {"location"},
    "objectives show": PICTURE,
    "objectives teams": {"team"},
    "objectives tree": {"coverage", "children", "own", "below", "tally", "waits", "has_work"},
    "show": {*FINDING_FIELDS, *RECORD_FIELDS},
    "sources list": {"name", "kind", "every", "as_of"},
    "sources discover": {"name", "option", "containers", "fields", "suggestion", "problems"},
    "sources show": {
        *("name", "kind", "owner", "every", "as_of", "full_at", "complete", "records", "kinds", "linked"),
        *("unlinked", "unlinkable", "absences", "set_aside", "failing"),
    },
    "sources probe": {"sources", "failed"},
    "status": STATUS_FIELDS,
    "suggest": SUGGEST_FIELDS,
    "sync": SYNC_FIELDS,
    "trace": {*NODE_FIELDS, "finding", "causes", "hits", "totals", "others", "cause_hits"},
}


def commands(group: click.Group, path: str = "") -> dict[str, click.Command]:
    """Every command by the words that call it."""
    found: dict[str, click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= commands(command, f"{path}{name} ")
        else:
            found[f"{path}{name}"] = command
    return found


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


def test_help_lists_the_verbs_of_every_day_first():
    lines = driftline("--help").lines
    daily = lines.index("Every day:")
    assert tuple(line.split()[0] for line in lines[daily + 1 : daily + 1 + len(DAILY)]) == DAILY
    assert lines.index("Now and then:") > daily + len(DAILY)


def test_the_short_help_of_a_verb_is_never_cut():
    assert "..." not in driftline("--help").out.replace("[ARGS]...", "")


def test_every_command_that_gives_json_names_its_fields_in_its_help():
    """The JSON is a contract: a field that is not told is a field that nobody may rely on."""
    giving = {path for path, each in commands(cli).items() if any("--json" in option.opts for option in each.params)}
    assert giving == set(JSON_FIELDS)
    for path, fields in JSON_FIELDS.items():
        told = driftline(*path.split(), "--help").out.replace("\n", " ")
        assert {field for field in fields if field not in told} == set(), path


def test_a_misspelt_command_is_answered_with_the_nearest_and_exit_code_2():
    said = driftline("fidnings")
    assert (said.code, said.out) == (2, "")
    assert said.err == "error: no such command 'fidnings'. Did you mean 'findings'?\nhint: see driftline --help\n"


def test_an_unknown_option_ends_with_exit_code_2_in_the_form_of_all_errors():
    said = driftline("status", "--colour")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: no such option")
    assert "--colour" in said.err
    assert said.err.splitlines()[-1] == "hint: see driftline status --help"


def test_a_missing_settings_file_says_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    said = driftline("status")
    assert (said.code, said.out) == (2, "")
    assert "driftline.yaml" in said.err
    assert "driftline init" in said.err


def test_without_a_word_the_help_is_shown_on_stderr():
    said = driftline()
    assert (said.code, said.out) == (2, "")
    assert "Every day:" in said.err


def test_the_version_is_data():
    said = driftline("--version")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("driftline 0.")


def test_a_source_error_ends_with_3_and_a_keyboard_interrupt_with_130(monkeypatch: pytest.MonkeyPatch):
    def fail(*_arguments: object, **_options: object) -> None:
        raise failure

    monkeypatch.setattr(check, "_checked", fail)
    failure: BaseException = SourceUnavailableError("jira does not answer", location="jira", hint="look at its status")
    said = driftline("check")
    assert (said.code, said.err) == (3, "error: jira does not answer\n  --> jira\nhint: look at its status\n")
    failure = KeyboardInterrupt()
    said = driftline("check")
    assert said.code == 130
    assert said.err.strip() == "interrupted; nothing half-done was kept"


def test_a_crash_never_ends_with_the_code_that_means_findings(monkeypatch: pytest.MonkeyPatch):
    """The interpreter would end with 1; a gate in CI must not take that for findings."""

    def crash(*_arguments: object, **_options: object) -> None:
        raise KeyError("boom")

    monkeypatch.setattr(check, "_checked", crash)
    said = driftline("check")
    assert (said.code, said.out) == (2, "")
    assert "Traceback" in said.err
    assert said.err.splitlines()[-2:] == [
        "error: unexpected KeyError",
        "hint: this is a mistake in driftline; please report it",
    ]


def test_a_script_that_the_output_cannot_write_does_not_end_the_program(tmp_path: Path):
    said = program("init", tmp_path / "Maßnahmen →", PYTHONIOENCODING="ascii")
    assert said.code == 0, said.err
    assert "Ma?nahmen ?" in said.out


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
