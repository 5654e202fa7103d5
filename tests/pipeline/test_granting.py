"""What an audience may not see is looked up where the links are: in the store, for the records that findings name."""

from datetime import date
from typing import Any

import pytest

from digest.brief import sort_edition
from digest.compose import compose
from digest.render import render_text
from pipeline.edition import plain_edition
from state.store import Store
from tests.databases import Kept, keep
from tests.pipeline.company import LEAD, RULES, Company, Servers

SPLIT: Any = {
    "version": 1,
    "objectives": [
        {"id": "ACME", "level": "organization", "name": "Acme", "owner": LEAD, "sponsor": LEAD},
        {"id": "SALES", "level": "measure", "parent": "ACME", "name": "Sell the shop", "owner": LEAD},
        {"id": "BUILD", "level": "measure", "parent": "ACME", "name": "Build the shop", "owner": LEAD},
    ],
}


def rules() -> Any:
    deals, work = (dict(rule) for rule in RULES["rules"])
    return {"version": 1, "rules": [deals | {"objective": "SALES"}, work | {"objective": "BUILD"}]}


def divide(company: Company) -> None:
    company.settings["digests"] = {
        "sellers": {"recipients": ["ann@acme.example"], "objectives": ["SALES"]},
        "builders": {"recipients": ["bob@acme.example"], "objectives": ["BUILD"]},
    }
    company.write(rules=rules(), objectives=SPLIT)


@pytest.fixture(scope="module")
def split_state(servers: Servers, blank_state: Kept, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    company = Company(tmp_path_factory.mktemp("split") / "acme", servers)
    blank_state.bring_back(company.state)
    divide(company)
    with company.open_store() as store:
        company.sync(store)
        company.slip()
        company.pass_time(days=1)
        company.sync(store)
    return keep(company.state)


@pytest.fixture
def split(split_state: Kept, store: Store, company: Company) -> Company:
    """Deals serve one objective and the work that they hang on another; the leaders of each are two audiences."""
    store.close()
    split_state.bring_back(company.state)
    divide(company)
    company.slip()
    company.pass_time(days=1)
    return company


def told(company: Company, store: Store, audience: str) -> str:
    edition, _ = plain_edition(store, company.configuration, audience, now=company.now)
    composed = compose(edition)
    return f"{composed.subject}\n{render_text(composed)}"


def test_who_sells_sees_the_deals_and_not_the_work_they_hang_on(store: Store, split: Company):
    text = told(split, store, "sellers")
    assert "D-8" in text
    assert "something outside your objectives" in text
    for secret in ("WEB-1", "Checkout", "R1", "Build the shop", "Acme ", "jira"):
        assert secret not in text


def test_who_builds_sees_no_deal_and_no_money(store: Store, split: Company):
    text = told(split, store, "builders")
    for secret in ("D-8", "Customer", "EUR", "Sell the shop", "crm", "8 deals"):
        assert secret not in text


def test_only_sources_of_granted_records_are_named(store: Store, split: Company):
    edition, _ = plain_edition(store, split.configuration, "sellers", now=split.now)
    assert edition.granted_sources == {"crm"}
    assert {coverage.source for coverage in sort_edition(edition).edition.coverage} == {"crm"}


def test_a_release_without_links_serves_what_its_work_serves(store: Store, split: Company):
    release = next(iter(store.find("R1"))).record.id
    assert store.objectives_of([release, "jira:unknown"]) == {release: frozenset({"BUILD"})}
    assert store.sources_serving(["BUILD"]) == {"jira"}


def test_nothing_is_looked_up_for_an_audience_that_may_see_everything(store: Store, tuesday: Company):
    edition, _ = plain_edition(store, tuesday.configuration, "leaders", now=tuesday.now)
    assert (edition.outside, edition.granted_sources) == ({}, frozenset())


def test_what_serves_both_sides_is_seen_by_both(store: Store, split: Company):
    both = rules()
    both["rules"].append(both["rules"][1] | {"name": "work for sales", "objective": "SALES", "role": "reports"})
    split.write(rules=both, objectives=SPLIT)
    split.jira.move_due("WEB-1", date(2026, 12, 1), by=LEAD)
    split.pass_time(hours=1)
    split.sync(store)
    assert "WEB-1 Checkout" in told(split, store, "sellers")
