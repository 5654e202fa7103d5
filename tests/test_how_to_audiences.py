"""The configuration in ``docs/how-to/tell-the-right-people.md`` is complete and means what the page says."""

import re
from pathlib import Path

import pytest

from config.load import Configuration, load
from digest.audiences.roles import PRESETS
from digest.options import DigestOptions
from model.findings import Account, Severity

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "tell-the-right-people.md").read_text("utf-8")
OBJECTIVES = "version: 1\nobjectives:\n- {id: GROWTH, name: Growth, level: program}\n"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    folder = tmp_path_factory.mktemp("audiences")
    [block] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (folder / "driftline.yaml").write_text(block)
    (folder / "objectives.yaml").write_text(OBJECTIVES)
    (folder / "mapping").mkdir()
    (folder / "mapping" / "rules.yaml").write_text("version: 1\nrules: []\n")
    return load(folder / "driftline.yaml")


def test_the_page_holds_a_whole_configuration(loaded: Configuration):
    settings = loaded.settings
    assert set(settings.digests) == {"board", "finance", "growth"}
    assert settings.digests["board"].at_once is not None
    assert settings.digests["finance"].told_accounts[0] is Account.SAVINGS
    assert settings.digests["growth"].told_accounts == (Account.REVENUE,)
    assert settings.budget is not None
    assert settings.owners is not None
    assert settings.owners.allows("ben.kuhn@example.com")


def test_the_table_of_roles_is_that_of_the_code():
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| (\w+) \| (yes|no) \| (\w+) \|$", PAGE, re.MULTILINE)
    assert {row[0] for row in rows} == set(PRESETS)
    for role, accounts, severity, unpriced, upkeep in rows:
        options = DigestOptions.model_validate({"recipients": ["a@example.com"], "role": role})
        told = accounts.strip() if options.accounts == () else ", ".join(options.accounts)
        assert told == accounts.strip()
        assert options.minimum_severity is Severity[severity.upper()]
        assert (options.unpriced, options.upkeep) == (unpriced == "yes", upkeep == "told")


def test_every_option_of_the_page_exists():
    named = set(re.findall(r"`([a-z_]+)`", PAGE.partition("## Audiences")[2].partition("`role` fills")[0]))
    assert named <= set(DigestOptions.model_fields)
