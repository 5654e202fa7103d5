"""Proposals from what is stored, their way into a rule file, and how often they are right about the demo company."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.document import SourceText, parse
from mapping.suggest import Suggestion
from model.errors import UsageError
from model.links import Role
from model.records import RecordKind
from pipeline.coverage import matches
from pipeline.suggest import append_suggestions, suggest
from state.store import Store
from tests.pipeline.company import Company

TODAY = date(2026, 9, 15)
RULES = """\
# My rules — über alles
version: 1

rules:
  # The first one.
  - name: "first"   # with a comment behind
    role: delivers
    objective: M-1
    match: {container: AUR}
"""


def suggestion(*values: str, condition: str = "key", objective: str = "M-1", reason: str = "of its name") -> Suggestion:
    return Suggestion(
        objective_id=objective,
        role=Role.DELIVERS,
        source="jira",
        kind=RecordKind.WORK_ITEM,
        condition=condition,
        values=values,
        record_ids=values,
        keys=values,
        confidence=80,
        reason=reason,
    )


def uncommented(text: str) -> str:
    """The text with the comment signs taken from the appended rules."""
    return "\n".join(line.replace("  # ", "  ", 1) if line.startswith("  # ") else line for line in text.splitlines())


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


def test_the_file_stays_byte_for_byte_and_the_rules_are_comments_until_somebody_uses_them(rules: Path):
    before = rules.read_bytes()
    added = append_suggestions(
        rules, [suggestion("A-1", "A-2"), suggestion("DACH", condition="fields.region")], ["first"], TODAY
    )
    after = rules.read_bytes()
    assert added == 2
    assert after.startswith(before)
    assert parse(SourceText("r", after.decode())).value == parse(SourceText("r", RULES)).value
    used = parse(SourceText("r", uncommented(after.decode()[len(RULES) :]).join([RULES, "\n"]))).value["rules"]
    assert [rule["name"] for rule in used] == ["first", "suggested M-1", "suggested M-1 2"]
    assert used[1]["match"] == {"kind": "work_item", "key": ["A-1", "A-2"]}
    assert used[2]["match"] == {"kind": "work_item", "fields": {"region": "DACH"}}


def test_what_the_file_has_already_is_not_appended_again(rules: Path):
    append_suggestions(rules, [suggestion("A-1")], ["first"], TODAY)
    before = rules.read_bytes()
    assert append_suggestions(rules, [suggestion("A-1")], ["first"], TODAY) == 0
    assert rules.read_bytes() == before
    assert append_suggestions(rules, [suggestion("A-2")], ["first"], TODAY) == 1
    assert "- name: suggested M-1 2" in rules.read_text("utf-8")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n# the end\n"])
def test_line_ends_and_a_missing_last_one_are_kept(rules: Path, newline: str, end: str):
    text = (RULES.rstrip("\n") + end).replace("\n", newline)
    rules.write_bytes(text.encode())
    append_suggestions(rules, [suggestion("A-1")], [], TODAY)
    after = rules.read_bytes().decode()
    assert after.startswith(text)
    assert after.count("\n") == after.count(newline)
    assert len(parse(SourceText("r", after)).value["rules"]) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1\nrules: [{name: a}]\n", "not written as a list of blocks"),
        ("version: 1\nrules: []\n", "cannot be added at the end"),
        ("rules:\n  - name: a\nversion: 1\n", "cannot be added at the end"),
        ("version: 1\nobjectives:\n  - id: a\n", "cannot be added at the end"),
    ],
)
def test_a_file_that_cannot_take_rules_at_its_end_is_refused_and_left_alone(rules: Path, text: str, message: str):
    rules.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        append_suggestions(rules, [suggestion("A-1")], [], TODAY)
    assert rules.read_text("utf-8") == text


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="cannot be read"):
        append_suggestions(tmp_path / "none.yaml", [suggestion("A-1")], [], TODAY)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(lambda text: bool(text.strip())),
        min_size=1,
        max_size=3,
        unique=True,
    ),
    st.text(st.characters(codec="utf-8"), max_size=40),
)
def test_whatever_sources_say_ends_as_a_value_and_never_as_yaml(
    tmp_path_factory: pytest.TempPathFactory, values: list[str], reason: str
):
    """Titles and keys come from outside: none may add a rule, a key or a comment of its own."""
    path = tmp_path_factory.mktemp("rules") / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    append_suggestions(path, [suggestion(*values, reason=reason)], [], TODAY)
    after = path.read_text("utf-8")
    assert parse(SourceText("r", after)).value == parse(SourceText("r", RULES)).value
    [_, used] = parse(SourceText("r", RULES + uncommented(after[len(RULES) :]))).value["rules"]
    assert used["match"]["key"] == (values[0] if len(values) == 1 else values)


def test_unlinked_records_are_looked_at_and_linked_ones_teach(store: Store, company: Company):
    company.read(store, "jira")
    found = suggest(store, company.configuration, TODAY)
    assert (found.unlinked, found.looked_at) == (4, 4)
    assert suggest(store, company.configuration, TODAY, source="crm").unlinked == 0
    assert found == suggest(store, company.configuration, TODAY)


def test_nothing_is_proposed_for_what_a_rule_covers(store: Store, company: Company):
    company.read(store, "jira")
    covered = {record.id for record, match in matches(store, company.configuration, TODAY) if match.links}
    found = suggest(store, company.configuration, TODAY)
    assert covered
    assert covered.isdisjoint(each for suggestion in found.suggestions for each in suggestion.record_ids)


def test_without_its_rules_a_record_is_proposed_for_an_objective_with_its_name(store: Store, company: Company):
    company.read(store, "jira")
    bare = replace(company.configuration, mapping=replace(company.configuration.mapping, rules=()))
    found = suggest(store, bare, TODAY)
    assert found.unlinked == 12
    assert all(each.objective_id in company.configuration.mapping.tree for each in found.suggestions)
