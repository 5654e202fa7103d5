"""The picture of a state and its mails that an undisturbed run leaves, and how another one differs from it."""

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from email import message_from_bytes
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, create_engine

from tests.databases import url_of

Picture = Mapping[str, Mapping[Any, Any]]
"""By kind of thing: its name, and what must be equal. Times and numbers of runs are left out."""


def picture(database: Path | str, mails: Iterable[bytes] = ()) -> Picture:
    """What a state, by its path or its url, holds, and how many mails arrived under each Message-ID."""
    engine = create_engine(url_of(database) if isinstance(database, Path) else database)
    try:
        with engine.connect() as connection:
            return _picture(connection, mails)
    finally:
        engine.dispose()


def _picture(connection: Connection, mails: Iterable[bytes]) -> Picture:

    def rows(query: str) -> list[RowMapping]:
        return list(connection.exec_driver_sql(query).mappings())

    revisions = defaultdict(list)
    for row in rows("SELECT * FROM revisions ORDER BY id"):
        revisions[row["record_id"]].append((row["facts"], row["absence"]))
    lives, sequences = defaultdict(list), []
    for row in rows("SELECT * FROM transitions ORDER BY sequence"):
        sequences.append(row["sequence"])
        content = json.loads(row["content"])
        lives[row["fingerprint"]].append((row["kind"], content["reason"], content["baseline"]))
    return {
        "integrity": dict.fromkeys(_integrity(connection), True),
        "records": {row["id"]: (row["facts"], row["absence"]) for row in rows("SELECT * FROM records")},
        "revisions": dict(revisions),
        "links": {
            tuple(row.values()): True for row in rows("SELECT record_id, objective_id, role, rule, weight FROM links")
        },
        "needs": Counter(tuple(row.values()) for row in rows("SELECT dependent, wanted, lag_days, rule FROM needs")),
        "set aside": {row["native_id"]: row["reason"] for row in rows("SELECT * FROM set_aside")},
        "sources": {row["source"]: (row["complete"], row["error"]) for row in rows("SELECT * FROM sources")},
        "findings": {row["fingerprint"]: _finding(row) for row in rows("SELECT * FROM findings")},
        "transitions": dict(lives),
        "deliveries": {
            (row["audience"], row["slot"], row["recipient"]): (
                row["message_id"],
                row["subject"],
                row["reason"],
                # How many transitions it leaves to the next one: PostgreSQL leaves gaps where it rolled back.
                len(sequences) - bisect_right(sequences, row["covers"]),
                row["state"],
            )
            for row in rows("SELECT * FROM deliveries")
        },
        "open runs": {row["id"]: True for row in rows("SELECT * FROM runs WHERE outcome = 'running'")},
        "mails": Counter(str(message_from_bytes(mail)["Message-ID"]) for mail in mails),
    }


def _integrity(connection: Connection) -> list[str]:
    """What the database finds when it looks at itself; a server does so by its own means."""
    if connection.dialect.name == "postgresql":
        return ["ok"]
    return [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]


def _finding(row: RowMapping) -> tuple[Any, ...]:
    content = json.loads(row["content"])
    finding = content["finding"]
    return (
        row["state"],
        content["baseline"],
        json.dumps(content["told"], sort_keys=True),
        json.dumps({name: finding[name] for name in ("check", "subjects", "title", "impact", "cause", "severity")}),
    )


def differences(expected: Picture, found: Picture) -> list[str]:
    """What is lost, what is there without cause and what is not as it should be. A mail may have come twice."""
    told = []
    for kind, wanted in expected.items():
        there = found[kind]
        told += [f"{kind}: lost {name}" for name in wanted.keys() - there.keys()]
        told += [f"{kind}: nobody expected {name}" for name in there.keys() - wanted.keys()]
        if kind != "mails":
            told += [
                f"{kind}: {name} is {there[name]}, expected {wanted[name]}"
                for name in wanted.keys() & there.keys()
                if wanted[name] != there[name]
            ]
    return sorted(told)


def doubled(found: Picture) -> int:
    """How many mails came more than once."""
    return sum(count - 1 for count in found["mails"].values())
