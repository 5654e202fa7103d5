"""S9: a drifted field holds what reads it and what its rules link; the rest of the source goes on."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import yaml

from connectors.spreadsheet.options import SpreadsheetOptions
from model.findings import TransitionKind
from model.records import Deal
from model.runs import RunOutcome, SourceOutcome
from pipeline.drift import accept_shape
from pipeline.left_out import rest_of
from state.store import Store
from tests.pipeline.company import RULES, SELLER, Company, keys_present, standing
from tests.pipeline.test_drift import company_id, held, kinds, of

TIER = "Tier__c"
DEALS, WORK = RULES["rules"]  # type: ignore[misc]
BY_TIER = {**RULES, "rules": [{**DEALS, "match": {"kind": "deal", "fields": {"tier": "gold"}}}, WORK]}


def with_tiers(company: Company, store: Store, rules: Any = RULES) -> None:
    """Every deal is gold, and two runs have seen it."""
    company.org.add_field(TIER, "string")
    for deal in company.deals.values():
        company.org.opportunities[deal][TIER] = "gold"
    company.settings["sources"]["crm"]["fields"] = {"tier": TIER}
    company.write(rules)
    company.sync(store)
    company.reach_tuesday()
    assert company.sync(store).outcome is RunOutcome.DONE
    assert (len(standing(store)), held(store)) == (8, 0)


def hide(company: Company) -> None:
    """While the field is hidden, one deal is lost and another is made."""
    company.org.hidden_fields.add(TIER)
    company.pass_time(hours=1)
    company.org.set_stage(company.deals["D-1"], "Closed Lost", by=SELLER)
    company.deals["D-99"] = company.org.add_opportunity(
        "Customer 99",
        account="Customer 99",
        amount=Decimal(1000),
        probability=50,
        close=date(2026, 9, 25),
        stage="Proposal",
        owner=SELLER,
        key="D-99",
        created=company.now,
    )
    company.org.opportunities[company.deals["D-99"]][TIER] = "gold"
    company.org.opportunities[company.deals["D-99"]]["SystemModstamp"] = company.now


def tier(store: Store, key: str) -> Any:
    [seen] = store.find(key)
    assert isinstance(seen.record, Deal)
    return seen.record.custom.get("tier")


def test_what_does_not_rest_on_the_field_goes_on(store: Store, company: Company) -> None:
    with_tiers(company, store)
    revisions = len(store.revisions(company_id(store, "D-2")))
    hide(company)
    run = company.sync(store)
    result = of(run, "crm")
    assert (run.outcome, result.outcome) == (RunOutcome.PARTIAL, SourceOutcome.FAILED)
    assert result.read > 0
    assert result.error.startswith("tier cannot be read any more: ")
    assert result.error.endswith("; needed by no rule and no check")
    assert result.hint.endswith("the rest of crm is read and judged as ever")
    assert (len(standing(store)), held(store)) == (7, 0)
    assert TransitionKind.HELD not in kinds(store)
    assert "D-99" in keys_present(store, "crm")
    assert (tier(store, "D-1"), tier(store, "D-2"), tier(store, "D-99")) == ("gold", "gold", None)
    company.pass_time(hours=1)
    assert of(company.sync(store), "crm").read < len(company.deals)

    company.org.hidden_fields.clear()
    company.pass_time(hours=1)
    run = company.sync(store)
    assert (run.outcome, of(run, "crm").read) == (RunOutcome.DONE, len(company.deals))
    assert (tier(store, "D-99"), held(store)) == ("gold", 0)
    assert len(store.revisions(company_id(store, "D-2"))) == revisions
    company.pass_time(hours=1)
    assert of(company.sync(store), "crm").read < len(company.deals)


def test_what_rests_on_a_link_by_the_field_is_held_and_keeps_its_links(store: Store, company: Company) -> None:
    with_tiers(company, store, BY_TIER)
    hide(company)
    result = of(company.sync(store), "crm")
    assert "; needed by the rule deals and the checks " in result.error
    assert "the rest of crm is read; until then nothing that rests on it is judged by the checks " in result.hint
    assert "late-commitment" in result.hint
    assert (len(standing(store)), held(store)) == (8, 8)
    assert store.links_of(company_id(store, "D-2"))
    assert TransitionKind.RESOLVED not in kinds(store)

    company.org.hidden_fields.clear()
    company.pass_time(hours=1)
    assert company.sync(store).outcome is RunOutcome.DONE
    assert (len(standing(store)), held(store)) == (7, 0)
    assert TransitionKind.REOPENED not in kinds(store)


def test_stored_as_empty_the_field_would_cost_the_links(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test before."""
    with_tiers(company, store, BY_TIER)
    monkeypatch.setattr("pipeline.read.with_stored", lambda _store, page, _fields: page)
    hide(company)
    company.sync(store, full=True)
    assert not store.links_of(company_id(store, "D-2"))


