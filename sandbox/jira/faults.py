"""What goes wrong at a real Jira, as faults to add to the stand-in. What changes a site is a method of it."""

from collections.abc import Callable, Mapping

from sandbox.http import Fault, Response

_STRANGER = {"x-seraph-loginreason": "AUTHENTICATED_FAILED"}
_NOT_THERE = Response({"message": "no route"}, 404)


def expired_token(*, header: bool = True) -> list[Fault]:
    """Every search answers 200 with nothing, as to a stranger, and says so in a header only (J23); a proxy may drop the
    header, and then only the question who we are is refused."""
    nothing = Response(
        {"issues": [], "values": [], "isLast": True, "startAt": 0, "maxResults": 50, "total": 0},
        headers=_STRANGER if header else {},
    )
    refused = Response({"errorMessages": ["Client must be authenticated."]}, 401, _STRANGER if header else {})
    return [
        Fault(r"/rest/api/[23]/(search|project/search|issue/bulkfetch)", nothing, times=None),
        Fault(r"/rest/api/[23]/myself", refused, times=None),
    ]


def repeated_page_token() -> list[Fault]:
    """Every page of a search says that another one follows, under the token of this one (J5)."""
    again = Response({"issues": [], "nextPageToken": "same", "isLast": False})
    return [Fault("search/jql", again, times=None)]


def endless_changelog() -> list[Fault]:
    """Every page of the changelog in bulk leads back to itself (J5, J10)."""
    return [Fault("changelog/bulkfetch", Response({"issueChangeLogs": [], "nextPageToken": "same"}), times=None)]


def no_bulk() -> list[Fault]:
    """A proxy that lets only old addresses through."""
    return [Fault("bulkfetch", _NOT_THERE, times=None)]


def list_that_ends_early() -> list[Fault]:
    """A search that says that it goes on, and not where (J2)."""
    return [Fault("search/jql", Response({"issues": [], "isLast": False}), times=None)]


def given_nothing() -> list[Fault]:
    """Issues are listed, and none is given: a permission that was lost in between (J22, S6)."""
    return [Fault("issue/bulkfetch", Response({"issues": [], "issueErrors": []}), times=None)]


JIRA_FAULTS: Mapping[str, Callable[[], list[Fault]]] = {
    "expired-token": expired_token,
    "repeated-page-token": repeated_page_token,
    "endless-changelog": endless_changelog,
    "no-bulk": no_bulk,
    "list-that-ends-early": list_that_ends_early,
    "given-nothing": given_nothing,
}
"""By the name under which a fault is switched on."""
