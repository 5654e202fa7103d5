"""The histories of a whole window are asked for at once, and by ids where that is refused."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from model.errors import SourceRateLimitedError
from model.records import Deal
from sandbox.http import Fault, Response
from tests.connectors.contract import records_of
from tests.connectors.salesforce.desk import CREATED, MIA, Sales, running_sales

_BY_WINDOW = r"IN\+%28SELECT\+Id\+FROM\+Opportunity"


@pytest.fixture
def sales(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sales]:
    """An org that is cut into windows of some, whose ids do not fit into one question."""
    monkeypatch.setattr("connectors.salesforce.windows._SMALLEST_WINDOW", 8)
    monkeypatch.setattr("connectors.salesforce.windows._LARGEST_WINDOW", 16)
    monkeypatch.setattr("connectors.salesforce.soql._MOST_IDS_PER_QUERY", 2)
    with running_sales() as sales:
        sales.server.page_size = 20
        for number in range(20):
            native_id = sales.add(f"Deal {number}", created=CREATED - timedelta(days=number))
            sales.clock.now += timedelta(minutes=1)
            sales.org.move_close(native_id, date(2026, 11, 1 + number), by=MIA)
            sales.org.move_promise(native_id, date(2026, 12, 1 + number), by=MIA)
        yield sales


def _moved(sales: Sales) -> dict[str, list[date | None]]:
    deals = [record for record in records_of(sales.connector().changed(None)) if isinstance(record, Deal)]
    return {deal.title: [move.new for move in deal.moves] for deal in deals}


_ALL = {f"Deal {number}": [date(2026, 11, 1 + number), date(2026, 12, 1 + number)] for number in range(20)}


def test_each_deal_gets_its_own_moves_from_one_question_for_a_window_s22(sales: Sales) -> None:
    assert _moved(sales) == _ALL
    histories = [line for line in sales.server.requests if "History" in line]
    assert any("SELECT+Id+FROM+Opportunity" in line for line in histories)
    assert len(histories) < 15, "two for each window, where ids would take twenty"


def test_an_org_too_busy_for_whole_windows_is_asked_by_ids(sales: Sales) -> None:
    busy = Response([{"errorCode": "QUERY_TIMEOUT", "message": "Your query request was running for too long."}], 400)
    sales.server.add_fault(Fault(_BY_WINDOW, busy, times=None))
    assert _moved(sales) == _ALL


def test_an_org_without_requests_left_is_not_asked_again_by_ids(sales: Sales) -> None:
    limit = Response([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}], 403)
    sales.server.add_fault(Fault(_BY_WINDOW, limit, times=None))
    with pytest.raises(SourceRateLimitedError):
        _moved(sales)
