"""A large Salesforce org: opportunities and their history, serialised beforehand."""

import random
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from benchmarks.http_server import Answers, Asked, RefusedError

PAGE_ROWS = 2000
MAPPED_FIELDS = (
    *("Id", "Name", "StageName", "IsWon", "IsClosed", "Amount", "Probability", "CloseDate", "CreatedDate"),
    *("SystemModstamp", "Owner.Email", "Owner.Name", "Owner.IsActive", "Account.Name"),
    *("Promised__c", "Promised_Date__c"),
)
"""What Driftline asks for, and so what the reference decodes."""
_FIRST_DAY = datetime(2025, 1, 6, 8, tzinfo=UTC)
_TYPES = {
    "Id": "id",
    "Name": "string",
    "StageName": "picklist",
    "IsWon": "boolean",
    "IsClosed": "boolean",
    "Amount": "currency",
    "Probability": "percent",
    "CloseDate": "date",
    "CreatedDate": "datetime",
    "SystemModstamp": "datetime",
    "LastModifiedDate": "datetime",
    "IsDeleted": "boolean",
    "OwnerId": "reference",
    "AccountId": "reference",
    "Promised__c": "string",
    "Promised_Date__c": "date",
}
_RELATIONS = {"OwnerId": "Owner", "AccountId": "Account"}
_DATA = r"/services/data/v[\d.]+"
_QUERY = re.compile(
    r"SELECT (?P<fields>.+?) FROM (?P<object>\w+)(?: WHERE (?P<where>.+?))?"
    r"(?: ORDER BY (?P<order>[\w., ]+?))?(?: LIMIT (?P<limit>\d+))?"
)
_COUNTED = re.compile(
    r"SELECT (?P<parts>.+), COUNT\(Id\) n FROM Opportunity(?: WHERE (?P<where>.+?))? GROUP BY (?P<by>.+)"
)
_PARTS = {"CALENDAR_YEAR": slice(0, 4), "CALENDAR_MONTH": slice(5, 7), "DAY_IN_MONTH": slice(8, 10)}
_PARTS["HOUR_IN_DAY"] = slice(11, 13)
"""Where a part of a date stands in its text."""
_OPPORTUNITIES = re.compile(r"IN \(SELECT Id FROM Opportunity(?: WHERE (.+?))?\)")
_CONDITION = re.compile(r"(?P<field>\w+) ?(?P<operator>>=|<=|=|>|<| IN) ?(?P<value>.+)")
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    "=": lambda left, right: left == right,
}


