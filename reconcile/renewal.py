"""An earlier picture brought up to date: what changed is read anew, and forecast as far as it reaches.

The outcome is that of reading and forecasting everything; only the work is less.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from model.keys import objective_node, record_id
from model.links import Link, Role
from model.network import DateSource, Group, RollUp
from model.records import RecordKind, WorkItem
from model.runs import Coverage
from model.surroundings import Surroundings, Touched
from reconcile.amended import GONE, amended
from reconcile.floats import Floats
from reconcile.library import Library
from reconcile.network import Network, OwnDatesBy, edges_of
from reconcile.propagation import propagate_again
from reconcile.reach import Reached, asking, containing, downstream, leaves_named, reached
from reconcile.view import View
from reconcile.world import DEPENDENTS, World

Changes = dict[str, dict[str, Any]]
_ROLLED = (
    ("parents_work", Group.PARENT, False),
    ("parents_policy", Group.PARENT, True),
    ("members", Group.RELEASE, False),
    ("delivery_work", Group.OBJECTIVE, False),
    ("delivery_policy", Group.OBJECTIVE, True),
)
_OF_THEMSELVES = ("work", "releases", "deals", "savings", "absences", "own", "edges")


@dataclass(frozen=True, slots=True)
class Renewal:
    """The whole world as it is now, and the nodes about which something else may have to be said than before."""

    world: World
    scope: frozenset[str]
    relinked: frozenset[str]
    """Objectives that gained or lost a link."""
    changed: frozenset[str]
    """Records about which themselves something is different."""
    told: Mapping[str, AbstractSet[str]]
    """What findings are about, by the check that found them."""

    def scope_of(self, name: str, concerns: AbstractSet[RecordKind] | None) -> frozenset[str]:
        """The scope of a check: without those objectives below which no record of the kinds that it concerns changed,
        and of which it found nothing."""
        if concerns is None:
            return self.scope
        kinds = {
            RecordKind.DEAL: self.world.network.deals,
            RecordKind.SAVING: self.world.network.savings,
            RecordKind.MEASUREMENT: self.world.measurements,
            RecordKind.RELEASE: self.world.network.releases,
            RecordKind.WORK_ITEM: self.world.network.work,
        }
        wanted = [kinds[kind] for kind in concerns]
        objectives = self.world.network.objectives
        changed = [node for node in self.changed if any(node in kind for kind in wanted)]
        kept = containing([*self.relinked, *changed], self.world) | self.told.get(name, frozenset())
        return frozenset(node for node in self.scope if node not in objectives or node in kept)


def renew(
    world: World, view: View, touched: Touched, told: Mapping[str, AbstractSet[str]], *, now: datetime
) -> Renewal:
    """Bring a world up to date with what was stored since. Objectives, settings and the business day are the same, and
    so is how far every source was read. ``told`` are the nodes that findings are about, by their checks."""
    changed = touched.records
    before = world.network
    lay_below = _lay_below(view, changed)
    around = _around(world, view, changed, lay_below[Group.PARENT])
    changes = _Changes(world, view, around, touched, lay_below)
    network = _with(before, changes.of_network)
    renewed = replace(
        world,
        now=now,
        network=network,
        links=amended(world.links, changes.links),
        served=amended(world.served, changes.served),
        measurements=amended(world.measurements, changes.measurements),
        library=Library(view),
        coverage=_with_counts(view.coverage(counted=False), world.coverage),
        unknown_statuses=tuple(view.unknown_statuses()),
        moves={},
        changes={},
        histories={},
        derived=world.lasting | {DEPENDENTS: amended(world.dependents, changes.dependents)},
    )
    nodes = downstream(changes.nodes, world, renewed)
    # What a record is part of, and whether it has begun, decides how those see it that need it.
    waiting = (
        each for node in changes.themselves for seen in (world, renewed) for each in seen.dependents.get(node, ())
    )
    anew = changes.nodes.union(waiting)
    forecasts = propagate_again(network, world.forecasts, nodes, anew, world.today, world.calendars)
    renewed = replace(renewed, forecasts=forecasts)
    told_of = frozenset[str]().union(*told.values())
    scope = reached(Reached(world, renewed, changed, changes.nodes, changes.themselves, nodes, told_of))
    floats = Floats(network, forecasts, world.calendars, asking=partial(asking, world=renewed), likely=scope)
    relinked = frozenset(map(objective_node, {*touched.objectives, *changes.served}))
    return Renewal(replace(renewed, floats=floats), scope, relinked, changes.themselves, told)


def _with_counts(coverage: Iterable[Coverage], counted: Iterable[Coverage]) -> tuple[Coverage, ...]:
    """How far each source was read now, with the numbers of records that were counted last."""
    known = {each.source: each for each in counted}
    return tuple(
        replace(each, records=before.records, linked=before.linked, unlinkable=before.unlinkable)
        if (before := known.get(each.source)) is not None
        else each
        for each in coverage
    )


def _lay_below(view: View, changed: Collection[str]) -> Mapping[Group, set[str]]:
    """The parents and releases that the changed work ever lay below."""
    nodes: dict[Group, set[str]] = {Group.PARENT: set(), Group.RELEASE: set()}
    for revisions in view.histories(sorted(changed)).values():
        for revision in revisions:
            record = revision.record
            if isinstance(record, WorkItem):
                nodes[Group.RELEASE].update(record_id(record.source, each) for each in record.releases)
                if record.parent:
                    nodes[Group.PARENT].add(record_id(record.source, record.parent))
    return nodes


def _around(world: World, view: View, changed: Collection[str], parents: Collection[str]) -> Surroundings:
    network = world.network
    dependents = {each for node in changed for each in world.dependents.get(node, ())}
    needed = {
        edge.to
        for node in dependents.union(changed)
        for edge in network.edges.get(node, ())
        if edge.obstacle is None and edge.to not in network.objectives
    }
    arrived = [node for node in changed if node not in network.work and node not in network.releases]
    return view.around(changed, dependents=dependents, neighbours=needed.union(parents), arrived=arrived)


class _Changes:
    """What is different about a world, by the mapping that it is kept in. Only what is really different is named."""

    def __init__(
        self,
        world: World,
        view: View,
        around: Surroundings,
        touched: Touched,
        lay_below: Mapping[Group, Collection[str]],
    ) -> None:
        self._world = world
        self._before = world.network
        self._around = around
        self.of_network: Changes = {}
        self.links: dict[str, Any] = {}
        self.measurements: dict[str, Any] = {}
        self._read_records()
        self._read_links()
        self._after = _with(self._before, self.of_network)
        self._links_after = amended(world.links, self.links)
        self._add("own", self._own_dates())
        self._add("children", self._children())
        self._add("edges", self._edges())
        self._roll_up(view, touched, lay_below)
        self.served = self._served()
        self.dependents = self._dependents()
        own = (self.of_network[name] for name in _OF_THEMSELVES)
        dated_anew = (node for node in around.dated_anew if node in self._after.work)
        self.themselves = frozenset[str]().union(
            touched.records, dated_anew, self.links, self.measurements, self._leaves(), *own
        )
        objectives = map(objective_node, {*touched.objectives, *self.served})
        # A roll-up may stay the same although one of the pieces in it says something else.
        self.nodes = self.themselves.union(objectives, around.above, *lay_below.values(), *self._below())

    def _add(self, name: str, found: Mapping[str, Any]) -> None:
        """Keep what differs from before; ``GONE`` is what is not there any more."""
        known = getattr(self._before, name)
        self.of_network[name] = {key: value for key, value in found.items() if known.get(key, GONE) != value}

    def _read_records(self) -> None:
        around = self._around
        for name in ("work", "releases", "sprints", "deals", "savings"):
            found = {each.id: each for each in getattr(around, name)}
            self._add(name, {id_: found.get(id_, GONE) for id_ in around.asked})
        self._add("absences", {id_: around.absences.get(id_, GONE) for id_ in around.asked})
        readings = {each.id: each for each in around.measurements}
        self.measurements = {
            id_: readings.get(id_, GONE)
            for id_ in around.asked
            if self._world.measurements.get(id_, GONE) != readings.get(id_, GONE)
        }

    def _read_links(self) -> None:
        found: dict[str, list[Link]] = {}
        for link in self._around.links:
            found.setdefault(link.record_id, []).append(link)
        for id_ in self._around.asked:
            value = tuple(found[id_]) if id_ in found else GONE
            if self._world.links.get(id_, GONE) != value:
                self.links[id_] = value

    def _own_dates(self) -> dict[str, Any]:
        after, order = self._after, self._world.options.date_order
        own = OwnDatesBy(order, after.releases, after.sprints, after.absences)
        nodes = self._around.asked | self._around.dated_anew
        return {node: own.of(after.work[node]) if node in after.work else GONE for node in nodes}

    def _children(self) -> dict[str, Any]:
        """The lists of those above from which or to which one of the asked has gone."""
        gone: dict[str, set[str]] = {}
        new: dict[str, set[str]] = {}
        for node in self._around.asked:
            before = set(self._above(node, self._before, self._world.links))
            after = set(self._above(node, self._after, self._links_after))
            for each in before - after:
                gone.setdefault(each, set()).add(node)
            for each in after - before:
                new.setdefault(each, set()).add(node)
        return {
            each: tuple(sorted({*self._before.children.get(each, ()), *new.get(each, ())} - gone.get(each, set())))
            or GONE
            for each in gone.keys() | new.keys()
        }

    def _above(self, node: str, network: Network, links: Mapping[str, tuple[Link, ...]]) -> Iterator[str]:
        item = network.work.get(node)
        if item is not None:
            yield from (each for each in item.releases if each in network.releases)
            if item.parent and item.parent in network.work:
                yield item.parent
        if item is not None or node in network.releases:
            for link in links.get(node, ()):
                if link.role is Role.DELIVERS and link.objective_id in self._world.tree:
                    yield objective_node(link.objective_id)

    def _edges(self) -> dict[str, Any]:
        after, needs = self._after, self._around.needs
        wanted = {node for need in needs for node in need.prerequisites}
        nodes = {node: node for node in wanted if any(node in kind for kind in _inner(after))}
        found = edges_of(needs, nodes, {})
        return {node: found.get(node, GONE) for node in self._around.dependents}

    def _roll_up(self, view: View, touched: Touched, lay_below: Mapping[Group, Collection[str]]) -> None:
        """What the changed work lies below now, and what it lay below before."""
        nodes = {group: {*self._around.groups.get(group, ()), *lay_below.get(group, ())} for group in Group}
        nodes[Group.OBJECTIVE].update(map(objective_node, touched.objectives))
        order = self._world.options.date_order
        without_release = tuple(source for source in order if source is not DateSource.RELEASE)
        for name, group, by_policy in _ROLLED:
            found: dict[str, RollUp] = {}
            if not by_policy or DateSource.RELEASE in order:
                policy = order if by_policy else without_release
                rolled = view.rollups(group, policy, self._world.today, nodes[group], shipping=by_policy)
                found = {each.node: each for each in rolled}
            self._add(name, {node: found.get(node, GONE) for node in nodes[group]})

    def _served(self) -> dict[str, Any]:
        """The links of each objective that gained or lost one."""
        before = {id_: self._world.links.get(id_, ()) for id_ in self.links}
        after = {id_: self._links_after.get(id_, ()) for id_ in self.links}
        objectives = {link.objective_id for links in (*before.values(), *after.values()) for link in links}
        found: dict[str, Any] = {}
        for objective_id in objectives:
            kept = [link for link in self._world.served.get(objective_id, ()) if link.record_id not in self.links]
            new = [link for links in after.values() for link in links if link.objective_id == objective_id]
            found[objective_id] = tuple(sorted([*kept, *new], key=_as_read)) or GONE
        return found

    def _dependents(self) -> dict[str, Any]:
        gone: dict[str, set[str]] = {}
        new: dict[str, set[str]] = {}
        for node, edges in self.of_network["edges"].items():
            before = {edge.to for edge in self._before.edges.get(node, ())}
            after = {edge.to for edge in edges} if edges is not GONE else set()
            for each in before - after:
                gone.setdefault(each, set()).add(node)
            for each in after - before:
                new.setdefault(each, set()).add(node)
        known = self._world.dependents
        return {
            each: tuple(sorted({*known.get(each, ()), *new.get(each, ())} - gone.get(each, set()))) or GONE
            for each in gone.keys() | new.keys()
        }

    def _below(self) -> Iterator[Iterable[str]]:
        """Nodes below which something else lies than before."""
        yield self.of_network["children"]
        yield from (self.of_network[name] for name, _, _ in _ROLLED)

    def _leaves(self) -> Iterator[str]:
        """The work that roll-ups name now or named before, where they are others."""
        for nodes in self._below():
            for node in nodes:
                yield from leaves_named(self._before, node)
        for name, _, _ in _ROLLED:
            for rollup in self.of_network[name].values():
                if rollup is not GONE:
                    yield from (each for each in (rollup.latest_record, rollup.overdue_record) if each is not None)


def _with(network: Network, changes: Changes) -> Network:
    values: dict[str, Any] = {name: amended(getattr(network, name), found) for name, found in changes.items()}
    return replace(network, **values)


def _inner(network: Network) -> Iterable[Mapping[str, Any]]:
    return network.work, network.releases, network.objectives


def _as_read(link: Link) -> tuple[str, str, str, str]:
    return link.record_id, link.objective_id, link.role.value, link.rule
