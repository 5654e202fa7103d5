"""What goes wrong with Asana, each as a fault to switch on: ``server.add_fault(offset_expired())``.

Faults that need a moved world are changes of the workspace instead: ``forbidden`` hides a task, a project or a
portfolio, ``unpaid`` takes resource types out of the plan, ``delete_project`` takes a project away, ``token`` revokes
ours, and ``AsanaServer.expire_offsets`` forgets every place.
"""

from collections.abc import Callable, Mapping

from sandbox.http import Fault, Response

LISTS = r"GET /api/1\.0/tasks\?"
"""The lists of tasks, which carry the records and their ids."""


def offset_expired(*, after: int = 0, times: int | None = 1) -> Fault:
    """An offset is no longer known (A6)."""
    return Fault("[?&]offset=", _error(400, "offset: Your pagination token has expired."), times, after)


def repeated_offset(*, after: int = 0) -> Fault:
    """A list that leads back to itself for ever."""
    following = {"offset": "again", "path": "/tasks?offset=again", "uri": "https://app.asana.com/api/1.0/tasks"}
    return Fault(LISTS, Response({"data": [], "next_page": following}), None, after)


def sync_token_expired(*, after: int = 0) -> Fault:
    """412, which Asana answers for events and nowhere else (A10)."""
    gone = {"errors": [{"message": "Sync token invalid or too old"}], "sync": "de4774f6915eae04714ca93bb2f5ee81"}
    return Fault(LISTS, Response(gone, 412), None, after)


def not_in_plan(resource: str = "tasks") -> Fault:
    """402 for one resource type (A18)."""
    message = "This feature is not available for your organization. Please upgrade to access it"
    return Fault(rf"/api/1\.0/{resource}\b", _error(402, message), None)


def not_shared(resource: str = "tasks") -> Fault:
    """403 for one resource type (A18)."""
    return Fault(rf"/api/1\.0/{resource}\b", _error(403, "Forbidden: you do not have access to this object"), None)


def shrunken(*, after: int = 0) -> Fault:
    """Lists that end early and say nothing of it, as after a lost permission (A12)."""
    return Fault(LISTS, Response({"data": [], "next_page": None}), None, after)


ASANA_FAULTS: Mapping[str, Callable[[], list[Fault]]] = {
    "expired-offset": lambda: [offset_expired()],
    "repeated-offset": lambda: [repeated_offset()],
    "sync-token-expired": lambda: [sync_token_expired()],
    "not-in-plan": lambda: [not_in_plan()],
    "not-shared": lambda: [not_shared()],
    "shrunken-lists": lambda: [shrunken()],
}
"""By the name under which a fault is switched on."""


def _error(status: int, message: str) -> Response:
    return Response({"errors": [{"message": message}]}, status)
