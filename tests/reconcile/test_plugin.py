"""A check of another distribution: built as a wheel, installed by pip, and run beside the checks of this one."""

import json
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from config.load import load
from model.errors import ConfigurationError
from tests.connectors.test_registry import build_wheel, install, run_with

EXAMPLE = Path(__file__).parent / "plugin_example"
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-check.md"
SETTINGS = """\
version: 1
sources:
  savings: {kind: spreadsheet, path: savings.xlsx, columns: {title: Measure}}
mapping: [rules.yaml]
reconcile:
  checks:
    review-overdue: {grace_days: 30}
clock: {shows: '2026-09-15T08:00:00+02:00', since: '%s'}
"""
OBJECTIVES = """\
version: 2
objectives:
  - {id: ERP, level: program, name: One ERP, owner: lea@acme.example, review: 2026-08-01}
  - {id: CRM, level: program, name: One CRM, owner: lea@acme.example, review: 2026-09-01}
"""
RUN = """
from cli.main import cli

cli.main(["sync", "--json"], standalone_mode=False)
cli.main(["findings", "--json", "--check", "review-overdue"], standalone_mode=False)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example distribution, built and installed once."""
    folder = tmp_path_factory.mktemp("plugin")
    install(build_wheel(EXAMPLE, folder), folder / "site")
    return folder / "site"


def write_company(folder: Path) -> None:
    """A company with one workbook and two objectives, of which the settings give the check an option."""
    book = openpyxl.Workbook()
    book.active.append(["Measure"])
    book.active.append(["Fewer licences"])
    book.save(folder / "savings.xlsx")
    texts = {
        "driftline": SETTINGS % datetime.now(UTC).isoformat(),
        "objectives": OBJECTIVES,
        "rules": "version: 2\nrules: []\n",
    }
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


@pytest.mark.sqlite_only("another process writes the settings' own default, which is a file")
def test_a_check_of_another_distribution_is_found_and_its_finding_is_told(installed: Path, tmp_path: Path) -> None:
    write_company(tmp_path)
    result = run_with(installed, f"import os\nos.chdir({str(tmp_path)!r})\n{RUN}")
    assert result.returncode == 0, result.stderr
    [tracked] = json.loads(result.stdout[result.stdout.index("\n[\n") :])
    finding = tracked["finding"]
    assert finding["title"] == "One ERP was to be reviewed on 1 Aug 2026, 45 days ago"  # CRM is inside its 30 days
    assert (finding["subjects"], finding["owner"]) == (["objective:ERP"], "lea@acme.example")
    assert finding["upkeep"]
    assert tracked["state"] == "open"


def test_without_the_distribution_its_options_are_unknown(tmp_path: Path) -> None:
    """The control of the test above: nothing but the installation makes the check known."""
    write_company(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "driftline.yaml")
    assert [problem.message for problem in caught.value.problems] == ["unknown key 'review-overdue'"]


def test_the_how_to_shows_the_files_of_the_example_as_they_are() -> None:
    page = HOW_TO.read_text(encoding="utf-8")
    for name, language in (("pyproject.toml", "toml"), ("driftline_reviews.py", "python")):
        text = (EXAMPLE / name).read_text(encoding="utf-8")
        assert f"```{language}\n{text}```" in page, f"{HOW_TO.name} is behind {name}"
