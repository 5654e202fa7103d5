import base64
import csv
import hashlib
import importlib.util
import io
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import connectors
from connectors.base import Connector
from connectors.registry import connector_kinds, connector_type
from model.errors import ConfigurationError

EXAMPLE = Path(__file__).parent / "plugin_example"
ROOT = Path(connectors.__file__).parent.parent


def build_wheel(project: Path, folder: Path, **entry_points: str) -> Path:
    """Build a wheel of a project of plain modules, with nothing but the standard library.

    ``entry_points`` replace those of the project.
    """
    about = tomllib.loads((project / "pyproject.toml").read_text())
    name, version = about["project"]["name"].replace("-", "_"), about["project"]["version"]
    [(group, declared)] = about["project"]["entry-points"].items()
    points = entry_points or declared
    lines = "".join(f"{kind} = {value}\n" for kind, value in points.items())
    info = f"{name}-{version}.dist-info"
    files = {
        f"{module}.py": (project / f"{module}.py").read_text() for module in about["tool"]["setuptools"]["py-modules"]
    }
    files |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {about['project']['name']}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[{group}]\n{lines}",
    }
    listing = io.StringIO()
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        csv.writer(listing).writerow((path, f"sha256={digest}", len(text.encode())))
    csv.writer(listing).writerow((f"{info}/RECORD", "", ""))
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": listing.getvalue()}.items():
            archive.writestr(path, text)
    return wheel


def install(wheel: Path, target: Path) -> None:
    """Install a wheel into a folder: by pip where there is one, else the way pip does it, without a network."""
    if importlib.util.find_spec("pip") is None:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
        return
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    subprocess.run([*command, "--no-deps", "--target", str(target), str(wheel)], check=True, capture_output=True)


def run_with(target: Path | None, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a Python of its own that sees the installed distribution."""
    paths = [str(ROOT), *([str(target)] if target else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example distribution, built and installed once."""
    folder = tmp_path_factory.mktemp("plugin")
    install(build_wheel(EXAMPLE, folder), folder / "site")
    return folder / "site"


READ = """
import json, sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo
from connectors.base import ReadContext
from connectors.registry import connector_kinds, connector_type

made = connector_type("notebook")
options = made.options_type.model_validate({"path": sys.argv[1]})
connector = made("milestones", options, ReadContext(datetime(2026, 10, 6, tzinfo=UTC), ZoneInfo("Europe/Berlin")))
records = [record for page in connector.changed(None) for record in page.records]
print(json.dumps({"kinds": dict(connector_kinds()), "read": [[r.id, r.title, str(r.due)] for r in records]}))
"""


def test_a_connector_of_another_distribution_is_found_and_reads_records(installed: Path, tmp_path: Path) -> None:
    notebook = tmp_path / "milestones.txt"
    notebook.write_text("ERP-7; Go-live; 2026-10-22\nERP-8; Hypercare ends; 2026-11-30\n")
    result = run_with(installed, READ, str(notebook))
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["kinds"]["notebook"] == "driftline-notebook 1.2.0"
    assert answer["kinds"]["spreadsheet"] == "driftline"
    assert answer["read"] == [
        ["milestones:ERP-7", "Go-live", "2026-10-22"],
        ["milestones:ERP-8", "Hypercare ends", "2026-11-30"],
    ]


def test_without_the_distribution_its_kind_is_unknown(tmp_path: Path) -> None:
    """The control of the test above: nothing but the installation makes the kind known."""
    result = run_with(None, READ, str(tmp_path / "milestones.txt"))
    assert result.returncode != 0
    assert "there is no kind of source named 'notebook'" in result.stderr


def refusal(tmp_path: Path, kind: str, **entry_points: str) -> str:
    """What is said about a distribution with these entry points when a kind is asked for."""
    install(build_wheel(EXAMPLE, tmp_path, **entry_points), tmp_path / "site")
    ask = f"from connectors.registry import connector_type\nprint(connector_type({kind!r}))"
    result = run_with(tmp_path / "site", ask)
    assert result.returncode != 0, result.stdout
    return result.stderr


def test_a_built_in_kind_cannot_be_taken_over(tmp_path: Path) -> None:
    said = refusal(tmp_path, "spreadsheet", spreadsheet="driftline_notebook:NotebookConnector")
    assert "ConfigurationError" in said
    assert "the kind 'spreadsheet' is offered by driftline-notebook 1.2.0 and by driftline" in said


def test_a_connector_that_cannot_be_imported_names_its_distribution(tmp_path: Path) -> None:
    said = refusal(tmp_path, "notebook", notebook="driftline_notebook_missing:NotebookConnector")
    assert "the connector 'notebook' of driftline-notebook 1.2.0 cannot be imported: ModuleNotFoundError" in said
    assert "hint: reinstall or upgrade driftline-notebook 1.2.0" in said


def test_an_entry_point_that_is_no_connector_of_its_name_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, "diary", diary="driftline_notebook:NotebookConnector")
    assert "the connector 'diary' of driftline-notebook 1.2.0 is not a Connector of that kind" in said


def test_every_built_in_kind_gives_a_connector_named_like_its_module() -> None:
    kinds = connector_kinds()
    assert "spreadsheet" in kinds
    for kind in kinds:
        found = connector_type(kind)
        assert issubclass(found, Connector)
        assert found.kind == kind


def test_modules_that_connectors_share_are_no_kinds() -> None:
    assert not {"base", "http", "registry"} & set(connector_kinds())


def test_an_unknown_kind_is_answered_with_the_nearest_and_all_known_ones() -> None:
    with pytest.raises(ConfigurationError) as caught:
        connector_type("spredsheet")
    assert caught.value.problems[0].hint == "did you mean spreadsheet?"
    assert "spreadsheet" in caught.value.summary


def test_listing_kinds_imports_no_client_library() -> None:
    program = (
        "import sys\nfrom connectors.registry import connector_kinds, connector_type\nconnector_kinds()\n"
        "before = [name for name in sys.modules if name.startswith('connectors.')]\n"
        "connector_type('spreadsheet')\n"
        "print(sorted(before), [name for name in ('openpyxl', 'jira', 'asana', 'simple_salesforce', 'requests',"
        " 'apscheduler') if name in sys.modules])"
    )
    result = run_with(None, program)
    of_every_source = ["base", "deadline", "registry", "skew"]
    of_timetables = ["timetable", *(f"timetable.{name}" for name in ("blackout", "cron", "options", "wall_clock"))]
    loaded = [f"connectors.{name}" for name in [*of_every_source, *of_timetables]]
    assert result.stdout.strip() == f"{sorted(loaded)} []", result.stderr
