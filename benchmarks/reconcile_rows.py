"""A generated state to be judged: work in programmes over two tools, deals, savings, objectives and their needs.

Everything follows from its number, so that two states of one size are the same. Needs stay inside a programme of a
thousand work items but for one in three hundred; most promises hold, as they do where somebody looks after them.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from model.keys import normalise_key, objective_node, source_of
from model.links import Link, Need, NeedOrigin, Role
from model.money import Money, Month, MonthAmount
from model.records import Deal, Outcome, Record, Release, Saving, Sprint, StatusCategory, WorkItem
from state import tables
from state.engine import add
from state.rows import prepare
from state.store import Store

TODAY = date(2026, 11, 21)
NOW = datetime.combine(TODAY, time(8), UTC)
SEEN = NOW - timedelta(hours=1)
SOURCES = ("jira", "asana", "crm", "savings")
_BLOCK = 20
_PROGRAMME = 1_000
_BATCH = 5_000
_Value = TypeVar("_Value")
_LEVELS = ("organization", "portfolio", "program", "project")
_TRACE = {"status": "fields.status", "due": "fields.duedate", "parent": "fields.parent", "title": "fields.summary"}
_STATUS = {
    StatusCategory.TODO: "To do",
    StatusCategory.DOING: "In progress",
    StatusCategory.DONE: "Done",
    StatusCategory.DROPPED: "Won't do",
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything; the whole is what an organisation of some ten thousand people has."""

    percent: float = 100.0

    def of(self, whole: int) -> int:
        return max(1, round(whole * self.percent / 100))

    @property
    def work(self) -> int:
        return self.of(1_000_000)

    @property
    def deals(self) -> int:
        return self.of(50_000)

    @property
    def savings(self) -> int:
        return self.of(20_000)

    @property
    def objectives(self) -> int:
        return self.of(5_000)

    @property
    def needs(self) -> int:
        return self.of(200_000)

    @property
    def releases(self) -> int:
        return self.of(5_000)

    @property
    def sprints(self) -> int:
        return self.of(2_000)


def chance_of(kind: str, number: int) -> random.Random:
    """The chances of one thing, always the same."""
    return random.Random(f"{kind}{number}")  # noqa: S311 - nothing secret


