"""``driftline explain``: which rule won for a record and why the others did not; what a check looks for."""

from pathlib import Path

import pytest

from sandbox.world import Meridian
from tests.cli.console import driftline

FIELDS = {"record_id", "key", "title", "attempts", "match", "paths", "carries"}


def test_the_rule_that_won_stands_first_with_its_place_and_rules_for_other_sources_are_only_counted(tuesday: Meridian):
    said = driftline("explain", "OPP-0001", folder=tuesday.folder)
    assert (said.code, said.err) == (0, "")
    assert said.lines[0] == "OPP-0001 Nordwind Logistik Aurora 4.0"
    assert said.lines[2].split("  ")[1:3] == ["deals-promise-a-launch", "wins by place: M-101 as promises"]
    assert said.lines[2].endswith("mapping/salesforce.yaml:5")
    assert "promised is 'Aurora 4.0', wanted 'Field 2.0'" in said.out
    assert "  18 rules for other sources (--all lists them)" in said.lines
    assert "aurora-work" not in said.out


def test_all_lists_the_rules_for_other_sources_too(tuesday: Meridian):
    said = driftline("explain", "OPP-0001", "--all", folder=tuesday.folder)
    assert "source is 'salesforce', wanted 'jira'" in said.out
    assert "--all" not in said.out


def test_the_needs_and_the_path_to_the_top_are_told(tuesday: Meridian):
    said = driftline("explain", "OPP-0001", folder=tuesday.folder)
    assert "  Aurora 4.0     rule deals-promise-a-launch" in said.lines
    top = said.lines[said.lines.index("path to the top") + 1 :]
    steps = [line.split()[0] for line in top if line[2] != " "]
    assert steps == ["M-101", "AURORA-LAUNCH", "AURORA-4", "AURORA", "GROWTH", "MERIDIAN"]
    assert top[1].endswith("measure package  open deals: EUR 2,880,000")


def test_work_leads_to_the_money_that_counts_on_the_objectives_above_it(tuesday: Meridian):
    said = driftline("explain", "AUR-118", folder=tuesday.folder)
    top = said.lines[said.lines.index("path to the top") + 1 :]
    assert top[0].split("  ")[-1].strip() == "measure"
    assert [line.split("open deals: ")[1] for line in top if "open deals: " in line] == [
        *["EUR 2,880,000"] * 3,
        *("EUR 3,255,000", "EUR 3,710,000"),
    ]
    [told] = driftline("explain", "AUR-118", "--json", folder=tuesday.folder).json
    steps = {step["id"]: step["counts_on"] for step in told["paths"][0]}
    assert steps["M-102"] == []
    assert {each["account"]: each["amount"] for each in steps["MERIDIAN"]} == {
        "revenue": "3710000",
        "savings": "6376000",
    }


def test_a_record_that_no_rule_matches_says_so(tuesday: Meridian):
    said = driftline("explain", "Aurora 4.0", folder=tuesday.folder)
    assert said.lines[:2] == ["Aurora 4.0", "linked to nothing: no rule matches it"]


def test_the_json_has_the_documented_fields_and_every_rule(tuesday: Meridian):
    [told] = driftline("explain", "OPP-0001", "--json", folder=tuesday.folder).json
    assert set(told) == FIELDS
    assert len(told["attempts"]) == 21
    assert set(told["attempts"][0]) == {
        *("rule", "location", "role", "objective_ids", "rung", "failure", "beaten_by", "unresolved")
    }


def test_a_check_is_explained_without_any_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    said = driftline("explain", "late-commitment")
    assert said.code == 0
    assert said.lines[0] == "late-commitment"
    for heading in ("What it finds", "Why it matters", "What to do", "Example"):
        assert heading in said.lines
    told = driftline("explain", "late-commitment", "--json").json
    assert set(told) == {"check", "text"}


def test_an_unknown_name_is_refused_with_the_nearest_check(tuesday: Meridian):
    said = driftline("explain", "late-comitment", folder=tuesday.folder)
    assert (said.code, said.out) == (2, "")
    assert "error: there is no record or check late-comitment" in said.err
    assert "did you mean 'late-commitment'?" in said.err


def test_before_the_first_sync_it_says_what_to_do(unread: Path):
    said = driftline("explain", "OPP-0001", folder=unread)
    assert said.code == 2
    assert "nothing was read yet\nhint: run driftline sync" in said.err


def test_the_path_leads_to_the_money_by_account(copy: Path):
    """The record's own money, and what the objectives above it are to bring."""
    objectives = copy / "objectives.yaml"
    text = objectives.read_text(encoding="utf-8")
    worth = "    values:\n      - {account: EBITDA, currency: EUR, plan: {2026-10: 310000, 2026-12: 90000}}\n"
    worth += "      - {account: cash, currency: USD, plan: {2027-01: 5}}\n"
    at = text.index("\n", text.index("- id: M-101")) + 1
    objectives.write_text(text[:at] + worth + text[at:], encoding="utf-8")
    said = driftline("explain", "OPP-0001", folder=copy)
    assert (said.code, said.err) == (0, "")
    [carries] = [line for line in said.lines if line.startswith("carries")]
    assert carries.split("  ")[-1].strip().startswith("revenue: EUR ")
    top = said.lines[said.lines.index("path to the top") + 1 :]
    assert top[0].endswith("measure          EBITDA: EUR 400,000, 2026-10 to 2026-12")
    assert top[1].strip() == "cash: USD 5, 2027-01"
    [told] = driftline("explain", "OPP-0001", "--json", folder=copy).json
    assert [each["account"] for each in told["paths"][0][0]["worth"]] == ["EBITDA", "cash"]


def test_a_rule_that_cannot_tell_the_objective_and_a_failed_expression_are_told(copy: Path):
    rules = copy / "mapping" / "salesforce.yaml"
    added = """
  - name: named-by-field
    role: reports
    objective: {field: promised}
    source: salesforce
    match: {kind: deal, where: "amount > 1 EUR and outcome = 'open'"}
  - name: far-away
    role: measures
    objective: M-101
    source: salesforce
    match: {kind: deal, where: "outcome = 'open' and close_date < today - 9000d"}
"""
    rules.write_text(rules.read_text(encoding="utf-8").rstrip() + "\n" + added, encoding="utf-8")
    said = driftline("explain", "OPP-0001", folder=copy)
    assert "wins by value, but fields: promised says 'Aurora 4.0', which is no objective" in said.out
    assert "does not match: where: close_date < today - 9000d does not hold: close_date is '" in said.out


def test_check_tells_which_records_a_rule_leaves_unlinked(copy: Path):
    rules = copy / "mapping" / "salesforce.yaml"
    added = """
  - {name: named-by-field, role: reports, objective: {field: promised}, source: salesforce, match: {key: OPP-0001}}
"""
    rules.write_text(rules.read_text(encoding="utf-8").rstrip() + added, encoding="utf-8")
    said = driftline("check", folder=copy)
    expected = "cannot tell the objective of OPP-0001: fields: promised says 'Aurora 4.0', which is no objective"
    assert f"the rule 'named-by-field' {expected}" in said.out + said.err
