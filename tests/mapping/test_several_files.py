"""Files that departments own: which one wins, what clashes, what the rules of one file have in common."""

import pytest

from mapping.document import SourceText
from mapping.explain import explain
from mapping.load import LoadedMapping, load_mapping
from mapping.match import Matcher, Names
from mapping.reach import outline, reach
from model.errors import MappingError, Problem
from model.links import Role
from tests.mapping.samples import OBJECTIVES, SOURCES, deal, work

RULE = "  - {name: %s, role: delivers, objective: %s, match: {label: erp}}\n"


def load(**files: str) -> LoadedMapping:
    texts = [SourceText(f"{name}.yaml", text) for name, text in files.items()]
    return load_mapping([SourceText("objectives.yaml", OBJECTIVES)], texts, sources=SOURCES)


def mistakes(**files: str) -> list[Problem]:
    with pytest.raises(MappingError) as caught:
        load(**files)
    return list(caught.value.problems)


def rules(name: str, objective: str, head: str = "") -> str:
    return f"version: 2\n{head}rules:\n{RULE % (name, objective)}"


def test_among_equally_specific_rules_the_first_file_wins_and_the_tie_is_told() -> None:
    found = Matcher(load(it=rules("a", "ORG"), sales=rules("b", "M-SAVE")), Names()).match(work(labels=("erp",)))
    assert [link.objective_id for link in found.links] == ["ORG"]
    assert [(each.chosen, each.others) for each in found.ambiguities] == [("a", ("b",))]


def test_a_file_of_higher_priority_wins_and_nothing_is_ambiguous() -> None:
    both = load(it=rules("a", "ORG"), sales=rules("b", "M-SAVE", "priority: 10\n"))
    found = Matcher(both, Names()).match(work(labels=("erp",)))
    assert [link.objective_id for link in found.links] == ["M-SAVE"]
    assert found.ambiguities == ()
    assert [each.beaten_by for each in explain(both, Names(), work(labels=("erp",))).attempts] == ["b", None]


def test_a_more_specific_rule_wins_over_any_priority() -> None:
    by_key = "rules:\n  - {name: a, role: delivers, objective: ORG, match: {key: AUR-2}}\n"
    both = load(it=by_key, sales=rules("b", "M-SAVE", "priority: 1000\n"))
    found = Matcher(both, Names()).match(work(labels=("erp",)))
    assert [link.objective_id for link in found.links] == ["ORG"]


def test_another_priority_counts_as_a_change_of_the_files_rules() -> None:
    before = outline(load(it=rules("a", "ORG"), sales=rules("b", "M-SAVE")))
    after = load(it=rules("a", "ORG"), sales=rules("b", "M-SAVE", "priority: 10\n"))
    assert reach(before, after).touches(work(labels=("erp",)), Names())


@pytest.mark.parametrize("written", ["1.5", "high", "100000", "true"])
def test_a_priority_is_a_whole_number(written: str) -> None:
    (problem,) = mistakes(it=rules("a", "ORG", f"priority: {written}\n"))
    assert problem.location == "it.yaml:2:11"


def test_the_same_name_in_two_files_is_told_with_both_places() -> None:
    tables = "lookups: {regions: {EMEA: ORG}}\n"
    found = mistakes(it=tables + rules("a", "ORG")[11:], sales=tables + rules("A", "ORG")[11:])
    assert [(each.location, each.message) for each in found] == [
        ("sales.yaml:1:11", "the table 'regions' exists a second time; the first is at it.yaml:1:11"),
        ("sales.yaml:3:12", "the rule 'A' exists a second time; the first is at it.yaml:3:12"),
    ]


DEFAULTS = """\
version: 2
defaults:
  role: promises
  objective: ORG
  source: crm
  weight: 0.5
  match: {kind: deal, container: Opportunity, fields: {Region: EMEA, Tier: gold}}
  needs: [{after: ERP-100}]
rules:
  - name: plain
  - name: own
    objective: M-SAVE
    weight: 1
    match: {container: Renewal, fields: {Region: APAC}}
    needs: []
"""


def test_a_rule_has_the_defaults_of_its_file_except_for_what_it_states_itself() -> None:
    plain, own = load(crm=DEFAULTS).rules
    assert (plain.role, plain.objective_ids, float(plain.weight)) == (Role.PROMISES, ("ORG",), 0.5)
    assert [need.on for need in plain.needs] == ["ERP-100"]
    assert (own.role, own.objective_ids, float(own.weight), own.needs) == (Role.PROMISES, ("M-SAVE",), 1, ())
    emea = deal(container="Opportunity", custom={"Region": "EMEA", "Tier": "gold"})
    apac = deal(container="Renewal", custom={"Region": "APAC", "Tier": "gold"})
    matcher = Matcher(load(crm=DEFAULTS), Names())
    assert [[link.rule for link in matcher.match(each).links] for each in (emea, apac)] == [["plain"], ["own"]]
    assert matcher.match(deal(container="Renewal", custom={"Region": "APAC"})).links == ()


def test_defaults_reach_no_other_file() -> None:
    assert [each.message for each in mistakes(crm=DEFAULTS, it="rules:\n  - name: x\n")] == [
        "'role' is missing",
        "'objective' is missing",
        "'match' is missing",
    ]


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("role: promises", "role: promise", "crm.yaml:3:9", "'promise' is not an allowed value"),
        ("objective: ORG", "objective: OGR", "crm.yaml:4:14", "there is no objective 'OGR'"),
        ("source: crm", "source: sap", "crm.yaml:5:11", "there is no source 'sap'"),
        ("weight: 0.5", "wait: 0.5", "crm.yaml:6:3", "unknown key 'wait'"),
        ("kind: deal, ", "kind: deal, label: x, ", "crm.yaml:7:23", "a deal has no label"),
    ],
)
def test_a_mistake_in_the_defaults_is_told_once_where_it_stands(old: str, new: str, place: str, message: str) -> None:
    (problem,) = mistakes(crm=DEFAULTS.replace(old, new))
    assert (problem.location, problem.message) == (place, message)


def test_an_alias_of_a_rule_inside_the_defaults_makes_no_circle() -> None:
    text = "rules:\n  - &r {name: a, role: delivers, objective: ORG}\ndefaults: {match: *r}\n"
    assert "unknown key 'name'" in [each.message for each in mistakes(it=text)]


def test_large_defaults_in_many_rules_are_refused_at_once() -> None:
    keys = ", ".join(f"K-{number}" for number in range(2000))
    many = "".join(f"  - {{name: r{number}}}\n" for number in range(2000))
    text = f"defaults: {{role: delivers, objective: ORG, match: {{key: [{keys}]}}}}\nrules:\n{many}"
    (problem,) = mistakes(it=text)
    assert (problem.location, "200,000" in problem.message) == ("it.yaml:1:11", True)


def test_what_an_unreadable_objectives_file_declares_is_not_called_unknown() -> None:
    texts = [SourceText("o.yaml", OBJECTIVES + "x: ["), SourceText("p.yaml", "version: 2\nobjectives: []\n")]
    with pytest.raises(MappingError) as caught:
        load_mapping(texts, [SourceText("it.yaml", rules("a", "ORG"))], sources=SOURCES)
    assert [each.location.partition(":")[0] for each in caught.value.problems] == ["o.yaml"]
