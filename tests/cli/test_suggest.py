"""``driftline suggest``: rules for what no rule matches, appended as comments, and how often they are right."""

import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.world import Meridian
from tests.cli.console import at_a_terminal, driftline, without_escapes

FIELDS = {"unlinked", "looked_at", "written", "suggestions"}


def test_each_proposal_has_its_confidence_and_its_reason(tuesday: Meridian):
    said = driftline("suggest", folder=tuesday.folder)
    assert (said.code, said.err) == (0, "")
    assert said.lines[-1] == "1 unlinked record, 1 with a proposal"
    assert "2 of 2 others with container 1209000000000021 serve M-402" in said.lines[1]
    found = driftline("suggest", "--json", folder=tuesday.folder).json
    assert set(found) == FIELDS
    [only] = found["suggestions"]
    assert (only["objective_id"], only["condition"], only["keys"]) == ("M-402", "container", ["1209000000000024"])
    assert 35 <= only["confidence"] <= 100


def test_unsure_ones_can_be_left_out(tuesday: Meridian):
    assert driftline("suggest", "--least", "95", "--json", folder=tuesday.folder).json["suggestions"] == []
    assert driftline("suggest", "--source", "jira", "--json", folder=tuesday.folder).json["unlinked"] == 0
    assert driftline("suggest", "--source", "jria", folder=tuesday.folder).code == 2


def test_it_fits_the_window(tuesday: Meridian):
    for columns in (80, 120):
        screen = without_escapes(at_a_terminal("suggest", folder=tuesday.folder, columns=columns))
        assert max(map(len, screen.splitlines())) <= columns


def rule_names(file: Path) -> list[str]:
    return re.findall(r"(?m)^  - name: (.+)$", file.read_text("utf-8"))


def without_rule(file: Path, name: str) -> None:
    """Take one rule out of a rule file."""
    text = file.read_text("utf-8")
    kept = re.sub(rf"(?ms)^  - name: {re.escape(name)}$.*?(?=^  (?:- name|#)|\Z)", "", text)
    assert kept != text
    file.write_text(kept, encoding="utf-8")


def test_written_rules_are_comments_until_they_are_used_and_then_link_what_they_said(copy: Path):
    file = copy / "mapping" / "asana.yaml"
    without_rule(file, "roll-out-nordics")
    before = file.read_text("utf-8")
    said = driftline("suggest", "--write", file, folder=copy)
    assert said.err == f"appended 2 rules to {file} as comments\n"
    after = file.read_text("utf-8")
    assert after.startswith(before)
    assert driftline("suggest", "--json", folder=copy).json["unlinked"] == 4
    assert driftline("suggest", "--write", file, folder=copy).err == f"{file} has all of them\n"
    assert file.read_text("utf-8") == after
    file.write_text(before + after[len(before) :].replace("\n  # ", "\n  "), encoding="utf-8")
    links = driftline("links", "--objective", "M-302", "--json", folder=copy).json
    assert len(links["records"]) == 3
    assert driftline("suggest", "--json", folder=copy).json["unlinked"] == 0


def test_removed_rules_of_the_demo_company_are_mostly_found_again(copy: Path):
    """Each rule is taken out alone; what it linked is looked up among the proposals. This was measured, not promised:
    of 55 records that lose their link, 45 get a proposal, and 40 of these name the objective that the rule named."""
    true = links(copy)
    lost = proposed = right = 0
    for file in sorted((copy / "mapping").glob("*.yaml")):
        text = file.read_text("utf-8")
        for name in rule_names(file):
            without_rule(file, name)
            if not rule_names(file):
                continue
            found = driftline("suggest", "--limit", "0", "--json", folder=copy).json
            told = {id_: each["objective_id"] for each in found["suggestions"] for id_ in each["record_ids"]}
            gone = true.keys() - links(copy).keys()
            lost += len(gone)
            proposed += len(gone & told.keys())
            right += sum(told[id_] in true[id_] for id_ in gone & told.keys())
            file.write_text(text, encoding="utf-8")
    assert lost >= 50
    assert proposed >= 0.75 * lost
    assert right >= 0.85 * proposed


def links(folder: Path) -> dict[str, set[str]]:
    found: list[dict[str, Any]] = driftline("links", "--json", folder=folder).json["records"]
    return {each["record_id"]: {link["objective_id"] for link in each["links"]} for each in found if each["links"]}


def test_before_the_first_sync_nothing_is_proposed(unread: Path):
    said = driftline("suggest", folder=unread)
    assert (said.code, said.out, said.err) == (0, "", "No suggestions: nothing was read yet; run driftline sync\n")


@pytest.mark.parametrize("name", ["objectives.yaml", "nothing.yaml"])
def test_only_a_rule_file_takes_rules(copy: Path, name: str):
    said = driftline("suggest", "--write", copy / name, folder=copy)
    assert said.code == 2
    assert "hint: name a" in said.err
