"""What was promised and is not in the plan any more: cancelled, deleted, or taken out of its release."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from model.findings import Evidence
from model.keys import objective_node, record_id, source_of
from model.links import Role
from model.network import DateSource, PlanWork
from model.records import Absence, Change, StatusCategory, WorkItem
from reconcile.amended import amended
from reconcile.forecast import Because, ForecastState
from reconcile.promises import Promise, is_told_late, promises
from reconcile.world import World

_OVER = frozenset({ForecastState.DONE, ForecastState.UNKNOWN})
_ENDED = frozenset({StatusCategory.DONE, StatusCategory.DROPPED})
_TELLING = frozenset({"status", "resolution"})


@dataclass(frozen=True, slots=True)
class Drop:
    """Something that was promised, or a part of it, and that is not planned any more.

    ``says`` is told of the node in words. ``changes`` are those that led to it, as far as anybody told them. ``left``
    is the release that it was taken out of.
    """

    node: str
    says: str
    changes: tuple[Change, ...] = ()
    left: str | None = None


def asked_about_targets(world: World, promises: Iterable[Promise]) -> frozenset[str]:
    """The work of whose changes ``dropped_target`` must know: what was promised and is dropped or in no release."""
    work, targets = world.network.work, {promise.target.node for promise in promises}
    return frozenset(node for node in targets if (item := work.get(node)) and _may_have_been_dropped(item))


def asked_about_parts(world: World, promises: Iterable[Promise]) -> frozenset[str]:
    """The work of whose changes ``dropped_parts`` must know: the features of each source in which a release may be
    promised, so that what is known of departures holds for promises to come."""
    work, releases = world.network.work, world.network.releases
    sources = {release.source for release in releases.values()}
    if not any(promise.target.node in releases for promise in promises):
        return frozenset()
    return frozenset(node for node in _features(world) if work[node].source in sources)


def _may_have_been_dropped(item: PlanWork) -> bool:
    return item.category is StatusCategory.DROPPED or (not item.releases and item.category not in _ENDED)


def dropped_target(world: World, promise: Promise) -> Drop | None:
    """How the very thing that was promised left the plan; None while it is in it.

    What left its release for no other is dropped, even where a date of its own remains, unless that date is later than
    the promise: then the dates tell it. What had left before the deal was made was promised without a release.
    """
    target = promise.target
    if target.dropped_itself:
        return _ended(world, target.node, target.because)
    item = world.network.work.get(target.node)
    if item is None or item.releases or target.state in _OVER or world.network.absences.get(target.node):
        return None
    if not _planned_by_release(world) or is_told_late(promise):
        return None
    departure = _departure(world, item)
    if departure is None:
        return None
    drop = _left(world, item, departure, " and belongs to no release any more")
    return None if _was_before(drop, promise) else drop


def dropped_parts(world: World, promises: Iterable[Promise]) -> Iterator[tuple[Promise, Drop]]:
    """Features that are no part any more of a release or an objective that was promised, with each such promise.

    A feature is linked work that delivers an objective, and no part of other work that does. What was gone before the
    deal was made was never promised with it.
    """
    by_whole = _dropped_by_whole(world)
    for promise in promises:
        if promise.target.state in _OVER or promise.target.dropped_itself:
            continue
        for drop in by_whole.get(promise.target.node, ()):
            if not _was_before(drop, promise):
                yield promise, drop


def _dropped_by_whole(world: World) -> dict[str, list[Drop]]:
    found: dict[str, list[Drop]] = {}
    for node in _features(world):
        for whole, drop in _drops_of(world, node):
            found.setdefault(whole, []).append(drop)
    return found


def _drops_of(world: World, node: str) -> Iterator[tuple[str, Drop]]:
    """The wholes that a feature was dropped from: releases, and the objectives that it delivered itself."""
    item, forecast = world.network.work[node], world.forecasts.get(node)
    now_in = set(item.releases)
    if forecast is not None and forecast.dropped_itself:
        drop = _ended(world, node, forecast.because)
        for whole in sorted(now_in.union(map(objective_node, _delivers(world, node)))):
            yield whole, drop
    elif item.category not in _ENDED and not world.network.absences.get(node):
        for change in _departures(world, item):
            release = record_id(item.source, change.old or "")
            if release in world.network.releases and not _ships_as_early(world, now_in, release):
                yield release, _left(world, item, change, "")


def _ships_as_early(world: World, now_in: Iterable[str], release: str) -> bool:
    """Whether one of these releases comes no later than the one that was left, or is that one."""
    before = world.forecasts.get(release)
    days = [
        each.day for node in now_in if (each := world.forecasts.get(node)) and each.day and not each.supports_nothing
    ]
    return release in now_in or (
        before is not None and before.day is not None and min(days, default=date.max) <= before.day
    )


def _features(world: World) -> Sequence[str]:
    if "features" not in world.derived:
        world.derived["features"] = tuple(_found_features(world))
    found: Sequence[str] = world.derived["features"]
    return found


def _found_features(world: World) -> list[str]:
    nodes = set(world.links)
    if world.scope is not None:  # what belongs to a promise, or left it, is looked up from there
        for promise in promises(world):
            target = promise.target.node
            nodes.update(world.network.children.get(target, ()), world.departed.get(target, ()))
    linked = {node: _delivers(world, node) for node in nodes if node in world.network.work}
    return sorted(node for node, served in linked.items() if served and not _is_part(world, node, served))


def _delivers(world: World, node: str) -> set[str]:
    return {link.objective_id for link in world.links.get(node, ()) if link.role is Role.DELIVERS}


def _is_part(world: World, node: str, served: set[str]) -> bool:
    """Whether something above it delivers one of its objectives as well."""
    seen = {node}
    item = world.network.work[node]
    while (above := item.parent) and above in world.network.work and above not in seen:
        if served & _delivers(world, above):
            return True
        seen.add(above)
        item = world.network.work[above]
    return False


def departures(
    known: Mapping[str, tuple[str, ...]], changes: Mapping[str, Sequence[Change]]
) -> Mapping[str, tuple[str, ...]]:
    """Which work once left which release, each by the id of the other: what was known, and what these changes tell."""
    found: dict[str, tuple[str, ...]] = {}
    for node, several in changes.items():
        for old in dict.fromkeys(each.old for each in several if each.field == "releases" and each.old):
            release = record_id(source_of(node), old)
            for one, other in ((release, node), (node, release)):
                before = found.get(one) or known.get(one, ())
                found[one] = before if other in before else (*before, other)
    return amended(known, found)


def _ended(world: World, node: str, because: Because) -> Drop:
    if because is Because.DELETED:
        return Drop(node, "was deleted")
    last = {change.field: change for change in world.changes.get(node, ()) if change.field in _TELLING}
    # Where the source names somebody for one of them, our own observation of the other adds nothing.
    named = tuple(change for change in last.values() if change.by)
    return Drop(node, "was cancelled", named or tuple(last.values()))


def _left(world: World, item: PlanWork, change: Change, more: str) -> Drop:
    release = record_id(item.source, change.old or "")
    record = world.record(release)
    name = record.key if record else "its release"
    return Drop(item.id, f"left {name}{more}", (change,), release)


def _departure(world: World, item: PlanWork) -> Change | None:
    """The last release that an item in none has left."""
    return max(_departures(world, item), key=lambda change: change.at, default=None)


def _departures(world: World, item: PlanWork) -> Iterator[Change]:
    """The last time that each release was left."""
    last: dict[str, Change] = {}
    for change in world.changes.get(item.id, ()):
        if change.field == "releases" and change.old:
            last[change.old] = change
    yield from last.values()


def _planned_by_release(world: World) -> bool:
    return DateSource.RELEASE in world.options.date_order


def _was_before(drop: Drop, promise: Promise) -> bool:
    """Whether it was out of the plan before the deal was made; where one of the days is unknown, nobody can say so."""
    created, dropped = promise.deal.created, max((change.at for change in drop.changes), default=None)
    return created is not None and dropped is not None and dropped < created


def drop_evidence(world: World, drop: Drop) -> Iterator[Evidence]:
    """Who took it out of the plan and when, as far as it is known, and what proves it where nobody told."""
    record = world.record(drop.node)
    key = record.key if record else drop.node
    absent = world.network.absences.get(drop.node)
    if absent is not None and absent[0] is Absence.DELETED:
        yield _proof(world, drop.node, key, "absence", "deleted", at=absent[1])
    for change in drop.changes:
        old, new = (_shown(world, drop.node, change.field, text) for text in (change.old, _became(world, drop, change)))
        yield _proof(world, drop.node, key, change.field, new, old=old, by=change.by, at=change.at)
    if not drop.changes and isinstance(record, WorkItem) and absent is None:
        field = "resolution" if record.resolution else "status"
        yield _proof(world, drop.node, key, field, record.resolution or record.status or "dropped")


def _became(world: World, drop: Drop, change: Change) -> str | None:
    """The new value; of a release that was left the one that was joined in the same moment, if any."""
    if change.field != "releases":
        return change.new
    joined = (
        each.new for each in world.changes.get(drop.node, ()) if each.at == change.at and each.field == "releases"
    )
    return next((each for each in joined if each), None)


def _shown(world: World, node: str, field: str, text: str | None) -> str:
    """A release by its name; what we have never seen by what its source calls it."""
    item = world.network.work.get(node)
    if field == "releases" and text is None:
        return "none"
    if field != "releases" or text is None or item is None:
        return text or ""
    release = world.record(record_id(item.source, text))
    return release.key if release else text


def _proof(
    world: World,
    node: str,
    key: str,
    field: str,
    value: str,
    *,
    old: str | None = None,
    by: str | None = None,
    at: datetime | None = None,
) -> Evidence:
    where = world.where(node, field)
    return Evidence(node, key, world.field_name(node, field), value, where, old=old, by=by, at=at)
