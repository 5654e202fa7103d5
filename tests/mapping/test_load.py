"""Objectives and rules together: what a sound mapping holds, and how the mistakes of many files are told."""

import time
from datetime import date
from decimal import Decimal

import pytest

from mapping.document import SourceText
from mapping.load import LoadedMapping, load_mapping
from model.errors import MappingError
from model.links import Need, NeedOrigin
from model.money import Money, Month, MonthAmount
from model.objectives import Baseline, DecisionRights, Level, ObjectiveNeed, StageGate, Tolerance, Value
from model.records import Light
from tests.mapping.samples import OBJECTIVES, RULES, SOURCES, loaded, with_rules


def test_an_objective_keeps_everything_that_the_file_says() -> None:
    found = loaded().tree.get("MP-AURORA")
    assert found is not None
    assert found.level is Level.MEASURE_PACKAGE
    assert found.target == date(2026, 9, 30)
    assert found.tolerance == Tolerance(5, Money(Decimal(50000), "EUR"), Decimal(5))
    assert found.baselines == (Baseline(date(2026, 6, 30), "COO", date(2026, 1, 15)),)
    months = (MonthAmount(Month(2026, 10), Decimal(310000)), MonthAmount(Month(2026, 11), Decimal("12.5")))
    assert found.values == (Value("EBITDA", "EUR", months),)
    assert found.budget == Money(Decimal(900000), "EUR")
    assert found.decision_rights == DecisionRights(beyond="COO")
    assert found.needs == (ObjectiveNeed("ERP-100", 14, "m.ruiz@aurora.example"),)
    assert (found.implementation, found.potential) == (Light.GREEN, Light.YELLOW)
    assert found.location == "objectives.yaml:6"


def test_references_are_found_without_regard_to_case_and_kept_as_declared() -> None:
    tree = loaded().tree
    saved = tree.get("M-SAVE")
    assert saved is not None
    assert saved.parent == "MP-AURORA"
    assert saved.stage_gate is StageGate.ON_HOLD
    assert [each.id for each in tree.path("M-SAVE")] == ["M-SAVE", "MP-AURORA", "ORG"]
    assert loaded().rules[1].objective_ids == ("MP-AURORA", "ORG")


def test_needs_of_objectives_become_edges_of_the_plan_network() -> None:
    assert loaded().needs == (
        Need(
            "objective:MP-AURORA",
            "ERP-100",
            14,
            NeedOrigin.OBJECTIVES_FILE,
            location="objectives.yaml:6",
            owner="m.ruiz@aurora.example",
        ),
    )


def test_a_need_between_objectives_is_spelled_as_the_id_is() -> None:
    text = OBJECTIVES + "  - {id: M-2, level: measure, name: x, needs: [{after: m-save}]}\n"
    assert loaded(objectives=text).needs[-1].wanted == "M-SAVE"


def test_a_file_may_refer_to_objectives_of_another_file() -> None:
    other = SourceText("other.yaml", "version: 1\nobjectives: [{id: M-9, level: measure, name: x, parent: ORG}]\n")
    tree = load_mapping([other, SourceText("o.yaml", OBJECTIVES)], [], sources=SOURCES).tree
    assert [each.id for each in tree.path("M-9")] == ["M-9", "ORG"]


def problems(objectives: dict[str, str], rules: dict[str, str], **given: object) -> list[tuple[str, str]]:
    with pytest.raises(MappingError) as caught:
        load_mapping(
            [SourceText(path, text) for path, text in objectives.items()],
            [SourceText(path, text) for path, text in rules.items()],
            sources=SOURCES,
            **given,  # type: ignore[arg-type]
        )
    return [(each.location, each.message) for each in caught.value.problems]


