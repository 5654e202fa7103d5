"""Loading: one checked Configuration, or every mistake of every file at once, each at its place."""

import os
import re
import traceback
from pathlib import Path

import pytest

from config.load import Configuration, find_settings, load
from connectors.spreadsheet.options import SpreadsheetOptions
from model.errors import ConfigurationError

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yaml"))

SETTINGS = """\
version: 1
sources:
  savings:
    kind: spreadsheet
    path: trackers/savings.xlsx
    columns: {title: Measure, enabler: Enabler}
    http: {ca_file: company.pem}
"""
OBJECTIVES = """\
version: 1
objectives:
  - {id: GROUP, level: organization, name: Group}
  - {id: COSTS, level: measure, name: Costs, parent: GROUP}
"""
RULES = """\
version: 1
rules:
  - name: All savings
    role: saves
    objective: COSTS
    match: {kind: saving}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a small, sound configuration, which is also the working directory."""
    (tmp_path / "mapping").mkdir()
    (tmp_path / "driftline.yaml").write_text(SETTINGS)
    (tmp_path / "objectives.yaml").write_text(OBJECTIVES)
    (tmp_path / "mapping" / "savings.yaml").write_text(RULES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(folder: Path) -> Configuration:
    return load(folder / "driftline.yaml")


def mistakes(folder: Path):
    with pytest.raises(ConfigurationError) as caught:
        loaded(folder)
    return caught.value.problems


def test_a_sound_configuration_is_loaded(folder):
    configuration = loaded(folder)
    assert configuration.root == folder
    assert isinstance(configuration.settings.sources["savings"], SpreadsheetOptions)
    assert [objective.id for objective in configuration.mapping.tree.objectives] == ["GROUP", "COSTS"]
    assert [rule.name for rule in configuration.mapping.rules] == ["All savings"]
    assert configuration.files == (
        folder / "driftline.yaml",
        folder / "objectives.yaml",
        folder / "mapping" / "savings.yaml",
    )


def test_relative_paths_start_at_the_settings_file(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    settings = loaded(folder).settings
    savings = settings.sources["savings"]
    assert savings.path == folder / "trackers/savings.xlsx"
    assert savings.http.ca_file == str(folder / "company.pem")
    assert settings.state.url == f"sqlite:///{folder}/driftline.db"


@pytest.mark.parametrize(
    "url", ["sqlite:////var/lib/driftline.db", "sqlite:///:memory:", "sqlite://", "postgresql://me@db/driftline"]
)
def test_a_database_that_is_not_a_relative_file_stays_as_it_is(folder, url):
    (folder / "driftline.yaml").write_text(f"{SETTINGS}state: {{url: '{url}'}}\n")
    assert loaded(folder).settings.state.url == url


def test_any_changed_file_changes_the_fingerprint_and_the_working_directory_does_not(folder, monkeypatch):
    seen = {loaded(folder).fingerprint}
    monkeypatch.chdir("/")
    assert loaded(folder).fingerprint in seen
    for name in ("driftline.yaml", "objectives.yaml", "mapping/savings.yaml"):
        with (folder / name).open("a") as file:
            file.write("# more\n")
        fingerprint = loaded(folder).fingerprint
        assert fingerprint not in seen
        seen.add(fingerprint)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_each_mistake_is_told_at_its_place(folder, path):
    text = path.read_text()
    (folder / "driftline.yaml").write_text(text)
    wanted = re.findall(r"^# expect (\d+:\d+) (.*?)(?: \| (.*))?$", text, re.MULTILINE)
    found = mistakes(folder)
    assert [(each.location, each.message) for each in found] == [
        (f"driftline.yaml:{place}", message) for place, message, _ in wanted
    ]
    for problem, (_, _, hint) in zip(found, wanted, strict=True):
        assert problem.hint == hint or not hint


def test_mistakes_of_all_files_come_in_one_error(folder):
    (folder / "driftline.yaml").write_text(SETTINGS + "log: {level: loud}\n")
    (folder / "objectives.yaml").write_text(OBJECTIVES.replace("level: measure", "level: measur"))
    (folder / "mapping" / "savings.yaml").write_text(RULES.replace("role: saves", "role: save"))
    found = mistakes(folder)
    assert [problem.location.rsplit(":", 2)[0] for problem in found] == [
        "driftline.yaml",
        "objectives.yaml",
        "mapping/savings.yaml",
    ]
    assert all(problem.line for problem in found)


def test_a_rule_for_a_source_that_is_not_configured_is_a_mistake(folder):
    (folder / "mapping" / "savings.yaml").write_text(RULES + "    source: saving\n")
    (problem,) = mistakes(folder)
    assert problem.location == "mapping/savings.yaml:7:13"


def test_a_faulty_source_is_not_called_unknown_by_the_rules(folder):
    (folder / "driftline.yaml").write_text(SETTINGS.replace("savings.xlsx", "savings.pdf"))
    (folder / "mapping" / "savings.yaml").write_text(RULES + "    source: savings\n")
    (problem,) = mistakes(folder)
    assert problem.location == "driftline.yaml:5:11"


def test_missing_objectives_do_not_make_every_rule_wrong(folder):
    (folder / "objectives.yaml").unlink()
    (problem,) = mistakes(folder)
    assert problem.message == "there is no file objectives.yaml"
    assert "driftline init" in problem.hint


@pytest.mark.parametrize(
    ("content", "location", "message"),
    [
        (b"version: 1\nrules: [\xff]\n", "mapping/savings.yaml:2:9", "the file is not UTF-8 text"),
        (b"#" * 1_000_001, "mapping/savings.yaml", "the file is larger than 1 MB"),
    ],
)
def test_a_file_that_cannot_be_taken_as_text_is_a_mistake(folder, content, location, message):
    (folder / "mapping" / "savings.yaml").write_bytes(content)
    (problem,) = mistakes(folder)
    assert (problem.location, problem.message) == (location, message)
    assert problem.hint


def test_the_settings_file_has_the_same_limits(folder):
    (folder / "driftline.yaml").write_bytes(b"# \xe4")
    assert [problem.message for problem in mistakes(folder)] == ["the file is not UTF-8 text"]


def test_a_file_that_may_not_be_read_is_a_mistake(folder, monkeypatch):
    (folder / "mapping" / "savings.yaml").unlink()
    (folder / "mapping" / "savings.yaml").symlink_to(folder / "loop.yaml")
    (folder / "loop.yaml").symlink_to(folder / "mapping" / "savings.yaml")
    (problem,) = mistakes(folder)
    assert problem.location == "mapping/savings.yaml"
    assert problem.message == "the file cannot be read: Too many levels of symbolic links"


def test_a_pipe_and_a_link_that_leads_nowhere_are_named_beside_good_files(folder):
    """F1: a department's file that vanishes from a pattern would quietly unlink its records."""
    os.mkfifo(folder / "mapping" / "pipe.yaml")
    (folder / "mapping" / "gone.yaml").symlink_to(folder / "nowhere.yaml")
    assert [(each.location, each.message) for each in mistakes(folder)] == [
        ("mapping/gone.yaml", "the file cannot be read: No such file or directory"),
        ("mapping/pipe.yaml", "this is not a file"),
    ]


def test_a_pattern_that_names_the_settings_file_is_a_mistake(folder):
    (folder / "driftline.yaml").write_text(SETTINGS + "mapping: ['mapping/**/*.yaml', '*.yaml', driftline.yaml]\n")
    (folder / "objectives.yaml").rename(folder / "goals.yml")
    (folder / "driftline.yaml").write_text((folder / "driftline.yaml").read_text() + "objectives: [goals.yml]\n")
    assert [(each.location, each.message) for each in mistakes(folder)] == [
        ("driftline.yaml:8:32", "*.yaml names the settings file itself"),
        ("driftline.yaml:8:42", "driftline.yaml names the settings file itself"),
    ]


def test_folders_that_link_in_circles_are_walked_once(folder):
    """Two links to the folder above: 2 to the power of 40 ways that never match."""
    for name in ("one", "two"):
        (folder / "mapping" / name).symlink_to(folder / "mapping")
    (folder / "driftline.yaml").write_text(SETTINGS + "mapping: ['mapping/**/*.yaml', '**/*.yml']\n")
    assert [problem.message for problem in mistakes(folder)] == ["no file matches **/*.yml"]
    (folder / "driftline.yaml").write_text(SETTINGS + "mapping: ['mapping/**/*.yaml', mapping/one/savings.yaml]\n")
    assert len(loaded(folder).mapping.rules) == 1


def test_a_byte_order_mark_is_no_mistake(folder):
    (folder / "objectives.yaml").write_text("\ufeff" + OBJECTIVES)
    assert loaded(folder).mapping.tree.get("COSTS") is not None


def test_a_file_that_two_patterns_name_is_read_once(folder):
    (folder / "driftline.yaml").write_text(SETTINGS + "mapping: [mapping/*.yaml, mapping/savings.yaml]\n")
    assert len(loaded(folder).mapping.rules) == 1


def test_a_secret_that_everybody_may_read_is_a_warning(folder):
    (folder / "token").write_text("x")
    (folder / "token").chmod(0o644)
    source = "  asana: {kind: asana, token: 'file:token', projects: ['1']}\n"
    (folder / "driftline.yaml").write_text(SETTINGS + source)
    (warning,) = loaded(folder).warnings
    assert warning.location == "sources.asana.token"
    (folder / "token").chmod(0o600)
    assert loaded(folder).warnings == ()


def test_a_rule_may_ask_for_the_custom_fields_of_its_source_and_no_others(folder):
    source = "  asana: {kind: asana, token: 'env:T', projects: ['1'], fields: {Region: '12'}}\n"
    (folder / "driftline.yaml").write_text(SETTINGS + source)
    rules = RULES.replace("kind: saving}", "kind: work_item, fields: {Region: North}}") + "    source: asana\n"
    (folder / "mapping" / "savings.yaml").write_text(rules)
    assert len(loaded(folder).mapping.rules) == 1
    (folder / "mapping" / "savings.yaml").write_text(rules.replace("Region", "Country"))
    (problem,) = mistakes(folder)
    assert problem.message == "a work item has no field 'Country'"


def test_a_digest_about_an_objective_that_does_not_exist_is_a_mistake(folder):
    mail = "mail: {sender: a@example.com, smtp: {host: smtp.example.com}}\n"
    digests = "digests: {leaders: {recipients: [coo@example.com], objectives: [GROUP, COST]}}\n"
    (folder / "driftline.yaml").write_text(SETTINGS + mail + digests)
    (problem,) = mistakes(folder)
    assert (problem.location, problem.message) == ("driftline.yaml:9:72", "there is no objective 'COST'")
    assert problem.hint == "did you mean 'COSTS'?"


def test_a_digest_on_a_channel_that_does_not_exist_is_a_mistake(folder):
    text = (
        "mail: {sender: a@example.com, smtp: {host: smtp.example.com}}\n"
        "channels: {board: {kind: webhook, url: 'env:URL', secret: 'env:KEY'}}\n"
        "digests: {leaders: {recipients: [coo@example.com], channels: [board, bored]}}\n"
    )
    (folder / "driftline.yaml").write_text(SETTINGS + text)
    (problem,) = mistakes(folder)
    assert (problem.location, problem.message) == ("driftline.yaml:10:70", "there is no channel 'bored'")
    assert problem.hint == "did you mean 'board'?"


def test_absolute_patterns_work(folder):
    (folder / "driftline.yaml").write_text(f"{SETTINGS}mapping: ['{folder}/mapping/*.yaml']\n")
    assert len(loaded(folder).mapping.rules) == 1


def test_a_pattern_with_invisible_characters_is_a_mistake(folder):
    (folder / "driftline.yaml").write_text(SETTINGS + 'mapping: ["map\\0*.yaml", " ", "a\\nb"]\n')
    assert [problem.location for problem in mistakes(folder)] == [
        "driftline.yaml:8:11",
        "driftline.yaml:8:26",
        "driftline.yaml:8:31",
    ]


class TestFindSettings:
    """Where the settings file is looked for."""

    def test_beside_and_then_in_config(self, tmp_path):
        (tmp_path / "config").mkdir()
        (tmp_path / "config/driftline.yaml").touch()
        assert find_settings(tmp_path, None) == tmp_path / "config/driftline.yaml"
        (tmp_path / "driftline.yaml").touch()
        assert find_settings(tmp_path, None) == tmp_path / "driftline.yaml"

    def test_an_explicit_file_or_folder_comes_first(self, tmp_path):
        (tmp_path / "other").mkdir()
        for name in ("driftline.yaml", "other/driftline.yaml", "other/test.yaml"):
            (tmp_path / name).touch()
        assert find_settings(tmp_path, tmp_path / "other") == tmp_path / "other/driftline.yaml"
        assert find_settings(tmp_path, tmp_path / "other/test.yaml") == tmp_path / "other/test.yaml"

    def test_every_place_that_was_searched_is_told(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ConfigurationError) as caught:
            find_settings(tmp_path, None)
        (problem,) = caught.value.problems
        assert problem.message == "there is no settings file; searched: driftline.yaml and config/driftline.yaml"
        assert "driftline init" in problem.hint

    def test_an_explicit_file_that_is_missing_is_not_replaced_by_another(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "driftline.yaml").touch()
        with pytest.raises(ConfigurationError, match=r"there is no settings file; searched: other\.yaml"):
            find_settings(tmp_path, tmp_path / "other.yaml")


LITERAL = "cnry7Qm2Zx9Lp4Vt"


@pytest.mark.parametrize(
    "text",
    [
        "mail: {sender: a@example.com, smtp: {host: h, username: u, password: %s}}",
        "mail:\n  smtp:\n    password:\n      %s\n    pasword: %s",
        "mail:\n  smtp:\n    password: |\n      %s\n      two\n",
        "channels: {chat: {kind: chat, url: 'slack://%s'}}",
        "channels:\n  board:\n    kind: webhook\n    url: https://board.example/%s\n    secret: %s\n",
        "state: {url: 'postgresql://me:%s@db/driftline'}",
        "state: {url: 'mysql://me:%s@db/driftline', token: %s}",
        "api_token: %s",
        "api_token: [%s]",
        "api_token:\n - a: %s\n",
        "password: %s: 3",
        "log: {level: %s}\ntoken: %s",
    ],
)
def test_a_secret_written_into_the_settings_is_not_repeated_in_the_error(folder, text):
    """X1: error messages are logged and sent around."""
    (folder / "driftline.yaml").write_text(SETTINGS + text.replace("%s", LITERAL) + "\n")
    try:
        loaded(folder)
    except ConfigurationError as error:
        told = str(error) + repr(error) + traceback.format_exc()
    assert "driftline.yaml:" in told
    assert LITERAL not in told


def test_without_the_redaction_that_error_would_repeat_it(folder, monkeypatch):
    """The negative control of the test above."""
    (folder / "driftline.yaml").write_text(f"{SETTINGS}api_token:\n - a: {LITERAL}\nlog: {{level: {LITERAL}}}\n")
    with pytest.raises(ConfigurationError) as hidden:
        loaded(folder)
    monkeypatch.setattr("config.load.without_secrets", lambda _, problems: problems)
    with pytest.raises(ConfigurationError) as shown:
        loaded(folder)
    assert LITERAL not in str(hidden.value)
    assert LITERAL in str(shown.value)
