from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.base import Connector, HttpOptions
from connectors.salesforce import CONNECTOR, SalesforceConnector, SalesforceOptions
from connectors.salesforce.deals import exact, long_id
from connectors.salesforce.soql import among, select, since
from model.errors import (
    ConfigurationError,
    SourceAuthError,
    SourceContentError,
    SourceError,
    SourceGoneError,
    SourceRateLimitedError,
    SourceUnavailableError,
)
from model.money import Money
from model.reading import Container, Cursor
from model.records import Deal, Move, Outcome
from model.secret import Secret
from sandbox.http import LOGIN_PAGE, Fault, Response
from sandbox.salesforce import SalesforceOrg, SalesforceServer
from tests.connectors.contract import NOW, ConnectorContract, World, context_at, full_read, ids_of, records_of

CREATED = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
MIA, TOM = "mia@example.com", "tom@example.com"


class Clock:
    """The org's time, which a test may set."""

    def __init__(self) -> None:
        self.now = NOW - timedelta(days=2)

    def __call__(self) -> datetime:
        return self.now


class Sales:
    """An org behind a running server."""

    def __init__(self, page_size: int = 3) -> None:
        self.clock = Clock()
        self.org = SalesforceOrg(now=self.clock)
        self.org.add_person(MIA, "Mia Roth")
        self.org.add_person(TOM, "Tom Falk")
        self.server = SalesforceServer(self.org, page_size)
        self.opened: list[SalesforceConnector] = []

    def options(self, secret: str = "sf-secret", **changes: object) -> SalesforceOptions:
        values: dict[str, object] = {
            "url": self.server.url,
            "client_id": "driftline",
            "client_secret": Secret("env:SF_SECRET", secret),
            "key_field": "Deal_Number__c",
            "promised_field": "Launch_Release__c",
            "promised_date_field": "Promised_Date__c",
            "currency": "EUR",
            "http": HttpOptions(attempts=2),
        }
        return SalesforceOptions.model_validate(values | changes)

    def connector(self, **changes: object) -> SalesforceConnector:
        """A connector that is closed when the test ends."""
        self.opened.append(SalesforceConnector("crm", self.options(**changes), context_at()))  # type: ignore[arg-type]
        return self.opened[-1]

    def add(self, name: str = "Nordwind", **values: object) -> str:
        given: dict[str, object] = {
            "account": "Nordwind Logistik",
            "amount": Decimal(480_000),
            "probability": 80,
            "close": date(2026, 9, 25),
            "stage": "Negotiation",
            "owner": MIA,
            "created": CREATED,
        }
        return self.org.add_opportunity(name, **(given | values))  # type: ignore[arg-type]

    def read(self, **changes: object) -> dict[str, Deal]:
        records = full_read(self.connector(**changes))
        return {record.title: record for record in records if isinstance(record, Deal)}

    def one(self, **changes: object) -> Deal:
        (record,) = self.read(**changes).values()
        return record


@pytest.fixture
def sales() -> Iterator[Sales]:
    sales = Sales()
    with sales.server:
        yield sales
    for connector in sales.opened:
        connector.close()


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


def test_a_session_that_ends_between_pages_is_renewed_and_nothing_is_lost_s4(sales: Sales) -> None:
    ids = {sales.add(f"Deal {number}") for number in range(8)}
    pages = sales.connector().changed(None)
    seen = ids_of(next(pages).records)
    sales.server.expire_sessions()
    assert seen | ids_of(records_of(pages)) == ids
    assert sum("oauth2/token" in line for line in sales.server.requests) == 2


def test_a_session_that_ends_with_its_places_is_renewed_and_nothing_is_lost_s4_s16(sales: Sales) -> None:
    ids = {sales.add(f"Deal {number}", created=CREATED + timedelta(hours=number)) for number in range(8)}
    pages = sales.connector().changed(None)
    seen = ids_of(next(pages).records)
    sales.server.expire_sessions()
    sales.server.expire_locators()
    assert seen | ids_of(records_of(pages)) == ids


def test_a_token_that_is_never_accepted_is_an_auth_error_after_one_more_sign_in(sales: Sales) -> None:
    sales.server.add_fault(
        Fault("describe", Response([{"errorCode": "INVALID_SESSION_ID", "message": "expired"}], 401), times=None)
    )
    with pytest.raises(SourceAuthError, match="does not accept its own new token"):
        sales.read()
    assert sum("oauth2/token" in line for line in sales.server.requests) == 2


def test_a_forgotten_place_restarts_from_the_last_row_s16(sales: Sales) -> None:
    ids = {sales.add(f"Deal {number}", created=CREATED + timedelta(hours=number)) for number in range(8)}
    connector = sales.connector()
    pages = connector.changed(None)
    seen = ids_of(next(pages).records)
    sales.server.expire_locators()
    assert seen | ids_of(records_of(pages)) == ids
    census = connector.census(Container("Opportunity", "Opportunities"))
    counted = [next(census)]
    sales.server.expire_locators()
    counted += census
    assert sorted(counted) == sorted(ids)


