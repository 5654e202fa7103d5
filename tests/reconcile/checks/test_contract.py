"""What every check must have: documentation under fixed headings, a name that fits its file, options that are told."""

import inspect
import sys
from pathlib import Path

import pytest

from model.errors import ConfigurationError
from reconcile import checks as discovery
from reconcile.check import CheckOptions
from reconcile.checks import checks

HEADINGS = ("What it finds", "Why it matters", "What to do", "Example")


@pytest.fixture
def plugged_in(tmp_path, monkeypatch):
    """Install a distribution that names one check in the entry point group, for the length of a test."""

    def install(value: str, source: str) -> None:
        (tmp_path / "plugged.py").write_text(source)
        folder = tmp_path / "plugged-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[driftline.checks]\nplugged = {value}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        checks.cache_clear()

    yield install
    sys.modules.pop("plugged", None)
    checks.cache_clear()


@pytest.mark.parametrize("name", sorted(checks()))
def test_a_check_is_documented_under_the_fixed_headings_in_their_order(name):
    lines = (inspect.getdoc(type(checks()[name])) or "").splitlines()
    places = [lines.index(heading) for heading in HEADINGS]

    assert lines[0].endswith(".")
    assert places == sorted(places)
    for place in places:
        assert lines[place + 1].startswith("    "), f"nothing stands under {lines[place]}"


@pytest.mark.parametrize("name", sorted(checks()))
def test_a_check_lives_in_the_file_of_its_name_and_has_a_test_file(name):
    check = checks()[name]
    file_name = name.replace("-", "_")

    assert type(check).__module__ == f"reconcile.checks.{file_name}"
    assert (Path(__file__).parent / f"test_{file_name}.py").is_file()


@pytest.mark.parametrize("name", sorted(checks()))
def test_every_option_of_a_check_has_a_sentence(name):
    options_type = checks()[name].options_type

    assert issubclass(options_type, CheckOptions)
    assert all(field.description for field in options_type.model_fields.values())


def test_the_three_first_checks_are_found():
    assert {"early-saving", "late-commitment", "unsupported-commitment"} <= set(checks())


def test_a_check_of_another_distribution_is_found_by_its_entry_point(plugged_in):
    plugged_in(
        "plugged:Loud",
        "from reconcile.check import Check, CheckOptions\n"
        "class Loud(Check[CheckOptions]):\n"
        "    name = 'loud'\n"
        "    title = 'Something is loud'\n"
        "    options_type = CheckOptions\n"
        "    def find(self, world, options):\n"
        "        return ()\n",
    )

    assert "loud" in checks()


@pytest.mark.parametrize(
    ("value", "source", "message"),
    [
        ("plugged:Loud", "Loud = 1\n", "the plug-in plugged is no check"),
        ("plugged:Loud", "import nowhere_at_all\n", "the check plugged cannot be loaded"),
        ("reconcile.checks.early_saving:EarlySaving", "", "two checks are called early-saving"),
    ],
)
def test_a_broken_plug_in_is_named(plugged_in, value, source, message):
    plugged_in(value, source)

    with pytest.raises(ConfigurationError, match=message) as caught:
        checks()
    assert caught.value.problems[0].hint
    assert discovery.GROUP == "driftline.checks"
