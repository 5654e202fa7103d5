"""Why a record is linked as it is."""

from datetime import date
from decimal import Decimal
from typing import Any

from mapping.explain import Indicator, Worth, explain
from mapping.match import Matcher, Names
from model.money import Money, Month, MonthAmount
from model.records import Measurement, Record, Saving
from tests.mapping.samples import deal, loaded, with_rules, work

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


def test_the_path_tells_money_by_account_and_the_measurements_of_an_objective() -> None:
    measured = Measurement(
        source="kpi", native_id="1", key="K-1", title="x", metric="uptime", value=Decimal(98), target=None, unit="%"
    )
    explanation = explain(loaded(), Names.of([EPIC, TASK]), TASK, measurements={"MP-AURORA": [measured]})
    package, root = explanation.paths[0]
    assert package.worth == (Worth("EBITDA", Decimal("310012.50"), "EUR", "2026-10", "2026-11"),)
    assert package.indicators == (Indicator("K-1", "uptime", Decimal(98), None, "%", ""),)
    assert (root.worth, root.indicators) == ((), ())


def test_the_money_of_the_record_is_told_as_its_source_says_it() -> None:
    def carried(record: Record) -> tuple[Worth, ...]:
        return explain(loaded(), Names(), record).carries

    sold = deal(amount=Money(Decimal(5), "EUR"), close_date=date(2026, 9, 30))
    assert carried(sold) == (Worth("revenue", Decimal(5), "EUR", "2026-09", "2026-09"),)
    saving: dict[str, Any] = {"source": "crm", "native_id": "1", "key": "S", "title": "s", "currency": "EUR"}
    plan = (MonthAmount(Month(2026, 2), Decimal(3)), MonthAmount(Month(2026, 1), Decimal(4)))
    assert carried(Saving(**saving, plan=plan)) == (Worth("savings", Decimal(7), "EUR", "2026-01", "2026-02"),)
    rate = Money(Decimal(12), "EUR")
    assert carried(Saving(**saving, run_rate=rate)) == (Worth("savings a year", Decimal(12), "EUR", "", ""),)
    assert carried(deal()) == carried(TASK) == (), "what is not said is not zero"
