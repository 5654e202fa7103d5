from collections.abc import Iterator
from datetime import date, datetime, timedelta
from urllib.parse import quote_plus

import pytest

from connectors.salesforce.deals import long_id
from connectors.salesforce.soql import among, select, since
from model.errors import (
    SourceAuthError,
    SourceContentError,
    SourceError,
    SourceGoneError,
    SourceRateLimitedError,
    SourceUnavailableError,
)
from model.reading import Container, Cursor
from sandbox.http import Fault, Response
from tests.connectors.contract import NOW, ids_of, records_of
from tests.connectors.salesforce.desk import CREATED, MIA, Sales, running_sales


@pytest.fixture
def sales() -> Iterator[Sales]:
    with running_sales() as sales:
        yield sales


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
    sales.server.add_fault(Fault(r"/query/(0r8|\?q=SELECT\+Id)", Response(circle), times=None))
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


def test_a_place_forgotten_on_the_last_page_restarts_from_the_last_row_s16(sales: Sales) -> None:
    ids = {sales.add(f"Deal {number}", created=CREATED + timedelta(hours=number)) for number in range(8)}
    pages = sales.connector().changed(Cursor(CREATED.isoformat()))
    seen = ids_of(next(pages).records) | ids_of(next(pages).records)
    sales.server.expire_locators()
    assert seen | ids_of(records_of(pages)) == ids
    queries = [line for line in sales.server.requests if "FROM+Opportunity+WHERE" in line]
    assert len(queries) == 2
    assert quote_plus("2026-09-01T13:00:00Z") in queries[1], "from the sixth deal on, not from the cursor"


def test_a_place_forgotten_among_deals_of_one_second_loses_none_s16(sales: Sales) -> None:
    ids = {sales.add(f"Deal {number}") for number in range(8)}
    pages = sales.connector().changed(None)
    seen = ids_of(next(pages).records)
    sales.server.expire_locators()
    assert seen | ids_of(records_of(pages)) == ids


def test_a_place_forgotten_in_a_history_tells_no_move_twice_s16_s22(sales: Sales) -> None:
    native_id = sales.add()
    for day in range(1, 9):
        sales.clock.now += timedelta(hours=1)
        sales.org.move_promise(native_id, date(2026, 11, day), by=MIA)
    lost = Response([{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}], 400)
    sales.server.add_fault(Fault(r"/query/0r8Dm\d+-6", lost))
    (deal,) = records_of(sales.connector().changed(None))
    assert [move.new for move in deal.moves] == [date(2026, 11, day) for day in range(1, 9)]
