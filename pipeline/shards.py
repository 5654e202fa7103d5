"""Shards: which containers each has, and what of their walks fits the reading of the source that takes them over."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b
from importlib.metadata import version

from connectors.base import Connector, ReadContext
from connectors.skew import ClockSkew
from model.reading import Container, Cursor
from state.shards import Walk


def part_of(roster: Collection[Container], number: int, parts: int) -> frozenset[str]:
    """The containers that belong to one of so many parts, by id.

    They are dealt out in turn, whatever their state, so that everybody who sees the same roster deals alike. Who sees
    another one walks a container twice, or leaves it to whoever reads the source to its end.
    """
    ids = sorted({container.id for container in roster})
    return frozenset(ids[number - 1 :: parts])


def basis_of(connector: Connector, roster: Sequence[Container]) -> str:
    """Stands for all by which answers are asked for and read, besides the account: two who have the same would store
    the same of each answer."""
    options, context = connector.options, connector.context
    settings = (options.kind, options.model_dump_json(), str(context.zone), version("driftline"))
    seen = (sorted(connector.shape().items()), [(container.id, container.state) for container in roster])
    return blake2b(repr((settings, seen)).encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


def after_parts(context: ReadContext, walks: Collection[Walk]) -> ReadContext:
    """The context of a reading of which parts were walked before: its cursor goes back to the first of them, and as
    far as the slowest clock that one of them saw."""
    if not walks:
        return context
    behind = max(walk.behind for walk in walks)
    return replace(context, begun=min(walk.begun for walk in walks), skew=ClockSkew(max(behind, timedelta(0))))


def fitting(
    walks: Collection[Walk], connector: Connector, roster: Sequence[Container], start: Cursor | None, who: str
) -> list[Walk]:
    """The walks that gave at least what this reading would be given by a walk of its own from ``start`` (None:
    everything): by the same account, on the same basis, and not from a later start."""
    if not walks:
        return []
    basis = basis_of(connector, roster)
    return [walk for walk in walks if walk.basis == basis and walk.identity == who and walk.start in (None, start)]