def test_another_type_is_not_read_until_it_is_approved(store: Store, company: Company) -> None:
    with_tiers(company, store)
    company.org.add_field(TIER, "picklist")
    for deal in company.deals.values():
        company.org.opportunities[deal][TIER] = "a0Q1"
    company.pass_time(hours=1)
    company.sync(store, full=True)
    assert (tier(store, "D-2"), held(store)) == ("gold", 0)
    assert accept_shape(store, "crm") == ("tier",)
    company.pass_time(hours=1)
    assert company.sync(store).outcome is RunOutcome.DONE
    assert (tier(store, "D-2"), TransitionKind.HELD in kinds(store)) == ("a0Q1", False)


def test_a_source_that_then_fails_as_a_whole_holds_everything(store: Store, company: Company) -> None:
    with_tiers(company, store)
    hide(company)
    company.sync(store)
    secret, company.org.client_secret = company.org.client_secret, "another"
    company.pass_time(hours=1)
    company.sync(store)
    assert (len(standing(store)), held(store)) == (7, 7)
    company.org.client_secret = secret
    company.pass_time(hours=1)
    company.sync(store)
    assert (len(standing(store)), held(store)) == (7, 0)
    company.org.hidden_fields.clear()
    company.pass_time(hours=1)
    assert company.sync(store).outcome is RunOutcome.DONE
    assert tier(store, "D-99") == "gold"


def test_killed_before_it_is_noted_everything_is_held_until_the_next_run(
    store: Store, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_tiers(company, store)
    hide(company)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.read.note_left_out", lambda *_args: None)
        company.sync(store)
    assert (len(standing(store)), held(store)) == (8, 8)
    company.pass_time(hours=1)
    company.sync(store)
    assert (len(standing(store)), held(store)) == (7, 0)


def test_what_reads_the_field_itself_is_held_and_nothing_else_is(store: Store, company: Company) -> None:
    """The field tells an approved budget, which two checks read; the promises have nothing to do with it."""
    company.org.add_field(TIER, "double")
    company.settings["sources"]["crm"]["fields"] = {"budget_approved": TIER}
    company.settings["checks"] = ["checks.yaml"]
    own = {"name": "small", "title": "A deal has a small budget", "about": "deal", "claim": "fields.budget_approved"}
    own |= {"must_be": "at least", "against": "1", "text": "{key} has {claim}"}
    late = own | {"name": "late", "claim": "promised_date", "must_be": "not before", "against": "2026-11-01"}
    (company.folder / "checks.yaml").write_text(yaml.safe_dump({"checks": [own, late]}), encoding="utf-8")
    for deal in company.deals.values():
        company.org.opportunities[deal][TIER] = 0
    company.write()
    company.sync(store)
    company.reach_tuesday()
    assert company.sync(store).outcome is RunOutcome.DONE
    before = by_check(store)
    assert {"custom:small", "custom:late", "late-commitment", "unfunded-objective"} <= before.keys()

    hide(company)
    result = of(company.sync(store), "crm")
    assert "needed by the checks missing-enabler, unfunded-objective, custom:small" in result.error
    assert result.read > 0
    now = by_check(store)
    assert {check for check, several in now.items() if all(several)} == {"custom:small", "unfunded-objective"}
    assert {check for check, several in now.items() if any(several)} == {"custom:small", "unfunded-objective"}
    assert len(now["custom:small"]) == len(before["custom:small"])
    assert len(now["late-commitment"]) == len(before["late-commitment"]) - 1  # D-1 was lost meanwhile
    assert "D-99" in keys_present(store, "crm")


def by_check(store: Store) -> dict[str, list[bool]]:
    """Of the findings that stand, by their checks, whether each is held."""
    found: dict[str, list[bool]] = {}
    for each in store.tracked().values():
        if each.standing:
            found.setdefault(each.finding.check, []).append(each.held_since is not None)
    return found


def workbook(**changes: Any) -> SpreadsheetOptions:
    columns = {"title": "Measure", "planned_start": "Start", "controller": "Controller", "light": "Status"}
    settings = {"path": "t.xlsx", "records": "saving", "columns": columns, "custom": {"region": "Region"}}
    return SpreadsheetOptions.model_validate({"kind": "spreadsheet", **settings, **changes})


@pytest.mark.parametrize(
    ("fields", "changes", "left"),
    [
        (("region",), {}, {"title", "planned_start", "controller", "light"}),
        (("region", "controller"), {}, {"title", "planned_start", "light"}),
        (("title",), {}, None),
        (("planned_start",), {}, None),
        (("region",), {"identity": ["title", "region"]}, None),
        (("controller",), {}, {"title", "planned_start", "light"}),
        (("light",), {"lights_from": "colour"}, None),
        (("unheard_of",), {}, None),
    ],
)
def test_only_a_setting_that_stands_alone_is_left_out(
    fields: tuple[str, ...], changes: dict[str, Any], left: set[str] | None
) -> None:
    """X19: what names a row is never left out, or every row would be another one."""
    rest = rest_of(workbook(**changes), fields)
    assert (None if rest is None else set(rest.columns)) == left  # type: ignore[attr-defined]
    assert rest is None or not {*fields} & {*rest.custom}  # type: ignore[attr-defined]
