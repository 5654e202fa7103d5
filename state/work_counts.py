"""What came and went by type, what serves nothing and what is named, counted where it lies, on both databases."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby

import orjson
from sqlalchemy import CTE, ColumnElement, Connection, String, and_, case, cast, collate, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import FromClause

from model.keys import normalise_key
from model.records import RecordKind, StatusCategory
from model.work_counts import Inflow, Mention, Unserved
from state import tables
from state.engine import chunked
from state.rows import GONE, AnyRow, AnySelect
from state.throughput import delivering_ids, has_parts

_TODO, _DOING, _DONE, _DROPPED = (
    StatusCategory.TODO.value,
    StatusCategory.DOING.value,
    StatusCategory.DONE.value,
    StatusCategory.DROPPED.value,
)
_DAY = 10
"""A time begins with its day, in UTC."""


class WorkCounts:
    """The counts of a view; each is one statement in its transaction."""

    _connection: Connection

    def inflows(self, objective_ids: Collection[str], since: date) -> Sequence[Inflow]:
        """What came and what was finished since a day, by team and type, of what delivers any of these objectives."""
        statement = inflow_statement(objective_ids, since, on_postgresql=self._on_postgresql)
        return inflows_of(self._connection.execute(statement))

    def unserved(self, since: date) -> Sequence[Unserved]:
        """How much of what each team has finished since a day, and works on now, serves no objective."""
        statement = unserved_statement(since, on_postgresql=self._on_postgresql)
        return unserved_of(self._connection.execute(statement))

    def mentions(self, types: Collection[str], since: date) -> Sequence[Mention]:
        """How many work items of these types, made since a day and not dropped, bear which label or component."""
        statement = mention_statement(types, since, on_postgresql=self._on_postgresql)
        return mentions_of(self._connection.execute(statement))

    def named(self, texts: Collection[str]) -> Mapping[str, Sequence[str]]:
        """The ids of what bears each of these texts as its key, in order; texts that nothing bears are left out."""
        names, found = tables.names, dict[str, list[str]]()
        by_name: dict[str, list[str]] = {}
        for text in texts:
            by_name.setdefault(normalise_key(text), []).append(text)
        statement = select(names.c.name, names.c.record_id).where(names.c.what == "key")
        for part in chunked(sorted(by_name)):
            for row in self._connection.execute(statement.where(names.c.name.in_(part))):
                for text in by_name[row.name]:
                    found.setdefault(text, []).append(row.record_id)
        return {text: sorted(ids) for text, ids in sorted(found.items())}

    @property
    def _on_postgresql(self) -> bool:
        return self._connection.dialect.name == "postgresql"


def inflow_statement(objective_ids: Collection[str], since: date, *, on_postgresql: bool) -> AnySelect:
    """Count the smallest pieces of what delivers these objectives by team, type, category and the days that matter."""
    item = tables.records.alias("item")
    delivering = delivering_ids(objective_ids).subquery("delivering")
    known = _category(item)
    made = func.substr(_told(item, "created", on_postgresql), 1, _DAY)
    made_since = case((made >= since.isoformat(), made)).label("made")
    ended = case((and_(known == _DONE, item.c.finished >= since), item.c.finished)).label("ended")
    changed = func.substr(_text(item.c.trace, "changed", on_postgresql), 1, _DAY)
    statement = (
        select(
            item.c.source,
            item.c.container,
            func.coalesce(_told(item, "type", on_postgresql), "").label("type"),
            known.label("category"),
            made_since,
            ended,
            func.count().label("pieces"),
            func.count(case((made.is_(None), 1))).label("undated"),
            func.count(case((or_(changed.is_(None), changed >= since.isoformat()), 1))).label("lately"),
            func.min(case((known == _TODO, item.c.start_date))).label("starts"),
        )
        .join_from(delivering, item, item.c.id == delivering.c.id)
        .where(item.c.kind == RecordKind.WORK_ITEM, _counts(item), ~has_parts(item))
    )
    return statement.group_by(*(statement.selected_columns[name] for name in _GROUPED))


_GROUPED = ("source", "container", "type", "category", "made", "ended")


def inflows_of(rows: Iterable[AnyRow]) -> list[Inflow]:
    """One inflow per team and type, in their order, from the rows of the statement."""

    def place(row: AnyRow) -> tuple[str, str, str]:
        return row.source, _team(row), row.type

    return [_inflow(*key, list(several)) for key, several in groupby(sorted(rows, key=place), key=place)]


def _inflow(source: str, team: str, type_: str, rows: Sequence[AnyRow]) -> Inflow:
    created, finished = Counter[date](), Counter[date]()
    open_ = [row for row in rows if row.category in (_TODO, _DOING)]
    for row in rows:
        if row.made is not None and row.category != _DROPPED:
            created[date.fromisoformat(row.made)] += row.pieces
        if row.ended is not None:
            finished[row.ended] += row.pieces
    lately = [*open_, *(row for row in rows if row.ended is not None)]
    return Inflow(
        source,
        team,
        type_,
        dict(sorted(created.items())),
        dict(sorted(finished.items())),
        open=sum(row.pieces for row in open_),
        begun=sum(row.pieces for row in open_ if row.category == _DOING),
        dropped=sum(row.lately for row in rows if row.category == _DROPPED),
        undated=sum(row.undated for row in lately),
        unstarted=min((row.starts for row in open_ if row.starts is not None), default=None),
    )


def unserved_statement(since: date, *, on_postgresql: bool) -> AnySelect:
    """Look for a link of what was finished lately or is being done, and climb from what contains it, once for all that
    lies in one place, to look for a link on the way."""
    item, links, members = tables.records.alias("item"), tables.links, tables.memberships
    known = _category(item)
    lately = or_(known == _DOING, and_(known == _DONE, item.c.finished >= since))
    pieces = (
        select(item.c.id, item.c.source, item.c.container, item.c.parent_id, known.label("category"))
        .where(item.c.kind == RecordKind.WORK_ITEM, _counts(item), lately, ~has_parts(item))
        .cte("pieces")
    )
    linked = select(links.c.record_id)
    shipped = select(members.c.record_id).join(links, links.c.record_id == members.c.release_id)
    # As joins, SQLite would go through what is served once for each piece.
    inside = or_(pieces.c.parent_id.is_(None), pieces.c.parent_id.not_in(_served_places(pieces)))
    alone = and_(pieces.c.id.not_in(linked), pieces.c.id.not_in(shipped), inside)
    statement = select(
        pieces.c.source,
        pieces.c.container,
        pieces.c.category,
        alone.label("alone"),
        func.count().label("pieces"),
        func.min(collate(pieces.c.id, "C") if on_postgresql else pieces.c.id).label("example"),
    )
    return statement.group_by(*(statement.selected_columns[name] for name in _TEAM_GROUPED))


def _served_places(pieces: CTE) -> AnySelect:
    """The parents of pieces that are linked, belong to a linked release, or lie inside what does."""
    above, links, members = tables.records, tables.links, tables.memberships
    places = select(pieces.c.parent_id.label("id")).where(pieces.c.parent_id.is_not(None)).distinct().cte("places")
    climb = select(places.c.id.label("place"), places.c.id.label("node")).cte("climb", recursive=True)
    climb = climb.union(
        select(climb.c.place, above.c.parent_id)
        .join_from(climb, above, above.c.id == climb.c.node)
        .where(above.c.parent_id.is_not(None))
    )
    of_releases = select(climb.c.place).join(members, members.c.record_id == climb.c.node)
    served = (
        select(climb.c.place)
        .join(links, links.c.record_id == climb.c.node)
        .union(of_releases.join(links, links.c.record_id == members.c.release_id))
        .subquery("served")
    )
    return select(served.c.place)


_TEAM_GROUPED = ("source", "container", "category", "alone")


def unserved_of(rows: Iterable[AnyRow]) -> list[Unserved]:
    """One entry per team, in their order, from the rows of the statement."""
    teams: dict[tuple[str, str], list[AnyRow]] = {}
    for row in rows:
        teams.setdefault((row.source, _team(row)), []).append(row)
    return [
        Unserved(
            *place,
            finished=sum(row.pieces for row in several if row.category == _DONE),
            finished_for_none=sum(row.pieces for row in several if row.category == _DONE and row.alone),
            doing=sum(row.pieces for row in several if row.category == _DOING),
            doing_for_none=sum(row.pieces for row in several if row.category == _DOING and row.alone),
            example=min((row.example for row in several if row.alone), default=None),
        )
        for place, several in sorted(teams.items())
    ]


def mention_statement(types: Collection[str], since: date, *, on_postgresql: bool) -> AnySelect:
    """Count the work items of these types by what they bear, as their source wrote it: JSON lists, read afterwards."""
    item = tables.records.alias("item")
    labels, components = (_told(item, name, on_postgresql).label(name) for name in ("labels", "components"))
    wanted = sorted({each.strip().casefold() for each in types})
    id_ = collate(item.c.id, "C") if on_postgresql else item.c.id
    return (
        select(item.c.source, labels, components, func.count().label("records"), func.min(id_).label("example"))
        .where(
            item.c.kind == RecordKind.WORK_ITEM,
            _counts(item),
            _category(item) != _DROPPED,
            func.lower(_told(item, "type", on_postgresql)).in_(wanted),
            func.substr(_told(item, "created", on_postgresql), 1, _DAY) >= since.isoformat(),
        )
        .group_by(item.c.source, labels, components)
    )


def mentions_of(rows: Iterable[AnyRow]) -> list[Mention]:
    """One mention per source and text, in their order; those of all of a source have a blank text."""
    counted, examples = Counter[tuple[str, str]](), dict[tuple[str, str], str]()
    for row in rows:
        texts = {each for told in (row.labels, row.components) if told for each in orjson.loads(told)}
        for place in ((row.source, text) for text in {"", *texts}):
            counted[place] += row.records
            examples[place] = min(examples.get(place, row.example), row.example)
    return [Mention(*place, counted[place], examples[place]) for place in sorted(counted)]


def _category(item: FromClause) -> ColumnElement[str]:
    """What a status means may not be known; it then counts as not begun."""
    return func.coalesce(item.c.category, _TODO)


def _told(item: FromClause, name: str, on_postgresql: bool) -> ColumnElement[str | None]:
    """A field of what a record says as text; a list as JSON."""
    return _text(item.c.facts, name, on_postgresql)


def _text(column: ColumnElement[str], name: str, on_postgresql: bool) -> ColumnElement[str | None]:
    if on_postgresql:
        return cast(cast(column, JSONB)[name].astext, String)
    return cast(func.json_extract(column, f"$.{name}"), String)


def _counts(item: FromClause) -> ColumnElement[bool]:
    return or_(item.c.absence.is_(None), item.c.absence.not_in(GONE))


def _team(row: AnyRow) -> str:
    return f"{row.source}/{row.container}" if row.container else row.source
