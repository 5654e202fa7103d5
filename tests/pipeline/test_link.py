"""Linking what is stored: rules that change, objectives and sources that go."""

import copy
from typing import Any

from model.records import Absence
from pipeline.link import LINKED_NOTE, link_records, names_of
from state.store import Store
from tests.pipeline.company import DEALS, OBJECTIVES, RULES, Company


def link(store: Store, company: Company) -> tuple[int, int]:
    configuration = company.configuration
    linking = link_records(store, configuration.mapping, configuration.settings.sources)
    return linking.linked, linking.unlinked


def objectives_of(store: Store, key: str) -> list[str]:
    [seen] = store.find(key)
    return [found.objective_id for found in store.links_of(seen.record.id)]


def rules(**changes: Any) -> dict[str, Any]:
    """The rules with some values of the first one changed."""
    changed = copy.deepcopy(RULES)
    changed["rules"][0] |= changes  # type: ignore[index]
    return changed


def test_every_record_is_linked_by_the_rules_and_the_rest_is_counted(store: Store, company: Company):
    company.read(store, "jira")
    company.read(store, "crm")
    assert link(store, company) == (DEALS + 8, 6)
    assert objectives_of(store, "D-1") == ["LAUNCH"]
    assert objectives_of(store, "OPS-1") == []
    [deal] = store.find("D-1")
    assert [need.wanted for need in store.needs_of(deal.record.id)] == ["R1"]


def test_a_rule_that_changed_applies_to_what_was_stored_before(store: Store, company: Company):
    company.read(store, "crm")
    link(store, company)
    company.write(rules=rules(objective="OTHER"))
    link(store, company)
    assert objectives_of(store, "D-1") == ["OTHER"]


def test_linking_twice_writes_nothing(store: Store, company: Company):
    company.read(store, "jira")
    company.read(store, "crm")
    link(store, company)

    def picture() -> list[Any]:
        return [store.links_of(seen.record.id) for batch in store.records() for seen in batch]

    before = picture()
    store.set_note(LINKED_NOTE, None)
    assert link(store, company) == (DEALS + 8, 6)
    assert picture() == before


def test_links_to_an_objective_that_is_gone_go_even_from_records_that_are_gone(store: Store, company: Company):
    """F3: nobody matches a deleted record again."""
    company.read(store, "crm")
    link(store, company)
    [deal] = store.find("D-1")
    store.mark_absent(1, "crm", {deal.record.native_id: Absence.DELETED}, company.now)
    kept = [entry for entry in OBJECTIVES["objectives"] if entry["id"] != "LAUNCH"]  # type: ignore[index, attr-defined]
    moved = copy.deepcopy(RULES)
    for rule in moved["rules"]:  # type: ignore[attr-defined]
        rule["objective"] = "OTHER"
    company.write(rules=moved, objectives={**OBJECTIVES, "objectives": kept})
    link(store, company)
    assert objectives_of(store, "D-1") == []
    assert objectives_of(store, "D-2") == ["OTHER"]


def test_the_links_of_a_source_that_is_not_configured_any_more_go(store: Store, company: Company):
    """Design 9: a source that was renamed must not count its records twice."""
    everywhere = copy.deepcopy(RULES)
    del everywhere["rules"][0]["source"]  # type: ignore[index]
    company.write(rules=everywhere)
    company.read(store, "crm")
    link(store, company)
    company.settings["sources"]["sales"] = company.settings["sources"].pop("crm")
    company.write(rules=everywhere)
    company.read(store, "sales")
    link(store, company)
    linked = [seen.record.source for seen in store.find("D-1") if store.links_of(seen.record.id)]
    needy = [seen.record.source for seen in store.find("D-1") if store.needs_of(seen.record.id)]
    assert (linked, needy) == (["sales"], ["sales"])
    with store.view(objective_ids=["LAUNCH"]) as view:
        assert len(list(view.deals())) == DEALS


def test_two_rules_of_one_rank_that_disagree_are_an_ambiguity_that_is_reported(store: Store, company: Company):
    """Design 5.9."""
    both = copy.deepcopy(RULES)
    both["rules"].append({**both["rules"][0], "name": "deals too", "objective": "OTHER"})  # type: ignore
    company.write(rules=both)
    company.read(store, "crm")
    configuration = company.configuration
    linking = link_records(store, configuration.mapping, configuration.settings.sources)
    assert (linking.linked, len(linking.ambiguities)) == (DEALS, DEALS)
    assert objectives_of(store, "D-1") == ["LAUNCH"]


def test_the_matcher_is_told_releases_by_their_names(store: Store, company: Company):
    company.read(store, "jira")
    assert set(names_of(store).releases.values()) == {"R1", "R2"}
