"""``driftline doctor``: one line per thing, one remedy, and an exit code that a script can use."""

from pathlib import Path

from sandbox.world import Meridian
from tests.cli.console import driftline
from tests.databases import execute


def test_it_tells_how_everything_stands_and_ends_with_0_when_nothing_must_be_mended(tuesday: Meridian):
    said = driftline("doctor", folder=tuesday.folder)
    assert said.code == 0, said.out
    assert {line.split()[0] for line in said.lines if line and not line.startswith(" ")} >= {"ok", "warning"}
    assert "→ for real work take clock: out of the settings" in said.out
    told = driftline("doctor", "--json", folder=tuesday.folder).json
    assert told["verdict"] == "warning"
    areas = {each["area"] for each in told["checks"]}
    assert areas >= {"configuration", "secrets", "database", "permissions", "disk", "clock", "versions", "mail"}
    assert areas >= {"credentials", "sources", "audiences"}
    assert all(set(each) == {"area", "verdict", "says", "remedy"} for each in told["checks"])
    assert all(each["remedy"] for each in told["checks"] if each["verdict"] != "ok")


def test_no_secret_stands_in_what_it_says(tuesday: Meridian):
    """X1."""
    said = driftline("doctor", "--json", folder=tuesday.folder)
    secrets = [path.read_text("utf-8").strip() for path in (tuesday.folder / "secrets").iterdir()]
    assert secrets
    assert not [secret for secret in secrets if secret in said.out + said.err]


def test_what_must_be_mended_ends_it_with_2(copy: Path):
    (copy / "secrets" / "jira-token").unlink()
    execute(copy / "state" / "driftline.db", "UPDATE alembic_version SET version_num = '9999'")
    said = driftline("doctor", folder=copy)
    assert said.code == 2
    assert "failed   secrets" in said.out
    assert "failed   database" in said.out
    assert "things to mend" in said.lines[-1]
    (copy / "mapping" / "x.yaml").write_text("ruless: []")
    assert "failed   configuration" in driftline("doctor", folder=copy).out
