from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Connector
from connectors.salesforce import CONNECTOR, SalesforceConnector, SalesforceOptions
from connectors.salesforce.numbers import exact
from model.errors import (
    SourceContentError,
    SourceError,
    SourceGoneError,
)
from model.money import Money
from model.reading import Cursor
from model.records import Change, Deal, Move, Outcome
from sandbox.http import LOGIN_PAGE, Fault, Response
from tests.connectors.contract import NOW, ConnectorContract, World, ids_of, records_of
from tests.connectors.salesforce.desk import CREATED, MIA, TOM, Sales, running_sales


@pytest.fixture
def sales() -> Iterator[Sales]:
    with running_sales() as sales:
        yield sales


class SalesforceWorld(World):
    secrets = ("sf-secret", "wrong-secret")
    unknown_ids = ("006Dm0000099999IAA", "999999999")

    def __init__(self, sales: Sales) -> None:
        self.sales = sales
        self.secret = "sf-secret"
        self.ids = [
            sales.add(f"Deal {number}", key=f"OPP-{number:04d}", promised="Aurora 4.0", promised_date=date(2026, 9, 30))
            for number in range(10)
        ]

    def connector(self, context) -> Connector:
        return SalesforceConnector("crm", self.sales.options(secret=self.secret), context)

    def expected_ids(self) -> set[str]:
        return {row["Id"] for row in self.sales.org.opportunities.values() if not row["IsDeleted"]}

    def change_one(self) -> str:
        self.sales.clock.now = NOW + timedelta(minutes=1)
        self.sales.org.move_promise(self.ids[4], date(2026, 11, 15), by=MIA)
        return self.ids[4]

    def remove_one(self) -> str:
        self.sales.org.delete(self.ids[2])
        return self.ids[2]

    def break_access(self) -> None:
        self.secret = "wrong-secret"

    def answer_html(self) -> None:
        self.sales.server.add_fault(Fault(response=LOGIN_PAGE, times=None))


class TestSalesforceContract(ConnectorContract):
    @pytest.fixture
    def world(self, sales: Sales) -> World:
        return SalesforceWorld(sales)


def test_an_opportunity_becomes_a_deal_with_its_promise(sales: Sales) -> None:
    sales.clock.now = CREATED
    native_id = sales.add("Nordwind Aurora", promised="Aurora 4.0", promised_date=date(2026, 9, 30), key="OPP-0001")
    deal = sales.one()
    assert (deal.id, deal.key, deal.container) == (f"crm:{native_id}", "OPP-0001", "Opportunity")
    assert deal.url == f"{sales.server.url}/{native_id}"
    assert (deal.owner, deal.account, deal.stage) == (MIA, "Nordwind Logistik", "Negotiation")
    assert (deal.amount, deal.probability) == (Money(Decimal(480_000), "EUR"), Decimal("0.8"))
    assert (deal.promised, deal.promised_date) == ("Aurora 4.0", date(2026, 9, 30))
    assert deal.close_date == date(2026, 9, 25)
    assert (deal.created, deal.changed) == (CREATED, CREATED)
    assert deal.provenance["promised_date"] == "Promised_Date__c"
    assert deal.moves == ()


def test_without_a_key_field_or_a_number_the_id_is_the_key(sales: Sales) -> None:
    native_id = sales.add(key=None)
    assert sales.one().key == native_id
    assert sales.one(key_field=None).key == native_id


def test_blank_fields_are_unknown_and_not_zero(sales: Sales) -> None:
    sales.add(amount=None, probability=None)
    deal = sales.one()
    assert (deal.amount, deal.probability, deal.promised, deal.promised_date) == (None, None, None, None)


@pytest.mark.parametrize(
    ("stage", "outcome"),
    [
        ("Negotiation", Outcome.OPEN),
        ("Closed Won", Outcome.WON),
        ("Closed Lost", Outcome.LOST),
        ("Verbal yes", Outcome.WON),
        ("Closed - Postponed", Outcome.OPEN),
    ],
)
def test_the_outcome_follows_the_flags_unless_a_stage_is_configured(sales: Sales, stage: str, outcome: Outcome) -> None:
    sales.add(stage=stage)
    assert sales.one(stages={"verbal yes": "won", "Closed - Postponed": "open"}).outcome is outcome


def test_amounts_are_exact_decimals_s20(sales: Sales) -> None:
    sales.add(amount=Decimal("1234567.10"))
    deal = sales.one()
    assert deal.amount == Money(Decimal("1234567.1"), "EUR")


def test_large_numbers_are_written_plainly() -> None:
    assert [str(exact(one)) for one in (Decimal("1.2E7"), 12000000, Decimal("12000000.0"))] == ["12000000"] * 3


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=2))
def test_writing_a_number_plainly_never_changes_it(number: Decimal) -> None:
    assert exact(number) == number


