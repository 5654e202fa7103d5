"""A full read in windows of CreatedDate: nothing is lost, little is asked, and not too much at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import HttpOptions
from connectors.salesforce.soql import before, count_by, count_of_permissions, since
from connectors.salesforce.windows import Bucket, Window, cut_into_windows, split
from model.errors import SourceAuthError, SourceContentError
from model.reading import Container
from sandbox.http import Fault, Response
from tests.connectors.contract import NOW, ids_of, records_of
from tests.connectors.salesforce.desk import CREATED, MIA, Sales, running_sales
from tests.connectors.under_way import UnderWay

ALL = Container("Opportunity", "Opportunities")
HOUR = timedelta(hours=1)
START = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def sales() -> Iterator[Sales]:
    with running_sales() as sales:
        yield sales


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of a handful, so that a small org is cut like a large one."""
    monkeypatch.setattr("connectors.salesforce.windows._SMALLEST_WINDOW", 4)
    monkeypatch.setattr("connectors.salesforce.windows._LARGEST_WINDOW", 8)


def _is_inside(window: Window, moment: datetime) -> bool:
    return (window.start is None or window.start <= moment) and (window.end is None or moment < window.end)


@given(
    st.lists(st.tuples(st.integers(0, 50_000), st.integers(0, 5_000)), max_size=60),
    st.integers(1, 3_000),
    st.lists(st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)), max_size=20),
)
def test_every_instant_is_in_exactly_one_window(
    hours: list[tuple[int, int]], largest: int, moments: list[datetime]
) -> None:
    buckets = [Bucket(START + HOUR * at, START + HOUR * (at + 1), count) for at, count in hours]
    found = split(buckets, largest)
    edges = [window.start for window in found if window.start]
    for moment in [*(one.replace(tzinfo=UTC) for one in moments), *edges, *(edge - HOUR for edge in edges)]:
        assert sum(_is_inside(window, moment) for window in found) == 1
    assert (found[0].start, found[-1].end) == (None, None)


@given(st.lists(st.integers(0, 5_000), max_size=60), st.integers(1, 3_000))
def test_no_window_holds_more_than_the_largest_unless_one_bucket_does(counts: list[int], largest: int) -> None:
    buckets = [Bucket(START + HOUR * at, START + HOUR * (at + 1), count) for at, count in enumerate(counts)]
    for window in split(buckets, largest):
        held = [bucket.count for bucket in buckets if _is_inside(window, bucket.start)]
        assert sum(held) <= largest or len([count for count in held if count]) == 1


def test_the_end_of_a_window_and_the_start_of_the_next_say_the_same_second() -> None:
    assert since("CreatedDate", START) == "CreatedDate >= 2020-01-01T00:00:00Z"
    assert before("CreatedDate", START) == "CreatedDate < 2020-01-01T00:00:00Z"
    with pytest.raises(ValueError, match="whole second"):
        before("CreatedDate", START + timedelta(microseconds=1))
    with pytest.raises(ValueError, match="not a field name"):
        count_by("CreatedDate", "Opportunity", ("x) FROM User",))
    with pytest.raises(ValueError, match="not an object and a user"):
        count_of_permissions("Opportunity", "x' OR Id != '")


@settings(max_examples=8, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
            st.integers(0, 30).map(lambda seconds: timedelta(days=400, seconds=seconds * 100)),
        ),
        min_size=20,
        max_size=60,
    )
)
def test_a_read_in_windows_loses_nothing_however_the_org_grew(ages: list[timedelta]) -> None:
    with running_sales() as sales, pytest.MonkeyPatch.context() as patch:
        patch.setattr("connectors.salesforce.windows._SMALLEST_WINDOW", 2)
        patch.setattr("connectors.salesforce.windows._LARGEST_WINDOW", 4)
        ids = {sales.add(f"Deal {number}", created=START + age) for number, age in enumerate(ages)}
        connector = sales.connector()
        read = records_of(connector.changed(None))
        assert ids_of(read) == ids
        assert len(read) == len(ids)
        assert sorted(connector.census(ALL)) == sorted(ids)


@pytest.mark.usefixtures("small_windows")
def test_an_import_of_minutes_is_cut_within_its_hour(sales: Sales) -> None:
    for number in range(60):
        sales.add(f"Deal {number}", created=CREATED + timedelta(seconds=number * 50))
    found = cut_into_windows(sales.connector()._opened(), "Opportunity", 5)
    assert len(found) > 5
    assert all(window.end - window.start <= HOUR for window in found[1:-1] if window.start and window.end)
    counted = [line for line in sales.server.requests if "COUNT%28Id%29" in line]
    assert len(counted) == 3, "the months, the days of one and the hours of one day"


