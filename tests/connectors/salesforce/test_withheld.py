"""What no query shows any more: deleted, or kept from us (S12, S15)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from model.reading import Missing
from model.records import Absence, Deal
from sandbox.http import Fault, Response
from tests.connectors.contract import NOW
from tests.connectors.salesforce.desk import Sales, running_sales


@pytest.fixture
def sales() -> Iterator[Sales]:
    with running_sales() as sales:
        yield sales


def _fetched(sales: Sales, *ids: str) -> list[object]:
    return [one if isinstance(one, Missing) else one.native_id for one in sales.connector().fetch(ids)]


def test_a_deal_in_the_recycle_bin_is_gone_whoever_we_are_s12(sales: Sales) -> None:
    left, gone = sales.add("Left"), sales.add("Gone")
    sales.org.delete(gone)
    for sales.org.views_all in (True, False):
        assert _fetched(sales, left, gone) == [left]


def test_a_deal_that_sharing_hides_is_access_lost_and_not_deleted_s15(sales: Sales) -> None:
    left, hidden = sales.add("Left"), sales.add("Hidden")
    sales.org.views_all = False
    sales.org.hidden_records.add(hidden)
    assert _fetched(sales, left, hidden) == [left, Missing(hidden, Absence.ACCESS_LOST)]


def test_a_purged_deal_is_gone_while_the_log_of_deletions_knows_it_s12(sales: Sales) -> None:
    purged = sales.add()
    sales.clock.now = NOW - timedelta(days=3)
    sales.org.delete(purged)
    sales.org.purge(purged)
    sales.clock.now = NOW
    sales.org.views_all = False
    assert _fetched(sales, purged) == []
    (asked,) = [line for line in sales.server.requests if "/deleted/" in line]
    assert "start=2026-09-21T07%3A00%3A00%2B00%3A00" in asked, "aware times, within 15 days"


def test_a_deal_purged_long_ago_is_gone_only_for_a_user_whom_sharing_hides_nothing_from_s12_s15(sales: Sales) -> None:
    purged = sales.add()
    sales.org.delete(purged)
    sales.org.purge(purged, from_log=True)
    assert _fetched(sales, purged) == []
    assert not any("/deleted/" in line for line in sales.server.requests), "View All proves it already"
    sales.org.views_all = False
    assert _fetched(sales, purged) == [Missing(purged, Absence.ACCESS_LOST)]


@pytest.mark.parametrize("asked", ["ObjectPermissions", "/deleted/"])
def test_what_we_may_not_ask_proves_no_deletion_s15(sales: Sales, asked: str) -> None:
    hidden = sales.add()
    sales.org.views_all = asked == "ObjectPermissions"
    sales.org.hidden_records.add(hidden)
    del sales.org.opportunities[hidden]
    refusal = Response([{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}], 403)
    sales.server.add_fault(Fault(asked, refusal, times=None))
    assert _fetched(sales, hidden) == [Missing(hidden, Absence.ACCESS_LOST)]


def test_a_short_id_is_answered_under_its_long_form_s23(sales: Sales) -> None:
    native_id = sales.add()
    (deal,) = sales.connector().fetch([native_id[:15]])
    assert isinstance(deal, Deal)
    assert deal.native_id == native_id


def test_a_probe_says_that_sharing_may_hide_deals_s15(sales: Sales) -> None:
    assert sales.connector().probe().problems == []
    sales.org.views_all = False
    (problem,) = sales.connector().probe().problems
    assert problem.message.startswith("crm may not see every opportunity")
    assert "View All" in problem.hint
