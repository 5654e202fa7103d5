"""Why a record is linked as it is."""

from mapping.explain import explain
from mapping.match import Matcher, Names
from tests.mapping.samples import loaded, with_rules, work

EPIC = work("AUR-1")
TASK = work("AUR-2", parent="1", title="The roll-out in Spain")


def test_every_rule_is_told_with_the_first_condition_that_failed_and_what_was_seen() -> None:
    explanation = explain(loaded(), Names.of([EPIC, TASK]), TASK)
    sold, epic, pattern = explanation.attempts
    assert str(sold.failure) == "source is 'jira', wanted 'crm'"
    assert epic.won
    assert (pattern.won, pattern.failure, pattern.beaten_by) == (False, None, "work below the epic")
    assert explanation.winners == (epic,)
    assert (epic.rung, epic.location) == ("value", "rules.yaml:11")


def test_the_paths_lead_from_each_linked_objective_to_the_root() -> None:
    explanation = explain(loaded(), Names.of([EPIC, TASK]), TASK)
    assert [[step.id for step in path] for path in explanation.paths] == [["MP-AURORA", "ORG"], ["ORG"]]
    assert explanation.paths[0][1].name == "Aurora Group"


def test_the_explanation_and_the_matcher_say_the_same() -> None:
    names = Names.of([EPIC, TASK])
    for record in (EPIC, TASK):
        assert explain(loaded(), names, record).match == Matcher(loaded(), names).match(record)


def test_a_failed_condition_shows_several_values_and_missing_ones() -> None:
    mapping = with_rules(
        "role: delivers, objective: ORG, match: {label: [launch, sale]}",
        "role: delivers, objective: ORG, match: {fields: {Region: EMEA}}",
    )
    explanation = explain(mapping, Names(), work("AUR-2", labels=("Q3", "q4")))
    assert [str(attempt.failure) for attempt in explanation.attempts] == [
        "label is 'Q3' and 'q4', wanted 'launch' or 'sale'",
        "fields: Region is nothing, wanted 'EMEA'",
    ]
    assert explanation.match.links == ()
    assert explanation.paths == ()
