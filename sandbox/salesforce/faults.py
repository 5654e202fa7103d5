"""What goes wrong with Salesforce, each as a fault to switch on: ``server.add_fault(session_lost())``.

Faults that need a moved world are changes of the org instead: ``views_all`` and ``hidden_records`` take sharing away,
``hidden_fields`` and ``hidden_objects`` take access away, ``purge`` empties the recycle bin, ``requests_of_others``
uses up the day; ``SalesforceServer.expire_sessions`` and ``expire_locators`` end what was handed out.
"""

from collections.abc import Callable, Mapping

from sandbox.http import Fault, Response

QUERIES = r"GET /services/data/v[\d.]+/query"
"""Every query and every further page of one."""
FURTHER_PAGES = r"GET /services/data/v[\d.]+/query(All)?/0r8"


def session_lost(*, after: int = 0, times: int | None = 1) -> Fault:
    """A token that ends between two pages; a new sign-in mends it (S4)."""
    return Fault(QUERIES, _refusal(401, "INVALID_SESSION_ID", "Session expired or invalid"), times, after)


def locator_expired(*, after: int = 0, times: int | None = 1) -> Fault:
    """The place in a half-read result is forgotten (S16)."""
    return Fault(FURTHER_PAGES, _refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator"), times, after)


def day_used_up(*, after: int = 0) -> Fault:
    """The org's requests of the day are used up: a 403 that is no lack of permission (S8, S9)."""
    return Fault(QUERIES, _refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), None, after)


def query_timeout(*, after: int = 0, times: int | None = None) -> Fault:
    """A query that takes too long, told as a malformed request (S8)."""
    return Fault(QUERIES, _refusal(400, "QUERY_TIMEOUT", "Your query request was running for too long."), times, after)


def not_allowed(*, after: int = 0) -> Fault:
    """403 for the object (S8)."""
    return Fault(QUERIES, _refusal(403, "INSUFFICIENT_ACCESS", "insufficient access rights"), None, after)


def shrunken(*, after: int = 0) -> Fault:
    """Queries that show nothing and say nothing of it, as after a lost permission (S15)."""
    return Fault(QUERIES, Response({"totalSize": 0, "done": True, "records": []}), None, after)


def repeated_locator(*, after: int = 0) -> Fault:
    """A result that leads back to itself for ever."""
    circle = {"records": [], "done": False, "nextRecordsUrl": "/services/data/v62.0/query/0r8-1"}
    return Fault(rf"{QUERIES}/(0r8|\?q=SELECT\+Id)", Response(circle), None, after)


SALESFORCE_FAULTS: Mapping[str, Callable[[], list[Fault]]] = {
    "lost-session": lambda: [session_lost(after=1)],
    "expired-locator": lambda: [locator_expired()],
    "repeated-locator": lambda: [repeated_locator()],
    "day-used-up": lambda: [day_used_up()],
    "query-timeout": lambda: [query_timeout()],
    "not-allowed": lambda: [not_allowed()],
    "shrunken-answers": lambda: [shrunken()],
}
"""By the name under which a fault is switched on."""


def _refusal(status: int, code: str, message: str) -> Response:
    return Response([{"errorCode": code, "message": message}], status)