def test_the_mistakes_of_all_files_are_told_at_once_by_file_and_line() -> None:
    bad_rule = "version: 1\nrules:\n  - {name: a, role: delivers, objective: NOPE, match: {key: 1}}\n"
    entries = "  - {id: org, level: measure, name: x}\n  - {id: Z, level: x, name: y}\n"
    assert problems(
        {"b.yaml": f"version: 1\nobjectives:\n{entries}", "a.yaml": OBJECTIVES},
        {"z.yaml": bad_rule, "y.yaml": "version: 1\nrules: [\n", "x.yaml": bad_rule},
    ) == [
        ("b.yaml:4:20", "'x' is not an allowed value"),
        ("a.yaml:3:9", "the objective 'ORG' is declared a second time; the first is at b.yaml:3:10"),
        ("a.yaml:8:13", "the measure package 'MP-AURORA' cannot lie below the measure 'org'"),
        ("z.yaml:3:42", "there is no objective 'NOPE'"),
        ("y.yaml:3:1", "a value is missing before this"),
        ("x.yaml:3:12", "the rule 'a' exists a second time; the first is at z.yaml:3:12"),
        ("x.yaml:3:42", "there is no objective 'NOPE'"),
    ]


def test_a_broken_entry_still_counts_as_declared_for_the_others() -> None:
    entries = "  - {id: P, level: nonsense, name: x}\n  - {id: Q, level: measure, name: y, parent: P}\n"
    text = f"version: 1\nobjectives:\n{entries}"
    rule = "version: 1\nrules: [{name: a, role: delivers, objective: P, match: {key: 1}}]\n"
    assert [message for _, message in problems({"o.yaml": text}, {"r.yaml": rule})] == [
        "'nonsense' is not an allowed value"
    ]


FIELD_RULE = "role: promises, objective: ORG, source: crm, match: {kind: deal, fields: {%s: x}}"


def test_a_custom_field_that_no_source_has_is_refused_when_the_names_are_known() -> None:
    rule = f"version: 1\nrules:\n  - {{name: a, {FIELD_RULE % 'Regoin'}}}\n"
    custom = {"crm": ["Region"], "jira": ["Regoin"]}
    assert problems({"o.yaml": OBJECTIVES}, {"r.yaml": rule}, custom_fields=custom) == [
        ("r.yaml:3:89", "a deal has no field 'Regoin'")
    ]


def test_a_custom_field_near_a_built_in_one_is_a_warning_when_the_names_are_not_known() -> None:
    warnings = with_rules(FIELD_RULE % "promissed", FIELD_RULE % "Region").warnings
    assert [(each.message, each.hint) for each in warnings] == [
        ("'promissed' is read as a custom field", "did you mean 'promised'?")
    ]


def test_a_title_without_a_wildcard_is_a_warning() -> None:
    warnings = with_rules("role: delivers, objective: ORG, match: {title: rollout}").warnings
    assert warnings[0].message == "only the exact title 'rollout' is matched"
    assert warnings[0].hint == 'write "*rollout*" to match it anywhere in a title'
    assert loaded().warnings == ()


def test_the_fingerprint_changes_with_the_text_and_with_nothing_else() -> None:
    def fingerprint(path: str, text: str) -> str:
        given: LoadedMapping = load_mapping([SourceText(path, OBJECTIVES)], [SourceText("r", text)], sources=SOURCES)
        return given.fingerprint

    assert fingerprint("a.yaml", RULES) == fingerprint("/etc/a.yaml", RULES)
    assert fingerprint("a.yaml", RULES) != fingerprint("a.yaml", RULES + "# a remark\n")


def test_a_thousand_of_many_unknown_ids_are_told_within_seconds() -> None:
    objectives = "version: 1\nobjectives:\n" + "".join(
        f"  - {{id: OBJ-{number}, level: measure, name: x}}\n" for number in range(3000)
    )
    rules = "version: 1\nrules:\n" + "".join(
        f"  - {{name: r{number}, role: delivers, objective: OBX-{number}, match: {{key: 1}}}}\n"
        for number in range(3000)
    )
    began = time.process_time()
    told = problems({"o.yaml": objectives}, {"r.yaml": rules})
    assert len(told) == 1001
    assert told[-1] == ("r.yaml:1003:5", "the rules after the first 1,000 mistakes were not looked at")
    assert time.process_time() - began < 10
