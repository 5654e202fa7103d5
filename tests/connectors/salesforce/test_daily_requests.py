from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from model.errors import SourceRateLimitedError
from model.reading import Container
from sandbox.http import Fault, Response
from tests.connectors.contract import ids_of
from tests.connectors.salesforce.desk import Sales, read_into, running_sales

ALL = Container("Opportunity", "Opportunities")


@pytest.fixture
def sales() -> Iterator[Sales]:
    with running_sales() as sales:
        yield sales


def _queries(sales: Sales) -> int:
    return sum("/query" in line for line in sales.server.requests)


def test_nothing_is_read_from_an_org_that_is_near_its_daily_limit_s9(sales: Sales) -> None:
    sales.add()
    sales.org.daily_requests, sales.org.requests_of_others = 5_000, 4_100
    with pytest.raises(SourceRateLimitedError) as caught:
        sales.read()
    assert caught.value.summary == (
        "the org has used 4,103 of its 5,000 API requests of today, more than the 80 % up to which crm may read"
    )
    assert "daily_requests_total_percent" in caught.value.problems[0].hint
    assert _queries(sales) == 0
    assert sales.read(daily_requests_total_percent=90)


def test_the_last_share_that_is_allowed_may_be_used_s9(sales: Sales) -> None:
    sales.add()
    sales.org.daily_requests, sales.org.requests_of_others = 5_000, 3_980
    assert sales.read(), "six requests lead to 3,986, which is less than 4,000"


def test_one_run_uses_no_more_than_its_share_s9(sales: Sales) -> None:
    ids = {sales.add(f"Deal {number:02d}") for number in range(30)}
    sales.org.daily_requests = 40
    seen: list[str] = []
    with pytest.raises(SourceRateLimitedError) as caught:
        read_into(seen, sales.connector().changed(None))
    assert caught.value.summary == (
        "crm has used 10 of the org's 40 daily API requests in one run, and 25 % is its share"
    )
    assert "daily_requests_run_percent" in caught.value.problems[0].hint
    assert set() < set(seen) < ids, "what was read before was given out, whole page by whole page"


@pytest.mark.parametrize("question", ["census", "fetch", "probe"])
def test_every_question_keeps_to_the_share_s9(sales: Sales, question: str) -> None:
    ids = [sales.add(f"Deal {number}") for number in range(30)]
    sales.org.daily_requests = 12
    connector = sales.connector(daily_requests_total_percent=100)
    asked = {
        "census": lambda: list(connector.census(ALL)),
        "fetch": lambda: list(connector.fetch(ids)),
        "probe": connector.probe,
    }
    with pytest.raises(SourceRateLimitedError, match="25 % is its share"):
        asked[question]()


def test_a_read_that_ends_within_its_share_is_whole_s9(sales: Sales) -> None:
    ids = {sales.add(f"Deal {number}") for number in range(9)}
    sales.org.daily_requests = 1_000
    assert ids_of(sales.read().values()) == ids


@pytest.mark.parametrize(
    "header", ["", "api-usage=", "api-usage=0/0", "per-app-api-usage=99/100(appName=other)", "nonsense"]
)
def test_an_answer_that_tells_no_limit_stops_nothing_s9(sales: Sales, header: str) -> None:
    sales.add()
    described = Response({"fields": list(sales.org.fields().values())}, headers={"Sforce-Limit-Info": header})
    sales.server.add_fault(Fault("describe", described, times=None))
    assert sales.read()


def test_the_org_is_counted_and_not_the_app_s9(sales: Sales) -> None:
    described = Response(
        {"fields": list(sales.org.fields().values())},
        headers={"Sforce-Limit-Info": "api-usage=18/5000; per-app-api-usage=249/250(appName=driftline)"},
    )
    connector = sales.connector()
    sales.server.add_fault(Fault("describe", described))
    connector.roster()
    assert connector._opened().requests.used == 18


def test_a_probe_tells_how_many_requests_are_used_s9(sales: Sales) -> None:
    sales.org.daily_requests, sales.org.requests_of_others = 15_000, 1_000
    counts = dict(sales.connector().probe().counts)
    assert counts["API requests a day"] == 15_000
    assert 1_000 < counts["API requests today"] < 1_010


@pytest.mark.parametrize("percent", [0, 101])
def test_a_share_is_between_1_and_100_percent(sales: Sales, percent: int) -> None:
    for name in ("daily_requests_run_percent", "daily_requests_total_percent"):
        with pytest.raises(ValidationError):
            sales.options(**{name: percent})  # type: ignore[arg-type]
