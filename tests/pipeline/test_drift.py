"""S9: a field that vanished or became something else holds its source, and says which rules and checks need it."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from model.errors import SchemaDriftError
from model.findings import TransitionKind
from model.runs import Run, RunOutcome, SourceOutcome, SourceResult
from pipeline.drift import accept_shape, dependents, drift_of
from state.store import Store
from tests.pipeline.company import Company, keys_present, standing

NEEDED_BY = {
    "key_field": ("Deal_Number__c", "the checks"),
    "promised_field": ("Launch_Release__c", "the rule deals and the checks"),
    "promised_date_field": ("Promised_Date__c", "the checks"),
    "amount": ("Amount", "the checks"),
}


def of(run: Run, source: str) -> SourceResult:
    return next(result for result in run.results if result.source == source)


def kinds(store: Store) -> list[TransitionKind]:
    return [step.kind for step in store.transitions(after=0)]


def held(store: Store) -> int:
    return sum(1 for tracked in store.tracked().values() if tracked.standing and tracked.held_since is not None)


def retype(company: Company) -> None:
    """The release becomes a lookup: describe tells another type, and every deal answers an id where a name stood."""
    company.org.add_field("Launch_Release__c", "reference")
    for number, deal in enumerate(company.deals.values()):
        company.org.opportunities[deal]["Launch_Release__c"] = f"a0Q{number:012}"
        company.org.opportunities[deal]["SystemModstamp"] = company.now


@pytest.mark.parametrize("name", NEEDED_BY)
def test_a_field_that_vanished_holds_what_rests_on_the_source_and_comes_back_as_it_was(
    store: Store, tuesday: Company, name: str
) -> None:
    """S9, S14: hidden by field-level security, and shown again a day later."""
    company, (hidden, needed_by) = tuesday, NEEDED_BY[name]
    before, deals = standing(store), keys_present(store, "crm")
    revisions = {key: len(store.revisions(company_id(store, key))) for key in deals}
    company.org.hidden_fields.add(hidden)
    company.pass_time(hours=1)
    run = company.sync(store, full=True)

    result = of(run, "crm")
    assert (run.outcome, result.outcome, result.read) == (RunOutcome.PARTIAL, SourceOutcome.FAILED, 0)
    assert result.error.startswith(f"{name} cannot be read")
    assert hidden in result.error
    assert f"; needed by {needed_by} " in result.error
    assert "nothing that rests on crm is judged" in result.hint
    assert (held(store), len(standing(store))) == (8, 8)
    assert TransitionKind.RESOLVED not in kinds(store)
    with store.view() as view:
        assert next(each for each in view.coverage() if each.source == "crm").error == result.error

    company.org.hidden_fields.clear()
    company.pass_time(hours=1)
    assert company.sync(store, full=True).outcome is RunOutcome.DONE
    assert (held(store), standing(store).keys()) == (0, before.keys())
    assert {TransitionKind.RESOLVED, TransitionKind.REOPENED}.isdisjoint(kinds(store))
    assert {key: len(store.revisions(company_id(store, key))) for key in deals} == revisions


def company_id(store: Store, key: str) -> str:
    [seen] = store.find(key)
    return seen.record.id


def test_the_rules_are_named_with_their_file_and_line(store: Store, tuesday: Company) -> None:
    tuesday.org.hidden_fields.add("Launch_Release__c")
    result = of(tuesday.sync(store), "crm")
    [rule] = [rule for rule in tuesday.configuration.mapping.rules if rule.name == "deals"]
    assert rule.location.endswith("rules.yaml:2")
    assert f"rules to look at: deals ({rule.location})" in result.hint


def test_a_field_found_without_being_configured_may_vanish_too(store: Store, company: Company) -> None:
    """J24: the field named Start date was renamed. The work would begin at no time, and nothing would tell."""
    [start] = [known.id for known in company.jira.fields.values() if known.name == "Start date"]
    company.sync(store)
    removed = company.jira.fields.pop(start)
    company.pass_time(hours=1)
    result = of(company.sync(store), "jira")
    assert result.error.startswith(f"jira changed its fields: start_field was {start} (date) and is now not there")
    assert "driftline sources approve jira" in result.hint
    company.jira.fields[start] = removed
    company.pass_time(hours=1)
    assert company.sync(store).outcome is RunOutcome.DONE


def test_another_type_holds_what_rests_on_the_source_until_it_is_approved(store: Store, tuesday: Company) -> None:
    company = tuesday
    before, promised = standing(store).keys(), {seen.record.promised for seen in store.find("D-1")}  # type: ignore[attr-defined]
    company.pass_time(hours=1)
    retype(company)
    result = of(company.sync(store), "crm")
    assert result.error.startswith(
        "crm changed its fields: promised_field was Launch_Release__c (string) and is now Launch_Release__c (reference)"
        "; needed by the rule deals and the checks "
    )
    approving = 'driftline sources approve crm --reason "…"'
    assert result.hint.startswith(f"if that is meant: {approving}; otherwise correct promised_field")
    assert (held(store), standing(store).keys(), result.read) == (8, before, 0)
    assert {seen.record.promised for seen in store.find("D-1")} == promised  # type: ignore[attr-defined]
    company.pass_time(hours=1)
    assert of(company.sync(store), "crm").outcome is SourceOutcome.FAILED

    assert accept_shape(store, "crm") == ("promised_field",)
    company.pass_time(hours=1)
    result = of(company.sync(store), "crm")
    assert (result.outcome, result.read) == (SourceOutcome.COMPLETE, len(company.deals))
    assert held(store) == 0
    company.pass_time(hours=1)
    assert of(company.sync(store), "crm").read < len(company.deals)


def test_without_the_hold_findings_would_be_resolved_for_a_field_that_means_something_else(
    store: Store, tuesday: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test before: with the comparison gone, a lookup in place of a text ends eight findings."""
    monkeypatch.setattr("pipeline.read.hold_drifted", lambda _store, _connector: None)
    before = standing(store)
    tuesday.pass_time(hours=1)
    retype(tuesday)
    assert tuesday.sync(store).outcome is RunOutcome.DONE
    late = {key for key, tracked in standing(store).items() if tracked.finding.check == "late-commitment"}
    assert {tracked.finding.check for tracked in before.values()} == {"late-commitment"}
    assert late == set()
    assert kinds(store).count(TransitionKind.RESOLVED) == len(before)