def test_each_amount_keeps_the_currency_of_its_record_s19(sales: Sales) -> None:
    sales.add("Nordwind", currency="USD")
    sales.add("Kessler")
    deals = sales.read(currency=None)
    assert deals["Nordwind"].amount == Money(Decimal(480_000), "USD")
    assert deals["Kessler"].amount == Money(Decimal(480_000), "EUR")


def test_an_org_of_one_currency_must_be_told_which_s19(sales: Sales) -> None:
    sales.add()
    with pytest.raises(SourceError, match="does not say the currency"):
        sales.read(currency=None)


def test_extra_fields_keep_their_types(sales: Sales) -> None:
    for name, kind in (
        ("Seats__c", "double"),
        ("Signed__c", "date"),
        ("Strategic__c", "boolean"),
        ("Modules__c", "multipicklist"),
        ("Called__c", "datetime"),
    ):
        sales.org.add_field(name, kind)
    native_id = sales.add()
    for name, value in (
        ("Seats__c", Decimal(12)),
        ("Signed__c", date(2026, 9, 2)),
        ("Strategic__c", True),
        ("Modules__c", "Core;Sorting"),
        ("Called__c", CREATED),
    ):
        sales.org.set_field(native_id, name, value, by=MIA)
    fields = {
        "seats": "Seats__c",
        "signed": "signed__C",
        "strategic": "Strategic__c",
        "modules": "Modules__c",
        "called": "Called__c",
        "industry": "Account.Name",
    }
    assert sales.one(fields=fields).custom == {
        "seats": Decimal(12),
        "signed": date(2026, 9, 2),
        "strategic": True,
        "modules": ("Core", "Sorting"),
        "called": CREATED,
        "industry": "Nordwind Logistik",
    }


@pytest.mark.parametrize("hidden", ["Promised_Date__c", "Amount", "OwnerId"])
def test_a_hidden_field_stops_the_read_and_is_named_s14(sales: Sales, hidden: str) -> None:
    sales.add()
    sales.org.hidden_fields.add(hidden)
    name = {"OwnerId": "Owner"}.get(hidden, hidden)
    with pytest.raises(SourceGoneError, match=f"no field {name} that crm may see") as caught:
        sales.read()
    assert "read access" in caught.value.problems[0].hint
    assert any(name in problem.message for problem in sales.connector().probe().problems)


def test_a_misspelt_field_is_told_the_near_name(sales: Sales) -> None:
    with pytest.raises(SourceGoneError, match="Promise_Date__c") as caught:
        sales.read(promised_date_field="Promise_Date__c")
    assert "did you mean Promised_Date__c?" in caught.value.problems[0].hint


def test_a_promised_date_field_that_holds_no_date_is_refused(sales: Sales) -> None:
    with pytest.raises(SourceGoneError, match="holds no date"):
        sales.read(promised_date_field="Launch_Release__c")


def test_moves_of_dates_tell_who_and_when_s22(sales: Sales) -> None:
    native_id = sales.add(promised_date=date(2026, 9, 30))
    first = sales.clock.now
    sales.org.move_promise(native_id, date(2026, 10, 31), by=MIA)
    sales.clock.now = second = first + timedelta(hours=3)
    sales.org.move_close(native_id, date(2026, 12, 18), by=TOM)
    sales.org.set_stage(native_id, "Proposal", by=TOM)
    assert sales.one().moves == (
        Move("promised_date", date(2026, 9, 30), date(2026, 10, 31), first, MIA),
        Move("close_date", date(2026, 9, 25), date(2026, 12, 18), second, TOM),
    )
    (fetched,) = sales.connector().fetch([native_id])
    assert fetched.moves == sales.one().moves


def test_changes_of_stage_amount_and_probability_tell_what_they_were_and_who_changed_them(sales: Sales) -> None:
    native_id = sales.add(amount=Decimal(400_000), probability=50, stage="Prospecting")
    first = sales.clock.now
    sales.org.set_amount(native_id, Decimal("480000.50"), by=MIA)
    sales.clock.now = second = first + timedelta(hours=3)
    sales.org.set_stage(native_id, "Proposal", by=TOM)
    sales.org.set_field(native_id, "Probability", 80, by=TOM)
    sales.org.move_close(native_id, date(2026, 12, 18), by=TOM)
    sales.org.set_amount(native_id, None, by=TOM)
    deal = sales.one()
    assert deal.changes == (
        Change("amount", "400000 EUR", "480000.5 EUR", first, MIA),
        Change("stage", "Prospecting", "Proposal", second, TOM),
        Change("probability", "0.5", "0.8", second, TOM),
        Change("amount", "480000.5 EUR", None, second, TOM),
    )
    assert [move.field for move in deal.moves] == ["close_date"]
    (fetched,) = sales.connector().fetch([native_id])
    assert fetched.changes == deal.changes


