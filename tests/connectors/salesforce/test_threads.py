"""Several walks share one token and one share of the day."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.daily_requests import DailyRequests
from model.errors import SourceAuthError, SourceRateLimitedError
from model.secret import Secret
from tests.connectors.contract import context_at, ids_of, records_of
from tests.connectors.salesforce.desk import CREATED, MIA, Sales, running_sales
from tests.connectors.under_way import UnderWay

THREADS = 8


@pytest.fixture
def sales() -> Iterator[Sales]:
    with running_sales() as sales:
        yield sales


def _in_threads(question: Any) -> list[BaseException | None]:
    """Ask in several threads that begin together; what each of them raised."""
    together = threading.Barrier(THREADS)
    raised: list[BaseException | None] = []

    def ask() -> None:
        together.wait()
        try:
            question()
        except Exception as error:
            raised.append(error)
        else:
            raised.append(None)

    threads = [threading.Thread(target=ask) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def _sign_ins(sales: Sales) -> int:
    return sum("oauth2/token" in line or "/Soap/" in line for line in sales.server.requests)


def test_threads_whose_session_ended_sign_in_once_together_s4(sales: Sales) -> None:
    client = SalesforceClient("crm", sales.options(), context_at())
    client.count()
    sales.server.expire_sessions()
    UnderWay(sales.server)
    assert _in_threads(client.count) == [None] * THREADS
    assert _sign_ins(sales) == 2
    client.close()


def test_a_rotating_token_survives_many_threads_s4_s5(sales: Sales, tmp_path: Path) -> None:
    sales.org.refresh_tokens, sales.org.rotates_refresh_tokens = {"5Aep-first"}, True
    file = tmp_path / "refresh-token"
    file.write_text("5Aep-first")
    file.chmod(0o600)
    client = SalesforceClient("crm", sales.options(client_secret=None, refresh_token_file=file), context_at())  # type: ignore[arg-type]
    client.count()
    sales.server.expire_sessions()
    UnderWay(sales.server)
    assert _in_threads(client.count) == [None] * THREADS
    assert _sign_ins(sales) == 2
    assert {file.read_text().strip()} == sales.org.refresh_tokens
    client.close()


def test_a_refused_password_is_not_tried_by_every_thread_s1(sales: Sales) -> None:
    by_password = {"client_id": None, "client_secret": None, "username": MIA, "password": Secret("env:P", "wrong")}
    client = SalesforceClient("crm", sales.options(**by_password), context_at())  # type: ignore[arg-type]
    raised = _in_threads(client.count)
    assert all(isinstance(error, SourceAuthError) for error in raised)
    assert _sign_ins(sales) == 1, "users who try too often are locked"
    client.close()


def test_a_session_that_ends_while_many_windows_are_read_loses_nothing_s4(
    sales: Sales, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.salesforce.windows._SMALLEST_WINDOW", 4)
    monkeypatch.setattr("connectors.salesforce.windows._LARGEST_WINDOW", 8)
    ids = {sales.add(f"Deal {number}", created=CREATED + timedelta(days=number)) for number in range(40)}
    pages = sales.connector().changed(None)
    seen = ids_of(next(pages).records)
    sales.server.expire_sessions()
    assert seen | ids_of(records_of(pages)) == ids
    assert _sign_ins(sales) == 2


def _told(used: int, allowed: int) -> requests.Response:
    response = requests.Response()
    response.headers["Sforce-Limit-Info"] = f"api-usage={used}/{allowed}"
    return response


def test_what_is_under_way_counts_so_that_the_share_is_exact_s9(sales: Sales) -> None:
    """Eight threads ask at once when three requests are left; without the count of those under way all would pass."""
    daily = DailyRequests("crm", sales.options())
    with daily.one():
        daily.note(_told(7, 40))
    passed, hold = [], threading.Event()

    def ask() -> None:
        with daily.one():
            passed.append(1)
            if len(passed) == 9:
                hold.set()
            hold.wait(0.3)
            daily.note(_told(8, 40))

    raised = _in_threads(ask) + _in_threads(ask)
    assert len(passed) == 9, "with the first one ten of forty: 25 %"
    assert sum(isinstance(error, SourceRateLimitedError) for error in raised) == 7
    assert daily.ours == 10


def test_a_request_that_came_to_nothing_is_not_counted_s9(sales: Sales) -> None:
    daily = DailyRequests("crm", sales.options())
    daily.note(_told(1, 8))
    for _ in range(20):
        with pytest.raises(OSError, match="broke off"), daily.one():
            raise OSError("broke off")
    with daily.one():
        daily.note(_told(2, 8))
    with pytest.raises(SourceRateLimitedError), daily.one():
        pass


def test_the_org_s_own_count_never_goes_back_in_a_run_s9(sales: Sales) -> None:
    """Answers of threads come in another order than they were counted in."""
    daily = DailyRequests("crm", sales.options())
    daily.note(_told(900, 1000))
    daily.note(_told(899, 1000))
    assert daily.used == 900
