"""Walking one part of a source, for whoever reads the source to its end: pages are stored, and nothing is concluded."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime

from connectors.base import Connector, ReadContext, SourceOptions
from connectors.deadline import Deadline
from connectors.registry import connector_type
from model.errors import SourceAuthError
from pipeline.drift import drift_of
from pipeline.ids import PackedIds
from pipeline.read import Reading, is_complete, visible
from pipeline.shards import basis_of, part_of
from pipeline.spending import spending_on_part
from pipeline.trust import Trust, to_approve
from state.shards import Shard, Walk
from state.store import Store


def walk_part(
    store: Store, shard: Shard, options: SourceOptions, context: ReadContext, *, clock: Callable[[], datetime]
) -> Walk:
    """Walk the visible containers of one part and give what it was; from where on is decided as for the whole source.

    Cursor, absences, side tables and what is noted about the source are left alone. Raise SourceError when the part
    could not be walked to its end by an account that is known (J23), InterruptedRunError when somebody asked to stop
    and StateError when the store cannot be used.
    """
    ids = PackedIds()
    reading = Reading(store, shard.run_id, shard.source, context, _say_nothing, seen=ids)
    with spending_on_part(store, shard.source, options, clock=clock) as (spend, spent):
        deadline = Deadline.begin(shard.source, options.deadline)
        reading.context = replace(context, known=reading.known, spend=spend, deadline=deadline, beside=shard.parts)
        with closing(connector_type(options.kind)(shard.source, options, reading.context)) as connector:
            walk = _walk(reading, connector, shard)
        return replace(walk, requests=spent(), ids=ids.packed())


def _walk(reading: Reading, connector: Connector, shard: Shard) -> Walk:
    store, name = reading.store, shard.source
    stored = store.cursor(name)
    trust = Trust.of(store, connector, stored)
    if (drift := drift_of(store, connector)) is not None:
        raise drift
    if trust.stranger:
        raise SourceAuthError(trust.doubt(connector).reason, location=name, hint=to_approve(name))
    roster = list(connector.roster())
    start = None if stored is None or is_complete(store, connector, roster, stored, trust) else stored.cursor
    containers = visible(roster) & part_of(roster, shard.number, shard.parts)
    reading.walk_part(connector, start, containers)
    trust.confirm(connector)
    return Walk(
        basis=basis_of(connector, roster),
        identity=trust.who,
        start=start,
        begun=reading.context.now,
        behind=reading.context.skew.behind,
        containers=containers,
        pages=reading.pages,
        read=reading.read,
        changed=reading.changed,
        set_aside=reading.set_aside,
    )


def _say_nothing(_source: str, _records: int) -> None:
    """How far a part is, is not shown."""
