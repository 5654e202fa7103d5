"""What can go wrong in the demo company until it is cleared: answers that fail, and things that its people change."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from sandbox.asana import AsanaServer
from sandbox.asana.faults import ASANA_FAULTS
from sandbox.http import LOGIN_PAGE, Fault, Response, StandIn
from sandbox.jira import JiraServer
from sandbox.jira.faults import JIRA_FAULTS
from sandbox.salesforce import SalesforceServer
from sandbox.salesforce.faults import SALESFORCE_FAULTS

PAGES: Mapping[str, str] = {
    "jira": r"/rest/api/[23]/(search|issue/bulkfetch|changelog/bulkfetch)",
    "asana": r"GET /api/1\.0/tasks",
    "salesforce": r"GET /services/data/v[\d.]+/query",
}
"""The requests of each source that carry its records or their ids, which count as its pages."""

_TOO_MANY = {"message": "too many requests"}
_EVERYWHERE: Mapping[str, Callable[[], list[Fault]]] = {
    "login-page": lambda: [Fault(response=LOGIN_PAGE, times=None)],
    "down": lambda: [Fault(response=Response({"message": "Service Unavailable"}, 503), times=None)],
    "rate-limited": lambda: [Fault(response=Response(_TOO_MANY, 429, {"Retry-After": "3600"}), times=None)],
    "rate-limited-date": lambda: [
        Fault(response=Response(_TOO_MANY, 429, {"Retry-After": _in_two_hours()}), times=None)
    ],
    "drip": lambda: [Fault(drip_seconds=1.0, times=None)],
    "truncated-json": lambda: [Fault(response=Response(b'{"data": [{"id": "100', 200), times=None)],
}
_SIGN_IN_REFUSED = Response({"error": "invalid_grant", "error_description": "expired access/refresh token"}, 400)
_SESSION_REFUSED = Response([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}], 401)
_OWN: Mapping[str, Mapping[str, Callable[[], list[Fault]]]] = {
    "jira": JIRA_FAULTS,
    "asana": {
        "expired-token": lambda: [
            Fault(response=Response({"errors": [{"message": "Not Authorized"}]}, 401), times=None)
        ],
        **ASANA_FAULTS,
    },
    "salesforce": {
        "expired-token": lambda: [
            Fault("/services/oauth2/token", _SIGN_IN_REFUSED, times=None),
            Fault(response=_SESSION_REFUSED, times=None),
        ],
        **SALESFORCE_FAULTS,
    },
}


def _in_two_hours() -> str:
    """By the machine's clock, which the servers' answers show as well."""
    return format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happens to the content of a source, and what puts it right again."""

    begin: Callable[[StandIn], None]
    end: Callable[[StandIn], None]


def _jira_of(server: StandIn) -> JiraServer:
    assert isinstance(server, JiraServer)
    return server


def _hide_project(server: StandIn, *, hidden: bool) -> None:
    _jira_of(server).site.projects["ERP"].hidden = hidden


def _move_key(server: StandIn, key: str, new_key: str) -> None:
    _jira_of(server).site.move_to_project(key, new_key)


def _forbid_project(server: StandIn, *, forbidden: bool) -> None:
    assert isinstance(server, AsanaServer)
    [gid] = [one.gid for one in server.workspace.projects.values() if one.name == "Same-day sorting"]
    (server.workspace.forbidden.add if forbidden else server.workspace.forbidden.discard)(gid)


def _hide_field(server: StandIn, *, hidden: bool) -> None:
    assert isinstance(server, SalesforceServer)
    (server.org.hidden_fields.add if hidden else server.org.hidden_fields.discard)("Promised_Date__c")


def _set_clock(server: StandIn, hours: int) -> None:
    server.skew = timedelta(hours=hours)


_SKEW = Change(lambda server: _set_clock(server, -2), lambda server: _set_clock(server, 0))
_CHANGES: Mapping[str, Mapping[str, Change]] = {
    "jira": {
        "permission-loss": Change(
            lambda server: _hide_project(server, hidden=True), lambda server: _hide_project(server, hidden=False)
        ),
        "key-move": Change(
            lambda server: _move_key(server, "ERP-90", "RTE-190"), lambda server: _move_key(server, "RTE-190", "ERP-90")
        ),
        "clock-skew": _SKEW,
    },
    "asana": {
        "permission-loss": Change(
            lambda server: _forbid_project(server, forbidden=True),
            lambda server: _forbid_project(server, forbidden=False),
        ),
        "clock-skew": _SKEW,
    },
    "salesforce": {
        "permission-loss": Change(
            lambda server: _hide_field(server, hidden=True), lambda server: _hide_field(server, hidden=False)
        ),
        "clock-skew": _SKEW,
    },
}

FAULTS: Mapping[str, tuple[str, ...]] = {
    source: tuple(dict.fromkeys([*_EVERYWHERE, "expired-token", *_CHANGES[source], *_OWN[source]])) for source in _OWN
}
"""The names of what may go wrong with each source."""


@dataclass(slots=True)
class Switches:
    """What is wrong with one source now; ``standing`` is in the order in which it was switched on."""

    source: str
    server: StandIn
    standing: dict[str, int | None] = field(default_factory=dict)
    """The page from which each fault strikes; None for all requests."""

    def on(self, fault: str, page: int | None) -> None:
        """Let a fault strike; one that stands already begins anew."""
        self.off(fault)
        self.standing[fault] = page
        if change := _CHANGES[self.source].get(fault):
            change.begin(self.server)
        self._arm()

    def off(self, fault: str | None) -> None:
        """End a fault, or all of them."""
        for name in [name for name in self.standing if fault in (None, name)]:
            del self.standing[name]
            if change := _CHANGES[self.source].get(name):
                change.end(self.server)
        self._arm()

    def _arm(self) -> None:
        self.server.clear_faults()
        for name, page in self.standing.items():
            for each in self._faults(name, page):
                self.server.add_fault(each)

    def _faults(self, name: str, page: int | None) -> Iterable[Fault]:
        make = {**_EVERYWHERE, **_OWN[self.source]}.get(name)
        faults = make() if make else []
        if page is None:
            return faults
        return [replace(each, pattern=each.pattern or PAGES[self.source], after=page - 1) for each in faults]

    def __str__(self) -> str:
        if not self.standing:
            return f"{self.source} answers as usual"
        named = [f"{name} from page {page} on" if page else name for name, page in self.standing.items()]
        return f"faults of {self.source}: {', '.join(named)}"


def is_change(source: str, fault: str) -> bool:
    """Whether the fault changes what the source holds; then no page can be chosen for it."""
    return fault in _CHANGES[source]
