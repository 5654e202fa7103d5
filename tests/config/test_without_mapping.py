"""The settings alone, for commands that look at what is stored while a rule file has mistakes."""

from pathlib import Path

import pytest

from config.load import load, without_mapping
from config.sample import write_sample
from model.errors import UserError


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    write_sample(tmp_path)
    return tmp_path


def test_the_settings_are_those_of_the_whole(sample: Path):
    whole, alone = load(sample / "driftline.yaml"), without_mapping(sample / "driftline.yaml")
    assert alone is not None
    assert (alone.settings, alone.root) == (whole.settings, whole.root)
    assert (alone.mapping.rules, alone.mapping.tree.objectives) == ((), ())


def test_broken_rules_and_objectives_do_not_matter(sample: Path):
    (sample / "mapping" / "jira.yaml").write_text("rules: [", encoding="utf-8")
    (sample / "objectives.yaml").unlink()
    with pytest.raises(UserError):
        load(sample / "driftline.yaml")
    assert without_mapping(sample) is not None


@pytest.mark.parametrize("text", ["version: [", "version: 99\n", "version: 1\nsources: {jira: {kind: nothing}}\n"])
def test_broken_settings_are_nothing_to_work_with(sample: Path, text: str):
    (sample / "driftline.yaml").write_text(text, encoding="utf-8")
    assert without_mapping(sample / "driftline.yaml") is None


def test_no_settings_are_nothing_to_work_with(tmp_path: Path):
    assert without_mapping(tmp_path) is None
