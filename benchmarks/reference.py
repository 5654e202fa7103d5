"""The least that a pull can do: one connection, a fast JSON decoder, one SQLite table with the columns of our records.

It fills literally the columns of our table ``records``: the same typed ones, what the mapped fields say as JSON, where
and when the source said it, and the hashes of both. It concludes nothing: no identity, no history, no census, no
revisions, no names, no links, nothing survives a kill.
Run as ``python -m benchmarks.reference PORT DATABASE SOURCE...``.
"""

import http.client
import sqlite3
import sys
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

import orjson

from benchmarks import asana_rows, jira_rows, salesforce_rows

Row = tuple[str | bytes | None, ...]
_TABLE = """
create table records (
    id text primary key, source text, native_id text, kind text, key text, title text, container text,
    facts text, facts_hash blob, trace text, trace_hash blob,
    category text, start_date text, due text, finished text, parent_id text, sprint_id text,
    release_date text, released text, end_date text, outcome text,
    first_seen text, seen_at text, absence text, absent_since text
);
create index by_container on records (source, container);
create index by_kind on records (kind);
create index by_parent on records (parent_id);
"""
_INSERT = "insert into records values (" + ", ".join("?" * 25) + ")"  # noqa: S608 - marks alone
_NOW = "2026-06-01 08:00:00.000000"
_TIMES = (_NOW, _NOW, None, None)
"""When we first and last saw a record, and that it is not absent."""


class Asking:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None)

    def post(self, path: str, body: Any) -> Any:
        return self._ask("POST", path, orjson.dumps(body))

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        self._connection.request(method, path, body)
        return orjson.loads(self._connection.getresponse().read())


def _told(facts: Any, changed: str) -> Row:
    """What a record says and when its source said it, each as JSON with its hash."""
    said, trace = orjson.dumps(facts), orjson.dumps({"changed": changed})
    return (*(said.decode(), _hash(said)), *(trace.decode(), _hash(trace)))


def _hash(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


def jira(asking: Asking) -> Iterator[list[Row]]:
    wanted = {"jql": f"project in ({', '.join(jira_rows.PROJECTS)})", "maxResults": 100}
    wanted["fields"] = list(jira_rows.MAPPED_FIELDS)
    token: str | None = None
    while True:
        page = asking.post("/rest/api/3/search/jql", {**wanted, "nextPageToken": token})
        yield [_issue(raw) for raw in page["issues"]]
        token = page.get("nextPageToken")
        if token is None:
            return


def _issue(raw: Any) -> Row:
    fields = raw["fields"]
    parent, sprints = fields.get("parent"), fields[jira_rows.SPRINT_FIELD]
    return (
        *(f"jira:{raw['id']}", "jira", raw["id"], "work_item", raw["key"], fields["summary"]),
        *(fields["project"]["key"], *_told(fields, fields["updated"])),
        *(fields["status"]["statusCategory"]["key"], fields[jira_rows.START_FIELD], fields["duedate"]),
        *((fields["resolutiondate"] or "")[:10] or None, parent["id"] if parent else None),
        *(str(sprints[0]["id"]) if sprints else None, None, None, None, None),
        *_TIMES,
    )


def salesforce(asking: Asking) -> Iterator[list[Row]]:
    fields = ", ".join(salesforce_rows.MAPPED_FIELDS)
    soql = quote(f"SELECT {fields} FROM Opportunity ORDER BY SystemModstamp, Id")  # noqa: S608 - fixed names
    path: str | None = f"/services/data/v62.0/query/?q={soql}"
    while path is not None:
        page = asking.get(path)
        yield [_opportunity(raw) for raw in page["records"]]
        path = page.get("nextRecordsUrl")


def _opportunity(raw: Any) -> Row:
    outcome = "won" if raw["IsWon"] else "lost" if raw["IsClosed"] else "open"
    return (
        *(f"salesforce:{raw['Id']}", "salesforce", raw["Id"], "deal", raw["Id"], raw["Name"], "Opportunity"),
        *_told(raw, raw["SystemModstamp"]),
        *(None, None, None, None, None, None, None, None, None, outcome),
        *_TIMES,
    )


def asana(asking: Asking) -> Iterator[list[Row]]:
    fields = quote(",".join(asana_rows.MAPPED_FIELDS))
    for project in asana_rows.PROJECTS:
        asked = f"/api/1.0/tasks?project={project}&limit=100&opt_fields={fields}"
        place = ""
        while True:
            page = asking.get(asked + place)
            yield [_task(raw) for raw in page["data"]]
            if page["next_page"] is None:
                break
            place = f"&offset={page['next_page']['offset']}"


def _task(raw: Any) -> Row:
    category, finished = ("done", raw["completed_at"][:10]) if raw["completed"] else ("todo", None)
    return (
        *(f"asana:{raw['gid']}", "asana", raw["gid"], "work_item", raw["gid"], raw["name"]),
        *(raw["memberships"][0]["project"]["gid"], *_told(raw, raw["modified_at"]), category),
        *(raw["start_on"], raw["due_on"], finished, (raw["parent"] or {}).get("gid"), None, None, None, None, None),
        *_TIMES,
    )


PULLS: dict[str, Callable[[Asking], Iterator[list[Row]]]] = {"jira": jira, "salesforce": salesforce, "asana": asana}


def main(port: int, database: str, *sources: str) -> None:
    asking = Asking(port)
    connection = sqlite3.connect(database)
    connection.executescript("pragma journal_mode = wal; pragma synchronous = full;" + _TABLE)
    for source in sources:
        for rows in PULLS[source](asking):
            connection.executemany(_INSERT, rows)
    connection.commit()
    connection.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