class SalesforceRows:
    """The opportunities of one org, in the order in which they were created."""

    def __init__(self, opportunities: int) -> None:
        chance = random.Random(opportunities)  # noqa: S311 - the same rows every time
        self._ids = [f"006Dm{place:010d}" + "IAA" for place in range(opportunities)]
        self._places = {native_id: place for place, native_id in enumerate(self._ids)}
        self._created: list[str] = []
        self._stamps: list[str] = []
        self._fields: list[dict[str, bytes]] = []
        self._history: dict[str, list[bytes]] = {}
        self._results: dict[str, tuple[list[int], list[str]]] = {}
        for place in range(opportunities):
            self._add(place, chance)

    def _add(self, place: int, chance: random.Random) -> None:
        created = _FIRST_DAY + timedelta(minutes=7 * place)
        close = date(2026, 9, 1) + timedelta(days=chance.randrange(300))
        won, closed = place % 5 == 0, place % 4 == 0
        row: dict[str, Any] = {
            "Id": self._ids[place],
            "Name": f"Deal {place} with customer {place % 900}",
            "StageName": "Closed Won" if won else "Proposal",
            "IsWon": won,
            "IsClosed": closed or won,
            "Amount": chance.randrange(1, 900) * 1000.0 if place % 9 else None,
            "Probability": 100.0 if won else 60.0,
            "CloseDate": close.isoformat(),
            "CreatedDate": _moment(created),
            "SystemModstamp": _moment(created + timedelta(days=3)),
            "LastModifiedDate": _moment(created + timedelta(days=3)),
            "IsDeleted": False,
            "Owner": {"attributes": {"type": "User"}, "Email": f"person.{place % 40}@example.com", "Name": "Person"}
            | {"IsActive": True},
            "Account": {"attributes": {"type": "Account"}, "Name": f"Customer {place % 900}"},
            "Promised__c": f"ALFA {place % 10}.0" if place % 50 == 0 else None,
            "Promised_Date__c": close.isoformat() if place % 3 else None,
        }
        self._created.append(_comparable(row["CreatedDate"]))
        self._stamps.append(_comparable(row["SystemModstamp"]))
        self._fields.append({name: orjson.dumps(name) + b":" + orjson.dumps(value) for name, value in row.items()})
        if place % 5 == 0:
            self._history[self._ids[place]] = [
                _history(place, row | {"CloseDate": str(close - timedelta(days=30)), "StageName": "Proposal"}, created),
                _history(place + 1, row, created + timedelta(days=2)),
            ]

    def serve(self, answers: Answers, address: Callable[[], str]) -> None:
        """``address`` tells where the server is, which the sign-in answers."""
        signed = {"access_token": "token", "token_type": "Bearer", "id": "https://login.salesforce.com/id/00D1/0051"}
        answers.route("POST", "/services/oauth2/token", lambda *_: orjson.dumps({**signed, "instance_url": address()}))
        answers.route("GET", "/services/oauth2/userinfo", _userinfo)
        answers.route("GET", "/services/data/?", lambda *_: orjson.dumps([{"version": "62.0"}]))
        answers.route("GET", rf"{_DATA}/sobjects/Opportunity/describe", lambda *_: orjson.dumps(_described()))
        answers.route("GET", rf"{_DATA}/sobjects/Opportunity/deleted/?", _deleted)
        answers.route("GET", rf"{_DATA}/(?:query|queryAll)/?", self._query)
        answers.route("GET", rf"{_DATA}/(?:query|queryAll)/(\w+)-(\d+)", self._more)

    def change(self, count: int) -> None:
        """Let so many opportunities, spread over all, get another name now."""
        now = _moment(datetime.now(UTC))
        for place in range(0, len(self._ids), max(1, len(self._ids) // count)) if count else ():
            name = f"Changed at {now}"
            for field, value in (("Name", name), ("SystemModstamp", now), ("LastModifiedDate", now)):
                self._fields[place][field] = orjson.dumps(field) + b":" + orjson.dumps(value)
            self._stamps[place] = _comparable(now)

    def _query(self, asked: Asked, _: object) -> bytes:
        soql = " ".join(asked.query["q"].split())
        if soql.startswith("SELECT COUNT() FROM ObjectPermissions "):
            return orjson.dumps({"totalSize": 1, "done": True, "records": []})
        if counted := _COUNTED.fullmatch(soql):
            return self._counts(counted["parts"], counted["where"])
        query = _QUERY.fullmatch(soql)
        if query is None:
            raise RefusedError(400, f"unexpected token in: {asked.query['q']}")
        fields = [name.strip() for name in query["fields"].split(",")]
        conditions = query["where"].split(" AND ") if query["where"] else []
        if query["object"] != "Opportunity":
            return self._histories(query["object"], query["where"])
        places = self._matching(conditions)
        if fields == ["COUNT()"]:
            return orjson.dumps({"totalSize": len(places), "done": True, "records": []})
        places = self._ordered(places, query["order"] or "")[: int(query["limit"] or len(places))]
        if len(fields) == 1 and "(" in fields[0]:
            return self._extreme(places, fields[0])
        shown = list(dict.fromkeys(name.partition(".")[0] for name in fields))
        locator = f"0r8Dm{len(self._results):010d}"
        if len(places) > PAGE_ROWS:
            self._results[locator] = places, shown
        return self._page(locator, places, shown, 0)

    def _counts(self, parts: str, where: str | None) -> bytes:
        """How many opportunities were created in each year, month, day or hour that has any."""
        places = self._matching(where.split(" AND ") if where else [])
        cuts = [_PARTS[part.partition("(")[0].strip()] for part in parts.split(",")]
        counts = Counter(tuple(int(self._created[place][cut]) for cut in cuts) for place in places)
        rows = [
            {"attributes": {}, **{f"part{number}": value for number, value in enumerate(values)}, "n": count}
            for values, count in sorted(counts.items())
        ]
        return orjson.dumps({"totalSize": len(rows), "done": True, "records": rows})

    def _more(self, _: Asked, match: re.Match[str]) -> bytes:
        if match[1] not in self._results:
            raise RefusedError(400, "invalid query locator")
        return self._page(match[1], *self._results[match[1]], int(match[2]))

    def _page(self, locator: str, places: Sequence[int], shown: Sequence[str], start: int) -> bytes:
        end = start + PAGE_ROWS
        kind = b'{"attributes":{"type":"Opportunity"},'
        rows = [
            kind + b",".join([fields[name] for name in shown]) + b"}"
            for fields in map(self._fields.__getitem__, places[start:end])
        ]
        more = b',"nextRecordsUrl":"/services/data/v62.0/query/%s-%d"' % (locator.encode(), end)
        done = end >= len(places)
        head = b'{"totalSize":%d,"done":%s%s' % (len(places), b"true" if done else b"false", b"" if done else more)
        return head + b',"records":[' + b",".join(rows) + b"]}"

    def _histories(self, name: str, where: str) -> bytes:
        inner = _OPPORTUNITIES.search(where)
        if inner:
            ids = [self._ids[place] for place in self._matching(inner[1].split(" AND ") if inner[1] else [])]
        else:
            ids = [one.strip("' ") for one in where.partition("(")[2].partition(")")[0].split(",")]
        found = [row for one in ids for row in self._history.get(one, ())] if name == "OpportunityHistory" else []
        return b'{"totalSize":%d,"done":true,"records":[' % len(found) + b",".join(found) + b"]}"

    def _matching(self, conditions: Sequence[str]) -> list[int]:
        found: Sequence[int] = range(len(self._ids))
        values = {"Id": self._ids, "CreatedDate": self._created, "SystemModstamp": self._stamps}
        for part in conditions:
            condition = _CONDITION.fullmatch(part.strip())
            if condition is None or condition["field"] not in values:
                raise RefusedError(400, f"unexpected token in: {part}")
            column, wanted = values[condition["field"]], condition["value"]
            if condition["operator"] == " IN":
                ids = {one.strip("' ") for one in wanted.strip("()").split(",")}
                found = [self._places[one] for one in ids if one in self._places]
                continue
            compare, limit = _COMPARE[condition["operator"]], _comparable(wanted.strip("'"))
            if isinstance(found, range) and column is self._created and condition["operator"] in (">=", "<"):
                # They stand in the order of their creation.
                place = bisect_left(column, limit)
                found = (
                    found[max(0, place - found.start) :]
                    if condition["operator"] == ">="
                    else (found[: max(0, place - found.start)])
                )
                continue
            found = [place for place in found if compare(column[place], limit)]
        return list(found)

    def _ordered(self, places: list[int], order: str) -> list[int]:
        backwards = "DESC" in order.upper()
        if "SystemModstamp" in order:
            return sorted(places, key=lambda place: (self._stamps[place], place), reverse=backwards)
        return sorted(places, reverse=backwards)

    def _extreme(self, places: Sequence[int], asked: str) -> bytes:
        """``MIN(SystemModstamp)`` and its like."""
        column = self._stamps if "SystemModstamp" in asked else self._created
        chosen = (min if asked.upper().startswith("MIN") else max)((column[place] for place in places), default=None)
        value = None if chosen is None else f"{chosen}.000+0000"
        return orjson.dumps({"totalSize": 1, "done": True, "records": [{"attributes": {}, "expr0": value}]})


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _comparable(text: str) -> str:
    """Times in either of Salesforce's two forms, as they compare; ids stay."""
    return text[:19] if re.match(r"\d{4}-\d\d-\d\dT", text) else text


def _history(number: int, deal: Mapping[str, Any], at: datetime) -> bytes:
    """One snapshot of a deal; the first of two differs in its day, and where it was won in its stage."""
    author = {"attributes": {"type": "User"}, "Name": "Person", "Email": "person.1@example.com"}
    told = {name: deal[name] for name in ("CloseDate", "StageName", "Amount", "Probability")}
    row = {"Id": f"008Dm{number:010d}IAA", "OpportunityId": deal["Id"], **told, "CreatedBy": author}
    return orjson.dumps({"attributes": {}, **row, "CreatedDate": _moment(at)})


def _userinfo(*_: object) -> bytes:
    return orjson.dumps({"user_id": "0051", "organization_id": "00D1", "preferred_username": "person@example.com"})


def _deleted(*_: object) -> bytes:
    now = _moment(datetime.now(UTC))
    return orjson.dumps({"deletedRecords": [], "earliestDateAvailable": now, "latestDateCovered": now})


def _described() -> dict[str, Any]:
    fields = [
        {"name": name, "label": name, "type": kind, "relationshipName": _RELATIONS.get(name), "calculated": False}
        for name, kind in _TYPES.items()
    ]
    return {"name": "Opportunity", "fields": fields}