def test_approving_lets_only_that_change_through(store: Store, tuesday: Company) -> None:
    tuesday.org.add_field("Launch_Release__c", "reference")
    tuesday.pass_time(hours=1)
    tuesday.sync(store)
    assert accept_shape(store, "crm") == ("promised_field",)
    tuesday.org.add_field("Launch_Release__c", "textarea")
    tuesday.pass_time(hours=1)
    assert "is now Launch_Release__c (textarea)" in of(tuesday.sync(store), "crm").error


def test_what_vanished_cannot_be_approved(store: Store, tuesday: Company) -> None:
    """There is nothing to let through: the settings have to name another field."""
    assert accept_shape(store, "crm") == ()
    tuesday.org.hidden_fields.add("Launch_Release__c")
    tuesday.sync(store)
    assert accept_shape(store, "crm") == ()
    tuesday.pass_time(hours=1)
    assert of(tuesday.sync(store), "crm").outcome is SourceOutcome.FAILED


def name_another_field(company: Company) -> None:
    company.org.add_field("Sold__c", "picklist")
    company.settings["sources"]["crm"]["promised_field"] = "Sold__c"


def name_one_more(company: Company) -> None:
    company.org.add_field("Sold__c", "picklist")
    company.settings["sources"]["crm"]["fields"] = {"sold": "Sold__c"}


def name_one_less(company: Company) -> None:
    del company.settings["sources"]["crm"]["key_field"]


