"""Faults of Salesforce by the page on which they strike: what is raised, what was given out, what is said."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from connectors.base import HttpOptions
from connectors.salesforce import SalesforceConnector
from model.errors import (
    SourceAuthError,
    SourceContentError,
    SourceError,
    SourceRateLimitedError,
    SourceUnavailableError,
)
from model.reading import Container
from sandbox.http import LOGIN_PAGE, Fault, Response
from tests.connectors.salesforce.desk import Sales, read_into, running_sales

PAGES = {"first": (r"/query/\?q=SELECT\+Id.*FROM\+Opportunity(\+|$)", 0), "middle": (r"-3$", 3), "last": (r"-6$", 6)}
"""A page, the requests for it, and how many of nine records were given out before."""


@dataclass(frozen=True)
class Trouble:
    """How a fault shows itself, what it must become and a word of what is said."""

    kind: type[SourceError]
    says: str
    response: Response | None = None
    cut_at: int | None = None
    drip_seconds: float = 0.0


def _refusal(status: int, code: str) -> Response:
    return Response([{"errorCode": code, "message": f"{code} of Salesforce"}], status)


TROUBLES = {
    "session loss": Trouble(SourceAuthError, "does not accept its own new token", _refusal(401, "INVALID_SESSION_ID")),
    "401 without a reason": Trouble(SourceAuthError, "does not accept", Response(b"", 401, content_type="text/plain")),
    "daily limit": Trouble(SourceRateLimitedError, "no API requests left", _refusal(403, "REQUEST_LIMIT_EXCEEDED")),
    "429": Trouble(SourceRateLimitedError, "asked too often", _refusal(429, "REQUEST_LIMIT_EXCEEDED")),
    "429 with a long pause": Trouble(
        SourceRateLimitedError, "a pause of 86400 s", Response([], 429, headers={"Retry-After": "86400"})
    ),
    "no permission": Trouble(SourceAuthError, "keeps this from us", _refusal(403, "INSUFFICIENT_ACCESS")),
    "500": Trouble(SourceUnavailableError, "answers 500", _refusal(500, "UNKNOWN_EXCEPTION")),
    "503 page": Trouble(SourceUnavailableError, "answers 503", Response(b"<h1>down", 503, content_type="text/html")),
    "query timeout": Trouble(SourceUnavailableError, "too busy", _refusal(400, "QUERY_TIMEOUT")),
    "login page": Trouble(SourceContentError, "sign-in page", LOGIN_PAGE),
    "truncated JSON": Trouble(SourceContentError, "JSON that cannot be read", Response(b'{"records": [{"Id": "00')),
    "connection cut": Trouble(SourceUnavailableError, "broke off", cut_at=40),
    "drip": Trouble(SourceUnavailableError, "did not finish its answer in time", drip_seconds=0.2),
    "an empty object": Trouble(SourceContentError, "a query without rows", Response({})),
}

QUESTIONS: dict[str, Callable[[SalesforceConnector, list[str]], None]] = {
    "changed": lambda connector, seen: read_into(seen, connector.changed(None)),
    "census": lambda connector, seen: seen.extend(connector.census(Container("Opportunity", "Opportunities"))),
}


@pytest.fixture
def sales() -> Iterator[Sales]:
    with running_sales() as sales:
        for number in range(9):
            sales.add(f"Deal {number}")
        yield sales


def _fault(pattern: str, trouble: Trouble, times: int | None = None) -> Fault:
    return Fault(pattern, trouble.response, times=times, cut_at=trouble.cut_at, drip_seconds=trouble.drip_seconds)


@pytest.mark.parametrize("position", PAGES)
@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_fault_on_any_page_ends_the_read_with_its_own_error_s7_s8(
    sales: Sales, name: str, position: str, question: str
) -> None:
    trouble, (pattern, before) = TROUBLES[name], PAGES[position]
    sales.server.add_fault(_fault(pattern, trouble))
    hasty = HttpOptions(attempts=1, answer_deadline_seconds=1.0) if trouble.drip_seconds else HttpOptions(attempts=2)
    connector = sales.connector(http=hasty)
    seen: list[str] = []
    with pytest.raises(SourceError) as caught:
        QUESTIONS[question](connector, seen)
    assert isinstance(caught.value, trouble.kind)
    (problem,) = caught.value.problems
    assert "crm" in problem.message
    assert trouble.says in problem.message
    assert "crm" in problem.location
    assert problem.hint
    if question == "changed":
        assert len(seen) == before, "whole pages only, and nothing of the broken one"


@pytest.mark.parametrize("position", PAGES)
@pytest.mark.parametrize("name", ["session loss", "429", "500", "503 page", "connection cut"])
def test_a_fault_that_passes_is_overcome_and_nothing_is_lost_s7(sales: Sales, name: str, position: str) -> None:
    pattern, _ = PAGES[position]
    sales.server.add_fault(_fault(pattern, TROUBLES[name], times=1))
    assert len(sales.read()) == 9


@pytest.mark.parametrize("position", PAGES)
@pytest.mark.parametrize("history", ["OpportunityHistory", "OpportunityFieldHistory"])
def test_a_history_that_fails_for_once_is_an_error_and_not_a_deal_without_moves(
    sales: Sales, history: str, position: str
) -> None:
    after = {"first": 0, "middle": 1, "last": 2}[position]
    busy = _refusal(503, "SERVER_UNAVAILABLE")
    sales.server.add_fault(Fault(rf"FROM\+{history}", busy, times=None, after=after))
    seen: list[str] = []
    with pytest.raises(SourceUnavailableError):
        read_into(seen, sales.connector().changed(None))
    assert len(seen) == 3 * after


def test_without_a_fault_all_nine_are_read(sales: Sales) -> None:
    assert len(sales.read()) == 9
