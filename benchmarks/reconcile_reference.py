"""The least that finds late commitments: tuples from SQLite, dictionaries, one topological pass, one join.

It says for each deal by which day what was promised can be there, as an ISO date, ``None`` where nothing supports it.
No evidence, no chains, no other check, no lifecycle, no second look at a name.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

NOTHING = ""
"""What supports nothing: dropped, overdue, undated, or waiting for such a thing."""


def late_deals(path: Path, today: date) -> dict[str, tuple[str, str]]:
    """The deals that are promised earlier than the work says: both days."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return _late(connection, today.isoformat())
    finally:
        connection.close()


def _late(connection: sqlite3.Connection, today: str) -> dict[str, tuple[str, str]]:
    ask = connection.execute
    work = {row[0]: row for row in ask("SELECT id, category, start_date, due, parent_id, sprint_id FROM records "
                                       "WHERE kind = 'work_item' AND absence IS NULL")}  # fmt: skip
    released = dict(ask("SELECT id, CASE WHEN released THEN NULL ELSE release_date END FROM records "
                        "WHERE kind = 'release' AND absence IS NULL"))  # fmt: skip
    sprints = dict(ask("SELECT id, end_date FROM records WHERE kind = 'sprint' AND absence IS NULL"))
    members = ask("SELECT record_id, release_id FROM memberships").fetchall()
    delivers = ask("SELECT 'objective:' || objective_id, record_id FROM links WHERE role = 'delivers'").fetchall()
    edges = ask("SELECT needs.dependent, names.record_id, needs.lag_days FROM needs JOIN names "
                "ON names.name = needs.wanted_normalised AND names.what <> 'native'").fetchall()  # fmt: skip
    edges += ask("SELECT dependent, 'objective:' || upper(wanted), lag_days FROM needs "
                 "WHERE wanted LIKE 'O-%'").fetchall()  # fmt: skip
    days = _forecasts(work, released, sprints, members, delivers, edges, today)
    promised = ask("SELECT id, json_extract(facts, '$.promised_date') FROM records "
                   "WHERE kind = 'deal' AND absence IS NULL AND outcome <> 'lost'")  # fmt: skip
    return {id_: (day, days[id_]) for id_, day in promised if day and days.get(id_, NOTHING) > day}


def _forecasts(
    work: Mapping[str, Sequence[Any]],
    released: Mapping[str, str | None],
    sprints: Mapping[str, str | None],
    members: Iterable[tuple[str, str]],
    delivers: Iterable[tuple[str, str]],
    edges: Iterable[tuple[str, str, int]],
    today: str,
) -> dict[str, str]:
    """One pass in the order of what waits for what: the later of the own date, the parts and the needs."""
    own: dict[str, str] = {}
    parts: dict[str, list[str]] = {}
    ships: dict[str, tuple[str, str]] = {}
    for id_, category, _, due, parent, sprint in work.values():
        if category not in ("done", "dropped"):
            own[id_] = due or sprints.get(sprint) or NOTHING
        if parent:
            parts.setdefault(parent, []).append(id_)
    for id_, release in members:
        parts.setdefault(release, []).append(id_)
        day = released.get(release)
        if day and id_ in own:
            ships[id_] = max((day, release), ships.get(id_, (NOTHING, NOTHING)))
    for node, id_ in delivers:
        parts.setdefault(node, []).append(id_)
    needed: dict[str, list[tuple[str, int]]] = {}
    for dependent, node, lag in edges:
        if dependent not in work or work[dependent][1] == "todo":
            needed.setdefault(dependent, []).append((node, lag))
    own.update((release, day) for release, day in released.items() if day)
    days: dict[str, str] = {
        id_: NOTHING if row[1] == "dropped" else today for id_, row in work.items() if id_ not in own
    }
    for node in _order(parts, needed, days):
        day = max((days[part] for part in parts.get(node, ()) if part in own or part not in work), default=NOTHING)
        day = max(day, own.get(node, NOTHING), ships.get(node, (NOTHING,))[0])
        day = day if day >= today else NOTHING
        days[node] = _pushed(day, work.get(node), [(days[other], lag) for other, lag in needed.get(node, ())])
    # What was promised is there when its release is out.
    outside = ((node, wanted) for node, wanted in needed.items() if node not in work and node not in parts)
    for node, wanted in outside:
        out = [(max(days[other], days.get(ships[other][1], NOTHING)), lag) if other in ships else (days[other], lag)
               for other, lag in wanted]  # fmt: skip
        days[node] = _pushed(NOTHING, None, out)
    return days


def _pushed(day: str, item: Sequence[Any] | None, needed: Iterable[tuple[str, int]]) -> str:
    for other, lag in needed:
        if not other:
            return NOTHING
        begin = (date.fromisoformat(other) + timedelta(lag)).isoformat() if lag else other
        if item is not None and item[2] and item[3]:
            length = date.fromisoformat(item[3]) - date.fromisoformat(item[2])
            begin = (date.fromisoformat(max(begin, item[2])) + length).isoformat()
        day = max(day, begin) if day or item is None else day
    return day


def _order(
    parts: Mapping[str, Sequence[str]], needed: Mapping[str, Sequence[tuple[str, int]]], settled: Mapping[str, str]
) -> Iterable[str]:
    """Every node that is still open, each after what it waits for."""
    before: dict[str, int] = {}
    after: dict[str, list[str]] = {}
    known = set(settled)
    for node in {*parts, *needed} - known:
        wanted = {*parts.get(node, ()), *(other for other, _ in needed.get(node, ()))} - known
        before[node] = len(wanted)
        for each in wanted:
            after.setdefault(each, []).append(node)
    order = [node for node, count in before.items() if not count]
    order += [node for node in after if node not in before]
    for node in order:
        for each in after.get(node, ()):
            before[each] -= 1
            if not before[each]:
                order.append(each)
    return order
