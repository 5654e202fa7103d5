"""The starter set: sound as it is written, and sound with every commented option switched on."""

import re

import pytest

from config.catalogue import every_option, yaml_text
from config.commented import expanded
from config.load import load
from config.sample import ENVIRONMENT, SETTINGS, sample_files, write_sample
from config.schema import SCHEMA_NAMES
from config.secrets import resolve, secrets_of
from config.settings import Settings
from connectors.base import SourceOptions
from connectors.registry import connector_kinds
from model.errors import UsageError

OPTION_LINE = re.compile(r"^( *)#(?=[a-z]|  )", re.MULTILINE)


def uncommented(text: str) -> str:
    """The settings with one ``#`` taken away from every option."""
    return OPTION_LINE.sub(r"\1", text)


def test_the_starter_set_loads_without_mistakes(tmp_path):
    written = write_sample(tmp_path / "new")
    configuration = load(tmp_path / "new" / SETTINGS)
    assert {options.kind for options in configuration.settings.sources.values()} == set(connector_kinds())
    assert configuration.settings.digests
    assert configuration.mapping.rules
    assert configuration.mapping.warnings == ()
    assert set(configuration.files) <= set(written)


def test_every_rule_file_belongs_to_a_source_of_the_starter_set(tmp_path):
    write_sample(tmp_path)
    names = load(tmp_path / SETTINGS).settings.sources
    assert {f"{name}.yaml" for name in names} == {path.name for path in (tmp_path / "mapping").iterdir()}


def test_taking_the_hash_away_from_every_option_changes_nothing_but_the_optional_parts(tmp_path):
    """The commented defaults are the real ones: this fails when a sentence, a default or an indentation drifts."""
    write_sample(tmp_path)
    settings = tmp_path / SETTINGS
    before = load(settings).settings
    text = uncommented(settings.read_text())
    assert text.count("\n") == settings.read_text().count("\n")
    settings.write_text(text)
    after = load(settings).settings
    assert after.clock is not None
    assert after.business.rates is not None
    assert before.mail is not None
    assert after.mail is not None
    assert after.mail.smtp.oauth is not None
    signed_in = before.mail.smtp.model_copy(update={"oauth": after.mail.smtp.oauth})
    mail = before.mail.model_copy(update={"smtp": signed_in})
    assert after.budget is not None
    assert after.owners is not None
    extras = {name: getattr(after.digests["leaders"], name) for name in ("at_once", "triage")}
    assert None not in extras.values()
    optional = {"business": after.business, "clock": after.clock, "mail": mail}
    optional |= {"digests": {"leaders": before.digests["leaders"].model_copy(update=extras)}}
    optional |= {"budget": after.budget, "owners": after.owners}
    assert after.service.traces is not None
    optional |= {"service": before.service.model_copy(update={"traces": after.service.traces})}
    budgets = {name: {"budget": options.budget} for name, options in after.sources.items()}
    assert any(each["budget"] is not None for each in budgets.values())
    optional |= {
        "sources": {name: options.model_copy(update=budgets[name]) for name, options in before.sources.items()}
    }
    assert after == before.model_copy(update=optional)


def test_the_settings_show_every_option_of_every_part():
    text = sample_files()[SETTINGS]
    shown = set(re.findall(r"^[ #]*([a-z_-]+):", text, re.MULTILINE))
    options = {path[-1] for path, _, _ in every_option(Settings) if "<name>" not in path}
    assert options | set(SourceOptions.model_fields) <= shown


def test_only_references_stand_in_the_place_of_secrets(tmp_path):
    write_sample(tmp_path)
    configuration = load(tmp_path / SETTINGS)
    names = [secret.reference.removeprefix("env:") for _, secret in secrets_of(configuration.settings)]
    assert names
    assert re.findall(r"^([A-Z_]+)=$", (tmp_path / ENVIRONMENT).read_text(), re.MULTILINE) == names
    environment = dict.fromkeys(names, "x")
    resolved = resolve(configuration.settings, environment=environment, root=tmp_path)
    assert {secret.reveal() for _, secret in secrets_of(resolved)} == {"x"}


def test_each_file_names_its_schema_in_the_first_line(tmp_path):
    for path in write_sample(tmp_path):
        if path.suffix == ".yaml":
            found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", path.read_text().splitlines()[0])
            assert found, path
            assert (path.parent / found[1]).resolve().parent == (tmp_path / "schema").resolve()
            assert (path.parent / found[1]).name in SCHEMA_NAMES
            assert (path.parent / found[1]).exists()


def test_existing_files_are_never_overwritten(tmp_path):
    (tmp_path / "mapping").mkdir()
    for name in (SETTINGS, "mapping/jira.yaml"):
        (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError) as caught:
        write_sample(tmp_path)
    assert str(tmp_path / SETTINGS) in str(caught.value)
    assert "jira.yaml" in str(caught.value)
    assert "objectives.yaml" not in str(caught.value)
    assert (tmp_path / SETTINGS).read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == [SETTINGS, "mapping"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_sample(tmp_path / "file" / "folder")


def test_a_part_that_the_template_sets_shows_only_what_it_leaves_out():
    text = expanded("version: 1\nbusiness:\n  zone: Europe/Berlin\n  #: business\n#: log\n")
    assert "#zone" not in text
    assert "  #currency: EUR\n" in text
    assert "#log:\n#  # The least important kind of event that is written.\n#  level: info\n" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "null"), ("17:30", "'17:30'"), (["a", "b"], "[a, b]"), ({"a": 1.5}, "{a: 1.5}"), ("no", "'no'")],
)
def test_values_are_written_so_that_they_are_read_the_same(value, text):
    assert yaml_text(value) == text