def test_a_place_that_never_lasts_is_an_error_s16(sales: Sales) -> None:
    for number in range(8):
        sales.add(f"Deal {number}")
    lost = Response([{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}], 400)
    sales.server.add_fault(Fault(r"/query/0r8", lost, times=None))
    with pytest.raises(SourceUnavailableError, match="forgot the place"):
        sales.read()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", SourceRateLimitedError),
        (403, "API_DISABLED_FOR_ORG", SourceAuthError),
        (400, "QUERY_TIMEOUT", SourceUnavailableError),
        (400, "INVALID_FIELD", SourceGoneError),
        (400, "MALFORMED_QUERY", SourceError),
        (404, "NOT_FOUND", SourceGoneError),
        (503, "SERVER_UNAVAILABLE", SourceUnavailableError),
    ],
)
def test_refusals_are_told_apart_by_error_code_s8(
    sales: Sales, status: int, code: str, kind: type[SourceError]
) -> None:
    sales.add()
    refusal = Response([{"errorCode": code, "message": "No such column 'X'"}], status)
    sales.server.add_fault(Fault(r"query/\?q=SELECT\+Id%2C\+Name", refusal, times=None))
    with pytest.raises(kind) as caught:
        sales.read()
    assert kind in (type(caught.value), type(caught.value).__base__), "not a narrower error of another meaning"
    assert caught.value.problems[0].hint


@pytest.mark.parametrize(
    "body", [[], "text", {"records": []}, {"records": "x", "done": True}, {"records": ["x"], "done": True}]
)
def test_an_answer_of_another_form_is_an_error(sales: Sales, body: object) -> None:
    sales.server.add_fault(Fault(r"/query/", Response(body), times=None))
    with pytest.raises(SourceContentError):
        sales.read()


def test_a_result_that_leads_back_to_itself_is_an_error(sales: Sales) -> None:
    circle = {"records": [], "done": False, "nextRecordsUrl": "/services/data/v62.0/query/0r8-1"}
    sales.server.add_fault(Fault(r"/query/", Response(circle), times=None))
    with pytest.raises(SourceContentError, match="leads back"):
        sales.read()


def test_records_of_the_second_of_the_cursor_are_read_s10(sales: Sales) -> None:
    ids = {sales.add(f"Deal {number}") for number in range(5)}
    changed = sales.connector().changed(Cursor(CREATED.isoformat()))
    assert ids_of(records_of(changed)) == ids
    later = sales.connector().changed(Cursor((CREATED + timedelta(seconds=1)).isoformat()))
    assert records_of(later) == []


def test_a_formula_that_changes_without_a_trace_is_read_in_full_every_time_s11(sales: Sales) -> None:
    sales.org.add_field("Health__c", "string", calculated=True)
    native_id = sales.add()
    sales.org.set_field(native_id, "Health__c", "poor", by=MIA)
    connector = sales.connector(fields={"health": "Health__c"})
    assert records_of(connector.changed(Cursor(NOW.isoformat()))) == []
    assert [record.custom for record in records_of(connector.side_tables())] == [{"health": "poor"}]
    assert list(sales.connector().side_tables()) == []


def test_a_query_is_built_of_names_ids_and_aware_times_only_s21() -> None:
    with pytest.raises(ValueError, match="not a field name"):
        select(("Id FROM User",), "Opportunity")
    with pytest.raises(ValueError, match="without a zone"):
        since("SystemModstamp", datetime(2026, 9, 1))
    assert among("Id", ["006Dm0000099999IAA", "x') OR (Id != '"]) == "Id IN ('006Dm0000099999IAA')"
    berlin = datetime.fromisoformat("2026-09-01T10:00:00.750+02:00")
    assert since("SystemModstamp", berlin) == "SystemModstamp >= 2026-09-01T08:00:00Z"


def test_short_ids_become_long_ones_s23() -> None:
    assert long_id("001A0000006Vm9r") == "001A0000006Vm9rIAC"
    assert long_id("001A0000006Vm9rIAC") == "001A0000006Vm9rIAC"


def test_ids_that_cannot_be_an_opportunity_are_not_asked_for(sales: Sales) -> None:
    native_id = sales.add()
    strange = ["nonsense", "001A0000006Vm9rIAC", "006' OR Id != '"]
    assert ids_of(sales.connector().fetch([*strange, native_id])) == {native_id}