def test_an_amount_of_the_past_is_in_the_currency_of_its_row_s19(sales: Sales) -> None:
    native_id = sales.add(amount=Decimal(400_000), currency="USD")
    sales.org.set_amount(native_id, Decimal(480_000), by=MIA)
    assert [(each.old, each.new) for each in sales.one().changes] == [("400000 USD", "480000 USD")]


def test_a_history_that_shows_us_close_dates_only_still_tells_these(sales: Sales) -> None:
    native_id = sales.add()
    sales.org.set_amount(native_id, Decimal(1), by=MIA)
    sales.org.move_close(native_id, date(2026, 12, 18), by=MIA)
    refused = Response([{"errorCode": "INVALID_FIELD", "message": "No such column 'StageName'"}], 400)
    sales.server.add_fault(Fault(r"StageName.*FROM\+OpportunityHistory", refused, times=None))
    deal = sales.one()
    assert ([move.field for move in deal.moves], deal.changes) == (["close_date"], ())
    (problem,) = sales.connector().probe().problems
    assert problem.message == (
        "crm shows us no more of OpportunityHistory than close dates: what stage, amount and probability were before "
        "the first reading cannot be told"
    )


def test_an_amount_of_the_past_that_makes_no_sense_sets_its_own_deal_aside_s10(sales: Sales) -> None:
    sales.add("Good")
    broken = sales.add("Broken")
    sales.org.set_amount(broken, Decimal(2), by=MIA)
    sales.org.history[-1]["Amount"] = "much"
    (page,) = sales.connector().changed(None)
    assert [record.title for record in page.records] == ["Good"]
    (aside,) = page.set_aside
    assert (aside.native_id, aside.reason[:32]) == (broken, "its history cannot be read: not ")


def test_a_promise_that_was_first_made_or_taken_back_is_a_move_too(sales: Sales) -> None:
    native_id = sales.add(promised_date=None)
    sales.org.move_promise(native_id, date(2026, 10, 31), by=MIA)
    sales.org.move_promise(native_id, None, by=MIA)
    assert [(move.old, move.new) for move in sales.one().moves] == [
        (None, date(2026, 10, 31)),
        (date(2026, 10, 31), None),
    ]


@pytest.mark.parametrize(
    ("hidden", "left"), [("OpportunityHistory", "promised_date"), ("OpportunityFieldHistory", "close_date")]
)
def test_history_that_is_not_tracked_is_told_and_does_not_stop_the_read_s22(
    sales: Sales, hidden: str, left: str
) -> None:
    native_id = sales.add()
    sales.org.move_promise(native_id, date(2026, 10, 31), by=MIA)
    sales.org.move_close(native_id, date(2026, 12, 18), by=MIA)
    sales.org.hidden_objects.add(hidden)
    assert [move.field for move in sales.one().moves] == [left]
    (problem,) = sales.connector().probe().problems
    assert problem.message == f"crm does not show us {hidden}: who moved a date cannot be told"


def test_a_record_that_no_database_can_hold_is_set_aside_and_the_rest_is_read(sales: Sales) -> None:
    sales.add("Kessler")
    broken = sales.add("Half a \ud83d smile")
    (page,) = sales.connector().changed(None)
    assert [record.title for record in page.records] == ["Kessler"]
    assert [(one.native_id, one.reason) for one in page.set_aside] == [(broken, "title holds half a character")]
    with pytest.raises(SourceContentError, match="half a character"):
        list(sales.connector().fetch([broken]))


def test_a_probe_tells_user_org_counts_and_what_is_missing(sales: Sales) -> None:
    sales.add()
    probe = sales.connector().probe()
    assert probe.identity == "driftline@example.com"
    assert "00DDm00000Meri1MAB" in probe.server
    assert dict(probe.counts)["opportunities"] == 1
    assert dict(probe.counts)["API requests today"] > 0
    assert probe.problems == []


def test_a_version_that_the_org_does_not_serve_is_told(sales: Sales) -> None:
    with pytest.raises(SourceGoneError):
        sales.connector(api_version=99.0).probe()
    unlisted = Response([{"version": "60.0"}, {"version": "61.0"}])
    sales.server.add_fault(Fault(r"GET /services/data$", unlisted))
    (problem,) = sales.connector().probe().problems
    assert problem.hint == "write one of these in api_version: 60.0, 61.0"


def test_the_connector_is_found_under_its_kind() -> None:
    assert (CONNECTOR.kind, CONNECTOR.options_type) == ("salesforce", SalesforceOptions)


