"""Writes queries. Names and ids are checked, so that nothing from outside becomes part of a query's grammar."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote_plus

FIELD_NAME = r"^[A-Za-z]\w*(\.[A-Za-z]\w*)*$"
_SALESFORCE_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
LARGEST_SELECT_BYTES = 11_000
"""A query travels in the address, which may have 16,384 bytes with all headers (S17); tokens take up to 3,000."""
_LARGEST_QUERY_BYTES = 12_700
_ID_BYTES = len(quote_plus("'006Dm0000099999IAA', "))
_CONDITIONS_BYTES = 300
_MOST_IDS_PER_QUERY = 400


def select(fields: Sequence[str], sobject: str, *conditions: str, order: Sequence[str] = (), limit: int = 0) -> str:
    """Put a query together. Raise ValueError for a name that is none."""
    for name in (*fields, sobject, *order):
        if not re.fullmatch(FIELD_NAME, name):
            raise ValueError(f"not a field name: {name!r}")
    parts = ["SELECT", ", ".join(fields), "FROM", sobject]
    parts += ["WHERE", " AND ".join(conditions)] if conditions else []
    parts += ["ORDER BY", ", ".join(order)] if order else []
    parts += ["LIMIT", str(limit)] if limit else []
    return " ".join(parts)


def among(field: str, ids: Iterable[str]) -> str:
    """A condition on ids; each must have passed ``is_id``."""
    quoted = [f"'{one}'" for one in ids if is_id(one)]
    return f"{field} IN ({', '.join(quoted)})"


def those_where(field: str, sobject: str, conditions: Sequence[str]) -> str:
    """A condition on the ids of all rows of another object that hold some conditions."""
    return f"{field} IN ({select(('Id',), sobject, *conditions)})"


def since(field: str, moment: datetime) -> str:
    """At or after a time, in UTC, to the second below: >= and not >, for rows of the same second (S10)."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment}")
    return f"{field} >= {moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def before(field: str, moment: datetime) -> str:
    """Before a time, in UTC, which must be a whole second: ``since`` of the same time is then its exact opposite."""
    if moment.tzinfo is None or moment.microsecond:
        raise ValueError(f"not a whole second with a zone: {moment}")
    return f"{field} < {moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def count_by(field: str, sobject: str, parts: Sequence[str], *conditions: str) -> str:
    """Count rows by parts of a date, such as CALENDAR_YEAR: answered as part0, part1 and so on, and n."""
    for name in (field, sobject, *parts):
        if not re.fullmatch(FIELD_NAME, name):
            raise ValueError(f"not a field name: {name!r}")
    asked = [f"{part}({field})" for part in parts]
    named = [f"{part} part{number}" for number, part in enumerate(asked)]
    query = ["SELECT", ", ".join([*named, "COUNT(Id) n"]), "FROM", sobject]
    query += ["WHERE", " AND ".join(conditions)] if conditions else []
    return " ".join([*query, "GROUP BY", ", ".join(asked)])


def count_of_permissions(sobject: str, user: str) -> str:
    """Count the permission sets, that of the profile included, by which a user may see every row of an object."""
    if not re.fullmatch(FIELD_NAME, sobject) or not is_id(user):
        raise ValueError(f"not an object and a user: {sobject!r}, {user!r}")
    sets = select(("PermissionSetId",), "PermissionSetAssignment", f"AssigneeId = '{user}'")
    conditions = (f"SobjectType = '{sobject}'", "PermissionsViewAllRecords = true", f"ParentId IN ({sets})")
    return " ".join(["SELECT COUNT() FROM ObjectPermissions WHERE", " AND ".join(conditions)])


def is_id(text: str) -> bool:
    """Whether Salesforce could have given out such an id; it refuses a whole query for one that it could not."""
    return _SALESFORCE_ID.fullmatch(text) is not None


def select_bytes(fields: Sequence[str]) -> int:
    """How much of an address the list of fields takes."""
    return len(quote_plus(", ".join(fields)))


def chunks(ids: Sequence[str], fields: Sequence[str] = ()) -> Iterable[Sequence[str]]:
    """Cut a list of ids into pieces that fit into a query, beside these fields when they are many."""
    room = (_LARGEST_QUERY_BYTES - _CONDITIONS_BYTES - select_bytes(fields)) // _ID_BYTES
    size = min(_MOST_IDS_PER_QUERY, max(1, room))
    return (ids[start : start + size] for start in range(0, len(ids), size))