@pytest.mark.usefixtures("small_windows")
def test_a_deal_that_changes_while_others_are_read_stays_in_its_window(sales: Sales) -> None:
    """Windows of SystemModstamp would lose it: it would leave one not yet read for one that was."""
    ids = [sales.add(f"Deal {number}", created=CREATED + timedelta(days=number)) for number in range(40)]
    pages = sales.connector(http=HttpOptions(parallel=2)).changed(None)
    seen = ids_of(next(pages).records)
    sales.clock.now = NOW
    for native_id in ids:
        sales.org.set_stage(native_id, "Proposal", by=MIA)
    assert seen | ids_of(records_of(pages)) == set(ids)


@pytest.mark.usefixtures("small_windows")
def test_never_more_requests_are_under_way_than_the_options_allow(sales: Sales) -> None:
    for number in range(40):
        sales.add(f"Deal {number}", created=CREATED + timedelta(days=number))
    watch = UnderWay(sales.server)
    for parallel, most in ((1, 1), (3, 3), (32, 8)):
        watch.most = 0
        assert len(sales.read(http=HttpOptions(parallel=parallel))) == 40
        assert watch.most <= most
        assert parallel == 1 or watch.most > 1


@pytest.mark.usefixtures("small_windows")
def test_ten_cursors_are_never_exceeded_even_where_every_answer_has_pages_s16(sales: Sales) -> None:
    sales.server.page_size = 1
    ids = [sales.add(f"Deal {number}", created=CREATED + timedelta(days=number)) for number in range(40)]
    for native_id in ids:
        sales.org.set_stage(native_id, "Proposal", by=MIA)
    UnderWay(sales.server, 0.001)
    assert len(sales.read(http=HttpOptions(parallel=32))) == 40
    assert 1 < sales.server.most_cursors <= 10


@pytest.mark.usefixtures("small_windows")
def test_places_forgotten_in_every_window_lose_nothing_s16(sales: Sales) -> None:
    ids = {sales.add(f"Deal {number}", created=CREATED + timedelta(days=number)) for number in range(40)}
    connector = sales.connector()
    pages = connector.changed(None)
    seen = ids_of(next(pages).records)
    sales.server.expire_locators()
    assert seen | ids_of(records_of(pages)) == ids
    assert sorted(connector.census(ALL)) == sorted(ids), "each once, however often it was seen"


def test_a_full_read_is_a_census_and_is_not_paid_twice(sales: Sales) -> None:
    ids = [sales.add(f"Deal {number}") for number in range(7)]
    broken = sales.add("Half a \ud83d smile")
    connector = sales.connector()
    records_of(connector.changed(None))
    asked = len(sales.server.requests)
    assert sorted(connector.census(ALL)) == sorted([*ids, broken]), "what was set aside is there as well"
    assert len(sales.server.requests) == asked
    assert sorted(sales.connector().census(ALL)) == sorted([*ids, broken])


def test_a_read_that_broke_off_is_no_census(sales: Sales) -> None:
    ids = {sales.add(f"Deal {number}") for number in range(7)}
    connector = sales.connector()
    pages = connector.changed(None)
    next(pages)
    assert set(connector.census(ALL)) == ids, "asked for anew, and complete"


@pytest.mark.parametrize("code", ["QUERY_TIMEOUT", "MALFORMED_QUERY", "EXCEEDED_ID_LIMIT", "INVALID_FIELD"])
def test_an_org_that_cannot_be_counted_is_read_in_one_walk(sales: Sales, code: str) -> None:
    for number in range(7):
        sales.add(f"Deal {number}")
    refusal = Response([{"errorCode": code, "message": "no"}], 400)
    sales.server.add_fault(Fault(r"GROUP\+BY", refusal, times=None))
    assert len(sales.read()) == 7


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"part0": 2026, "part1": 13, "n": 1},
        {"part0": 0, "part1": 1, "n": 1},
        {"part0": "2026", "part1": 1, "n": 1},
        {"part0": 2026, "part1": 1, "n": True},
        {"part0": 2026, "part1": 1, "n": -1},
    ],
)
def test_counts_that_make_no_sense_are_an_error(sales: Sales, row: dict[str, object]) -> None:
    sales.add()
    answer = Response({"totalSize": 1, "done": True, "records": [row]})
    sales.server.add_fault(Fault(r"GROUP\+BY", answer, times=None))
    with pytest.raises(SourceContentError):
        sales.read()


def test_what_we_may_not_count_we_may_not_read(sales: Sales) -> None:
    refusal = Response([{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}], 403)
    sales.server.add_fault(Fault(r"GROUP\+BY", refusal, times=None))
    with pytest.raises(SourceAuthError):
        sales.read()