def test_a_currency_in_the_options_never_overrides_that_of_a_record_s19(sales: Sales) -> None:
    sales.add(currency="USD")
    assert sales.one(currency="EUR").amount == Money(Decimal(480_000), "USD")


def test_an_org_that_gets_several_currencies_needs_no_new_options_s19(sales: Sales) -> None:
    sales.add("Kessler")
    assert sales.one(currency="EUR").amount == Money(Decimal(480_000), "EUR")
    sales.add("Nordwind", currency="CHF")
    amounts = {title: deal.amount for title, deal in sales.read(currency="EUR").items()}
    assert amounts == {"Kessler": Money(Decimal(480_000), "EUR"), "Nordwind": Money(Decimal(480_000), "CHF")}


def test_an_amount_is_asked_for_in_its_own_currency_and_never_converted_s19(sales: Sales) -> None:
    sales.add(currency="USD")
    sales.read()
    assert not any("convertCurrency" in line for line in sales.server.requests)


def test_a_time_is_the_day_on_which_it_falls_in_the_business_zone_s21(sales: Sales) -> None:
    sales.org.add_field("Go_Live__c", "datetime")
    native_id = sales.add(close=date(2026, 9, 25))
    sales.org.set_field(native_id, "Go_Live__c", datetime(2026, 9, 30, 22, 30, tzinfo=UTC), by=MIA)
    deal = sales.one(promised_date_field="Go_Live__c")
    assert deal.promised_date == date(2026, 10, 1), "half past midnight in Berlin"
    assert deal.close_date == date(2026, 9, 25), "a date has no zone"


def test_a_time_without_a_zone_sets_its_deal_aside_s21(sales: Sales) -> None:
    sales.org.add_field("Go_Live__c", "string")
    good, broken = sales.add("Good"), sales.add("Broken")
    sales.org.set_field(good, "Go_Live__c", "2026-09-30T22:30:00.000+0000", by=MIA)
    sales.org.set_field(broken, "Go_Live__c", "2026-09-30T22:30:00", by=MIA)
    described = {"fields": [{**one, "type": "datetime"} if one["name"] == "Go_Live__c" else one for one in _all(sales)]}
    sales.server.add_fault(Fault("describe", Response(described), times=None))
    (page,) = sales.connector(promised_date_field="Go_Live__c").changed(None)
    assert [record.title for record in page.records] == ["Good"]
    assert [(one.native_id, one.reason) for one in page.set_aside] == [
        (broken, "a field cannot be read: a time without a zone: 2026-09-30T22:30:00")
    ]


def _all(sales: Sales) -> list[Mapping[str, Any]]:
    return list(sales.org.fields().values())


def test_after_a_merge_a_deal_belongs_to_the_account_that_is_left_s13(sales: Sales) -> None:
    native_id = sales.add(account="Nordwind GmbH")
    sales.add("Kessler", account="Nordwind Logistik")
    sales.clock.now = NOW + timedelta(minutes=1)
    sales.org.merge_accounts(winner="Nordwind Logistik", loser="Nordwind GmbH")
    (changed,) = records_of(sales.connector().changed(Cursor(NOW.isoformat())))
    assert isinstance(changed, Deal)
    assert (changed.native_id, changed.account) == (native_id, "Nordwind Logistik")


@pytest.mark.parametrize("kind", ["address", "location"])
def test_a_compound_field_is_refused_and_its_parts_are_named_s25(sales: Sales, kind: str) -> None:
    sales.org.add_field("Site__c", kind)
    sales.add()
    with pytest.raises(SourceGoneError, match=f"Site__c of crm is a compound field \\({kind}\\)") as caught:
        sales.read(fields={"site": "Site__c"})
    assert "name one of its parts" in caught.value.problems[0].hint
    assert sales.read(), "a compound field that nobody maps is no trouble"


def test_deals_that_may_not_be_seen_any_more_are_missing_from_the_census_and_nothing_says_deleted_s12_s15(
    sales: Sales,
) -> None:
    gone, left = sales.add("Gone"), sales.add("Left")
    sales.org.delete(gone)
    connector = sales.connector()
    assert ids_of(records_of(connector.changed(None))) == {left}
    (container,) = connector.roster()
    assert list(connector.census(container)) == [left]
    assert not any("queryAll" in line for line in sales.server.requests)


def test_a_history_that_makes_no_sense_sets_its_own_deal_aside_s10(sales: Sales) -> None:
    sales.add("Good")
    broken = sales.add("Broken")
    sales.org.move_promise(broken, date(2026, 11, 15), by=MIA)
    sales.org.field_history[-1]["OldValue"] = "soon"
    (page,) = sales.connector().changed(None)
    assert [record.title for record in page.records] == ["Good"]
    (aside,) = page.set_aside
    assert aside.native_id == broken
    assert aside.reason.startswith("its history cannot be read")