def test_a_record_that_no_database_can_hold_is_set_aside_and_the_rest_is_read(sales: Sales) -> None:
    sales.add("Kessler")
    broken = sales.add("Half a \ud83d smile")
    (page,) = sales.connector().changed(None)
    assert [record.title for record in page.records] == ["Kessler"]
    assert [(one.native_id, one.reason) for one in page.set_aside] == [(broken, "title holds half a character")]
    with pytest.raises(SourceContentError, match="half a character"):
        list(sales.connector().fetch([broken]))


def test_a_wrong_secret_is_an_auth_error_with_a_remedy(sales: Sales) -> None:
    with pytest.raises(SourceAuthError, match="crm does not let us sign in: invalid client credentials") as caught:
        sales.connector(secret="wrong").probe()
    assert "client_id" in caught.value.problems[0].hint
    assert "wrong" not in str(caught.value)


def test_a_token_is_never_sent_to_a_server_that_is_not_salesforce(sales: Sales) -> None:
    answer = {"access_token": "00D!token", "instance_url": "https://collector.example.com", "id": ""}
    sales.server.add_fault(Fault("oauth2/token", Response(answer), times=None))
    with pytest.raises(SourceContentError, match=r"sends us to collector\.example\.com"):
        sales.connector().probe()


def test_a_sign_in_without_a_token_is_an_error(sales: Sales) -> None:
    sales.server.add_fault(Fault("oauth2/token", Response({"ok": True}), times=None))
    with pytest.raises(SourceContentError, match="without a token"):
        sales.connector().probe()


def test_plain_http_is_refused_beyond_this_machine(sales: Sales) -> None:
    with pytest.raises(ConfigurationError, match="plain http"):
        sales.connector(url="http://acme.example.com").probe()


@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": None},
        {"client_secret": None, "username": MIA},
        {"username": MIA, "private_key": Secret("env:KEY", "key")},
        {"url": "https://login.salesforce.com"},
        {"password": "env:PASSWORD"},
        {"promised_field": "Name FROM User"},
    ],
)
def test_options_that_cannot_work_are_refused_s1_s2(sales: Sales, changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        sales.options(**changes)  # type: ignore[arg-type]


def _signing_with(key: str) -> dict[str, object]:
    return {"client_secret": None, "username": MIA, "private_key": Secret("file:key.pem", key)}


def _key_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_a_signed_assertion_signs_in_as_well_as_a_secret_s3(sales: Sales) -> None:
    sales.clock.now = NOW
    private, sales.org.trusted_keys[MIA] = _key_pair()
    by_key = _signing_with(private)
    sales.add("Kessler")
    assert list(sales.read(**by_key)) == ["Kessler"]
    _, sales.org.trusted_keys[MIA] = _key_pair()
    with pytest.raises(SourceAuthError, match="invalid assertion"):
        sales.read(**by_key)


def test_a_wrong_clock_is_refused_s3(sales: Sales) -> None:
    private, sales.org.trusted_keys[MIA] = _key_pair()
    by_key = _signing_with(private)
    sales.clock.now = NOW + timedelta(minutes=10)
    with pytest.raises(SourceAuthError, match="expired"):
        sales.connector(**by_key).probe()


def test_a_private_key_that_is_none_is_refused_without_showing_it(sales: Sales) -> None:
    by_key = {
        "client_secret": None,
        "username": MIA,
        "private_key": Secret("file:key.pem", "BEGIN something"),
    }
    with pytest.raises(SourceAuthError, match="private key of crm cannot be read") as caught:
        sales.connector(**by_key).probe()
    assert "BEGIN something" not in str(caught.value)


def test_a_probe_tells_user_org_counts_and_what_is_missing(sales: Sales) -> None:
    sales.add()
    probe = sales.connector().probe()
    assert probe.identity == "driftline@example.com"
    assert "00DDm00000Meri1MAB" in probe.server
    assert dict(probe.counts)["opportunities"] == 1
    assert dict(probe.counts)["API requests today"] > 0
    assert probe.problems == []


def test_a_token_without_the_right_to_ask_for_its_user_still_has_an_identity(sales: Sales) -> None:
    refusal = Response([{"errorCode": "INSUFFICIENT_ACCESS", "message": "scope"}], 403)
    sales.server.add_fault(Fault("userinfo", refusal, times=None))
    assert sales.connector().probe().identity == "005Dm00000IntegUSR"


def test_a_version_that_the_org_does_not_serve_is_told(sales: Sales) -> None:
    with pytest.raises(SourceGoneError):
        sales.connector(api_version=99.0).probe()
    unlisted = Response([{"version": "60.0"}, {"version": "61.0"}])
    sales.server.add_fault(Fault(r"GET /services/data$", unlisted))
    (problem,) = sales.connector().probe().problems
    assert problem.hint == "write one of these in api_version: 60.0, 61.0"


def test_the_connector_is_found_under_its_kind() -> None:
    assert (CONNECTOR.kind, CONNECTOR.options_type) == ("salesforce", SalesforceOptions)