@pytest.mark.parametrize("change", [name_another_field, name_one_more, name_one_less])
def test_a_change_of_the_settings_is_no_drift_and_is_read_in_full(
    store: Store, company: Company, change: Callable[[Company], None]
) -> None:
    """A record that did not change since lacks the new field as well, so asking only for changes is not enough."""
    company.sync(store)
    company.pass_time(hours=1)
    assert of(company.sync(store), "crm").read < len(company.deals)
    change(company)
    company.write()
    company.pass_time(hours=1)
    result = of(company.sync(store), "crm")
    assert (result.outcome, result.read) == (SourceOutcome.COMPLETE, len(company.deals))


def test_a_source_that_cannot_be_asked_is_not_told_to_have_drifted(store: Store, tuesday: Company) -> None:
    tuesday.org.hidden_fields.add("Launch_Release__c")
    tuesday.sync(store)
    tuesday.org.client_secret = "another"
    tuesday.pass_time(hours=1)
    result = of(tuesday.sync(store), "crm")
    assert result.outcome is SourceOutcome.FAILED
    assert "needed by" not in result.error


def test_what_a_contact_would_find_is_told_without_noting_it(store: Store, tuesday: Company) -> None:
    from connectors.base import ReadContext
    from connectors.registry import connector_type

    def asked() -> SchemaDriftError | None:
        options = tuesday.configuration.settings.sources["crm"]
        context = ReadContext(now=tuesday.now, zone=tuesday.configuration.settings.business.zone)
        connector = connector_type("salesforce")("crm", options, context)
        try:
            return drift_of(store, connector)
        finally:
            connector.close()

    assert asked() is None
    noted: Any = store.note("shape:crm")
    tuesday.org.add_field("Launch_Release__c", "reference")
    drift = asked()
    assert drift is not None
    assert drift.fields == ("promised_field",)
    assert store.note("shape:crm") == noted


def test_a_rule_that_reads_a_field_takes_the_checks_along_that_rest_on_what_it_links(company: Company) -> None:
    rule = {
        "name": "launches",
        "role": "saves",
        "objective": "LAUNCH",
        "source": "jira",
        "match": {"kind": "work_item", "label": "launch"},
    }
    company.write(rules={"version": 1, "rules": [rule]})
    configuration = company.configuration
    found = dependents(configuration, "jira", ["labels"])
    assert list(found.rules) == ["launches"]
    assert "early-saving" in found.checks
    assert "late-commitment" not in found.checks
    assert str(dependents(configuration, "jira", ["priority"])) == "the check request-priority"
    assert str(dependents(configuration, "jira", ["url"])) == "no rule and no check"


def test_checks_of_ones_own_are_named_and_those_that_are_switched_off_are_not(company: Company) -> None:
    company.settings["sources"]["crm"]["fields"] = {"tier": "Tier__c"}
    company.settings["checks"] = ["checks.yaml"]
    company.settings["reconcile"] = {"checks": {"request-priority": {"enabled": False}}}
    check = {
        "name": "gold-is-late",
        "title": "A gold deal is promised late",
        "about": "deal",
        "only": {"fields.tier": "gold"},
        "claim": "promised_date",
        "must_be": "not after",
        "against": "2026-11-01",
        "text": "{key} is promised for {claim}",
    }
    other = check | {"name": "by-tier", "claim": "fields.tier"}
    off = other | {"name": "switched-off", "enabled": False}
    (company.folder / "checks.yaml").write_text(yaml.safe_dump({"checks": [check, other, off]}), encoding="utf-8")
    company.write()
    found = dependents(company.configuration, "crm", ["tier"])
    assert str(found) == "the checks custom:by-tier, custom:gold-is-late"
    last = dependents(company.configuration, "crm", ["promised_date_field"]).checks[-1]
    assert last == "custom:gold-is-late"
    assert str(dependents(company.configuration, "jira", ["priority"])) == "no rule and no check"