def work_source(number: int) -> str:
    """Of five blocks of work one lies in the other tool."""
    return "asana" if (number // _BLOCK) % 5 == 4 else "jira"


def work_key(number: int) -> str:
    return f"P{number // _PROGRAMME}-{number}"


def work_item(number: int, size: Size) -> WorkItem:
    """A block is an epic and nineteen stories; a third of the blocks of one tool ships with releases."""
    chance, block = chance_of("w", number), number // _BLOCK
    epic = number % _BLOCK == 0
    category = chance.choices(list(_STATUS), (30, 15, 54, 1))[0]
    is_open = category in (StatusCategory.TODO, StatusCategory.DOING)
    away = -chance.randrange(1, 60) if chance.random() < 0.01 else chance.randrange(1, 200)
    due = TODAY + timedelta(away) if chance.random() < (0.95 if epic else 0.7) else None
    begins = due - timedelta(chance.randrange(5, 30)) if due and is_open and chance.random() < 0.5 else None
    source = work_source(number)
    ships = source == "jira" and block % 3 == 0
    return WorkItem(
        source=source,
        native_id=str(number),
        key=work_key(number),
        title=f"Work {number} of programme {number // _PROGRAMME}: roll out the part that comes next",
        url=f"https://{source}.example/browse/{number}",
        owner=f"person-{chance.randrange(4000)}@example.com",
        container=f"P{number // _PROGRAMME}",
        changed=SEEN,
        provenance=_TRACE,
        type="Epic" if epic else "Story",
        status=_STATUS[category],
        category=category,
        start=begins,
        due=due,
        finished=TODAY - timedelta(chance.randrange(1, 300)) if category is StatusCategory.DONE else None,
        parent=None if epic else str(block * _BLOCK),
        releases=(f"r{chance_of('b', block).randrange(size.releases)}",) if ships else (),
        sprint=f"s{chance.randrange(size.sprints)}" if source == "jira" and chance.random() < 0.2 else None,
        labels=(f"team-{chance.randrange(40)}", f"area-{chance.randrange(200)}"),
        estimate=Decimal(chance.randrange(1, 21)),
    )


def release(number: int) -> Release:
    chance = chance_of("r", number)
    released = chance.random() < 0.2
    day = TODAY + timedelta(-chance.randrange(1, 200) if released else chance.randrange(10, 220))
    name = f"Train {number}"
    return Release(
        source="jira", native_id=f"r{number}", key=name, title=name, container="P0", release_date=day, released=released
    )


def sprint(number: int) -> Sprint:
    end = TODAY + timedelta(chance_of("s", number).randrange(-5, 60))
    return Sprint(source="jira", native_id=f"s{number}", key=f"Sprint {number}", title=f"Sprint {number}", end=end)


def epic_of(chance: random.Random, size: Size) -> int:
    return chance.randrange(max(1, size.work // _BLOCK)) * _BLOCK


def promised(number: int, size: Size) -> str:
    """What a deal waits for: a release, an epic or an objective."""
    chance = chance_of("p", number)
    what = chance.random()
    if what < 0.55:
        return f"Train {chance.randrange(size.releases)}"
    return work_key(epic_of(chance, size)) if what < 0.9 else f"O-{chance.randrange(size.objectives)}"


def deal(number: int, size: Size) -> Deal:
    chance = chance_of("d", number)
    outcome = chance.choices((Outcome.OPEN, Outcome.WON, Outcome.LOST), (6, 3, 1))[0]
    away = chance.randrange(20, 200) if chance.random() < 0.03 else chance.randrange(400, 700)
    return Deal(
        source="crm",
        native_id=str(number),
        key=f"OPP-{number}",
        title=f"Deal {number} with customer {number % 9000}",
        url=f"https://crm.example/{number}",
        owner=f"seller-{chance.randrange(500)}@example.com",
        changed=SEEN,
        provenance={"amount": "Amount", "promised_date": "Promised_Date__c", "promised": "Promised__c"},
        stage="Negotiation",
        outcome=outcome,
        amount=Money(Decimal(chance.randrange(5_000, 900_000)), "EUR"),
        probability=Decimal(chance.randrange(1, 10)) / 10,
        close_date=TODAY + timedelta(chance.randrange(1, 200)),
        promised=promised(number, size),
        promised_date=TODAY + timedelta(away) if chance.random() < 0.97 else None,
        account=f"Customer {number % 9000}",
    )


def saving(number: int, size: Size) -> Saving:
    chance = chance_of("v", number)
    start = TODAY + timedelta(chance.randrange(5, 200) if chance.random() < 0.05 else chance.randrange(400, 700))
    months = [Month(2027 + (month >= 12), month % 12 + 1) for month in range(12)]
    plan = tuple(MonthAmount(month, Decimal(chance.randrange(1_000, 90_000))) for month in months)
    return Saving(
        source="savings",
        native_id=str(number),
        key=f"M-{number}",
        title=f"Saving {number}",
        changed=SEEN,
        provenance={"planned_start": f"savings.xlsx!Tracker!D{number}", "plan": f"savings.xlsx!Tracker!F{number}"},
        currency="EUR",
        planned_start=start,
        plan=plan,
        enabler=work_key(epic_of(chance, size)),
    )


def records(size: Size) -> Iterator[Record]:
    yield from (release(number) for number in range(size.releases))
    yield from (sprint(number) for number in range(size.sprints))
    yield from (work_item(number, size) for number in range(size.work))
    yield from (deal(number, size) for number in range(size.deals))
    yield from (saving(number, size) for number in range(size.savings))


def measure_of(number: int, size: Size) -> str:
    """The measure that a block of work, a deal or a saving serves: those of one programme share a few."""
    first = min(size.objectives - 1, _parents(size))
    return f"O-{first + number % (size.objectives - first)}"


def _parents(size: Size) -> int:
    return max(1, size.objectives * 2 // 9)


def objective_parent(number: int, size: Size) -> int | None:
    """The first ones are portfolios, programmes and projects, ten below each."""
    if number == 0:
        return None
    parents = _parents(size)
    return (number - 1) // 10 if number < parents else number % parents


def _depth(number: int) -> int:
    return 0 if number == 0 else 1 + _depth((number - 1) // 10)


def links(size: Size) -> Iterator[Link]:
    """Every epic and every tenth story delivers a measure; every deal and every saving belongs to one."""
    for number in range(size.work):
        if number % _BLOCK in (0, 7, 13):
            block = number // _BLOCK
            objective = measure_of(block // 50 * 4 + block % 4, size)
            yield Link(f"{work_source(number)}:{number}", objective, Role.DELIVERS, "delivers")
    for number in range(size.deals):
        yield Link(f"crm:{number}", measure_of(number, size), Role.PROMISES, "promises")
    for number in range(size.savings):
        yield Link(f"savings:{number}", measure_of(number, size), Role.SAVES, "saves")


def needs(size: Size) -> Iterator[Need]:
    """One for each deal and saving, some of objectives; the rest lead from work to work with a lower number."""
    left = size.needs - size.deals - size.savings
    of_objectives = min(size.objectives // 5, left)
    for number in range(size.deals):
        yield Need(f"crm:{number}", promised(number, size), rule="promises")
    for number in range(size.savings):
        wanted = saving(number, size).enabler or ""
        yield Need(f"savings:{number}", wanted, chance_of("l", number).choice((0, 0, 14)), rule="saves")
    for number in range(of_objectives):
        node = objective_node(f"O-{size.objectives - 1 - number}")
        wanted = work_key(epic_of(chance_of("o", number), size))
        yield Need(node, wanted, origin=NeedOrigin.OBJECTIVES_FILE)
    for number in range(left - of_objectives):
        chance = chance_of("n", number)
        later = chance.randrange(min(_BLOCK, size.work - 1), size.work)
        first = 0 if chance.random() < 0.003 else later // _PROGRAMME * _PROGRAMME
        block = later // _BLOCK * _BLOCK
        earlier = chance.randrange(first, block) if first < block else max(0, block - 1)
        dependent, lag = f"{work_source(later)}:{later}", chance.choice((0, 0, 0, 2, 5))
        yield Need(dependent, work_key(earlier), lag, NeedOrigin.SOURCE_LINK)


def write(store: Store, size: Size) -> None:
    """Store all of it by the tables' own rows, as the last complete answer of every source."""
    run = store.start_run(SEEN, baseline=True)
    with store.writing() as connection:
        sources = [{"source": name, "complete": True, "read_at": SEEN, "error": ""} for name in SOURCES]
        add(connection, tables.sources, sources)
        for part in batched(records(size)):
            _write_records(connection, part, run)
        for some in batched(links(size)):
            add(connection, tables.links, [_link_row(link) for link in some])
        for few in batched(needs(size)):
            add(connection, tables.needs, [_need_row(need) for need in few])


def _write_records(connection: Connection, part: Sequence[Record], run: int) -> None:
    ready = [prepare(record) for record in part]
    when = {"first_seen": SEEN, "seen_at": SEEN, "absence": None, "absent_since": None}
    add(connection, tables.records, [each.row | when for each in ready])
    names = [
        {"name": name, "record_id": each.record.id, "source": each.record.source, "what": what}
        for each in ready
        for name, what in each.names.items()
    ]
    add(connection, tables.names, names)
    memberships = [
        {"record_id": each.record.id, "release_id": release_id} for each in ready for release_id in each.release_ids
    ]
    add(connection, tables.memberships, memberships)
    revisions = [
        {
            "record_id": each.record.id,
            "run_id": run,
            "seen_at": SEEN,
            "facts": each.encoded.facts,
            "trace": each.encoded.trace,
        }
        for each in ready
    ]
    add(connection, tables.revisions, revisions)


def _link_row(link: Link) -> dict[str, Any]:
    values = ("record_id", "objective_id", "rule", "location")
    return {name: getattr(link, name) for name in values} | {"role": link.role.value, "weight": str(link.weight)}


def _need_row(need: Need) -> dict[str, Any]:
    return {
        "dependent": need.dependent,
        "source": source_of(need.dependent),
        "wanted": need.wanted,
        "wanted_normalised": normalise_key(need.wanted),
        "lag_days": need.lag_days,
        "origin": need.origin.value,
        "rule": need.rule,
        "location": "",
    }


def batched(values: Iterable[_Value]) -> Iterator[list[_Value]]:
    """Split a stream into pieces."""
    rest = iter(values)
    while part := list(islice(rest, _BATCH)):
        yield part


SETTINGS = """\
version: 1
clock: {shows: "2026-11-21T08:00:00+00:00", since: "2026-11-21T08:00:00+00:00"}
state: {url: "sqlite:///driftline.db"}
objectives: [objectives.yaml]
mapping: [rules.yaml]
sources:
  jira: {kind: jira, url: "http://127.0.0.1:9", email: a@example.com, token: "env:BENCH_TOKEN", projects: [P0]}
  asana: {kind: asana, url: "http://127.0.0.1:9", token: "env:BENCH_TOKEN", projects: ["1"]}
  crm: {kind: salesforce, url: "http://127.0.0.1:9", client_id: x, client_secret: "env:BENCH_TOKEN", currency: EUR}
  savings: {kind: spreadsheet, path: savings.xlsx, records: saving, columns: {key: ID, title: Title}}
"""


def write_files(folder: Path, size: Size) -> None:
    """Settings for sources that nobody calls, the objectives, and a rule."""
    (folder / "driftline.yaml").write_text(SETTINGS)
    rule = "{name: nothing, role: delivers, objective: O-0, match: {kind: work_item, key: NONE-1}}"
    (folder / "rules.yaml").write_text(f"version: 1\nrules:\n  - {rule}\n")
    lines = []
    for number in range(size.objectives):
        parent = objective_parent(number, size)
        above = f", parent: O-{parent}" if parent is not None else ""
        level = "measure" if number >= _parents(size) else _LEVELS[_depth(number)]
        owner = f"owner: owner-{number}@example.com, sponsor: sponsor-{number % 50}@example.com"
        lines.append(f"  - {{id: O-{number}, level: {level}, name: Objective {number}{above}, {owner}}}\n")
    (folder / "objectives.yaml").write_text("version: 1\nobjectives:\n" + "".join(lines))
