"""What a state in PostgreSQL holds and which mails arrived, without times and numbers of runs."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from email import message_from_bytes
from typing import Any

from tests.state.postgres import connect

Picture = Mapping[str, Any]


def picture(url: str, mails: Iterable[bytes] = ()) -> Picture:
    """The records with their histories, links, findings with their lives, outbox and sources; and the mails."""
    with closing(connect(url)) as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        revisions: dict[str, list[Any]] = defaultdict(list)
        for record, facts, absence in rows("SELECT record_id, facts, absence FROM revisions ORDER BY id"):
            revisions[record].append((facts, absence))
        lives: dict[str, list[Any]] = defaultdict(list)
        for fingerprint, kind, content in rows("SELECT fingerprint, kind, content FROM transitions ORDER BY sequence"):
            told = json.loads(content)
            lives[fingerprint].append((kind, told["reason"], told["baseline"]))
        return {
            "records": {id_: rest for id_, *rest in rows("SELECT id, facts, absence FROM records")},
            "revisions": dict(revisions),
            "links": Counter(rows("SELECT record_id, objective_id, role, rule, weight FROM links")),
            "needs": Counter(rows("SELECT dependent, wanted, lag_days, rule FROM needs")),
            "sources": {name: rest for name, *rest in rows("SELECT source, complete, error FROM sources")},
            "findings": {id_: _finding(state, content) for id_, state, content in rows(_FINDINGS)},
            "transitions": dict(lives),
            "deliveries": Counter(rows("SELECT audience, slot, recipient, message_id, subject, state FROM deliveries")),
            "open runs": [number for (number,) in rows("SELECT id FROM runs WHERE outcome = 'running'")],
            "mails": Counter(str(message_from_bytes(mail)["Message-ID"]) for mail in mails),
        }


_FINDINGS = "SELECT fingerprint, state, content FROM findings"


def _finding(state: str, content: str) -> tuple[Any, ...]:
    told = json.loads(content)
    finding = told["finding"]
    kept = {name: finding[name] for name in ("check", "subjects", "title", "impact", "cause", "severity")}
    return state, told["baseline"], json.dumps(told["told"], sort_keys=True), json.dumps(kept)


def differences(expected: Picture, found: Picture) -> list[str]:
    """The kinds that are not the same, with what is."""
    return [f"{kind}: {found[kind]}, expected {wanted}" for kind, wanted in expected.items() if found[kind] != wanted]
