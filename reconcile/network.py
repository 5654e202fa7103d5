"""The plan network: what exists, what contains what and what needs what, over all tools. Values only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

from model.keys import normalise_key, objective_node, record_id
from model.links import Link, Need, Role
from model.network import DateSource, Group, RollUp
from model.objectives import Objective, ObjectiveTree
from model.records import Absence, Deal, Outcome, Release, Saving, Sprint, StatusCategory, WorkItem
from reconcile.forecast import NO_LAG, Lag
from reconcile.view import View

RollUps: TypeAlias = Mapping[str, RollUp]
NameOf: TypeAlias = Mapping[str, tuple[str, ...]]


GONE = frozenset({Absence.DELETED, Absence.MOVED})
"""The absences that prove something; what is otherwise out of sight keeps its last known dates (traps D.2)."""


class Obstacle(StrEnum):
    """Why a need leads to no node."""

    UNKNOWN_NAME = "unknown_name"
    AMBIGUOUS_NAME = "ambiguous_name"
    NOT_WORK = "not_work"


@dataclass(frozen=True, slots=True)
class Edge:
    """One need of one node. ``to`` is the node it waits for, or a stand-in ``name:…`` where there is an obstacle.

    ``owner`` looks after the need.
    """

    to: str
    wanted: str
    lag: Lag = NO_LAG
    obstacle: Obstacle | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class OwnDates:
    """What the date policy finds on one work item itself.

    ``work`` is its first date after the policy without releases; ``release`` is the release that the policy prefers to
    it, if any. ``releases`` are all unreleased releases it belongs to.
    """

    work: date | None = None
    source: DateSource = DateSource.DUE
    release: str | None = None
    releases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Nodes and edges of one run.

    Roll-ups come twice, because a release's date must not stand for its own members: ``*_work`` leaves releases out of
    the date policy, ``*_policy`` is the whole policy. ``complete`` says whether every source was completely read, so
    that an unknown name is known not to exist.
    """

    work: Mapping[str, WorkItem]
    releases: Mapping[str, Release]
    objectives: Mapping[str, Objective]
    deals: Mapping[str, Deal]
    savings: Mapping[str, Saving]
    own: Mapping[str, OwnDates]
    children: NameOf
    """Below a node: work below work, members of a release, what delivers an objective."""
    edges: Mapping[str, tuple[Edge, ...]]
    parents_work: RollUps
    parents_policy: RollUps
    members: RollUps
    delivery_work: RollUps
    delivery_policy: RollUps
    absences: Mapping[str, tuple[Absence, datetime]]
    complete: bool = True

    def inner(self) -> Iterable[str]:
        """Every node that others may wait for."""
        yield from self.work
        yield from self.releases
        yield from self.objectives

    def sinks(self) -> Iterable[str]:
        """Deals that are open or won, and savings: they wait, and nothing waits for them."""
        yield from (deal.id for deal in self.deals.values() if deal.outcome is not Outcome.LOST)
        yield from self.savings


def build(
    view: View, tree: ObjectiveTree, links: Iterable[Link], order: tuple[DateSource, ...], today: date
) -> Network:
    """Read the view once and arrange it; linear in what the view hands out."""
    work = {item.id: item for item in view.spine()}
    releases = {release.id: release for release in view.releases()}
    objectives = {objective_node(objective.id): objective for objective in tree.objectives}
    absences = view.absences()
    gone = {key for key, (absence, _) in absences.items() if absence in GONE}
    dated = {key: release for key, release in releases.items() if key not in gone}
    sprints = {sprint.id: sprint for sprint in view.sprints() if sprint.id not in gone}
    nodes = work.keys() | releases.keys() | objectives.keys()
    without_release = tuple(source for source in order if source is not DateSource.RELEASE)

    def rolled(group: Group, policy: tuple[DateSource, ...]) -> RollUps:
        return {rollup.node: rollup for rollup in view.rollups(group, policy, today)}

    return Network(
        work=work,
        releases=releases,
        objectives=objectives,
        deals={deal.id: deal for deal in view.deals()},
        savings={saving.id: saving for saving in view.savings()},
        own={key: own_dates(item, order, dated, sprints) for key, item in work.items()},
        children=_children(work, releases, tree, links),
        edges=_edges(view.needs(), nodes),
        parents_work=rolled(Group.PARENT, without_release),
        parents_policy=rolled(Group.PARENT, order) if DateSource.RELEASE in order else {},
        members=rolled(Group.RELEASE, without_release),
        delivery_work=rolled(Group.OBJECTIVE, without_release),
        delivery_policy=rolled(Group.OBJECTIVE, order) if DateSource.RELEASE in order else {},
        absences=absences,
        complete=all(entry.complete for entry in view.coverage()),
    )


def own_dates(
    item: WorkItem, order: tuple[DateSource, ...], releases: Mapping[str, Release], sprints: Mapping[str, Sprint]
) -> OwnDates:
    """Apply the date policy to one work item; of several unreleased releases the latest counts (design 5.2)."""
    joined = [
        release
        for native_id in item.releases
        if (release := releases.get(record_id(item.source, native_id))) and not release.released
    ]
    dated = [(release.release_date, release.id) for release in joined if release.release_date]
    latest = max(dated, default=None)
    sprint = sprints.get(record_id(item.source, item.sprint)) if item.sprint else None
    own: dict[DateSource, date | None] = {DateSource.DUE: item.due, DateSource.SPRINT: sprint.end if sprint else None}
    work = next(((own[source], source) for source in order if own.get(source)), (None, DateSource.DUE))
    preferred = latest is not None and DateSource.RELEASE in order
    if preferred and work[0] is not None and order.index(work[1]) < order.index(DateSource.RELEASE):
        preferred = False
    return OwnDates(
        work[0], work[1], latest[1] if latest and preferred else None, frozenset(release.id for release in joined)
    )


def _children(
    work: Mapping[str, WorkItem], releases: Mapping[str, Release], tree: ObjectiveTree, links: Iterable[Link]
) -> NameOf:
    below: dict[str, set[str]] = {}
    for item in work.values():
        if item.parent and (parent := record_id(item.source, item.parent)) in work:
            below.setdefault(parent, set()).add(item.id)
        for native_id in item.releases:
            if (release := record_id(item.source, native_id)) in releases:
                below.setdefault(release, set()).add(item.id)
    for objective in tree.objectives:
        if objective.parent and objective.parent in tree:
            below.setdefault(objective_node(objective.parent), set()).add(objective_node(objective.id))
    for link in links:
        is_work = link.record_id in work or link.record_id in releases
        if link.role is Role.DELIVERS and is_work and link.objective_id in tree:
            below.setdefault(objective_node(link.objective_id), set()).add(link.record_id)
    return {node: tuple(sorted(children)) for node, children in below.items()}


def _edges(needs: Iterable[Need], nodes: set[str]) -> Mapping[str, tuple[Edge, ...]]:
    found: dict[str, set[Edge]] = {}
    for need in needs:
        found.setdefault(need.dependent, set()).add(_edge(need, nodes))
    return {dependent: tuple(sorted(edges, key=_as_written)) for dependent, edges in found.items()}


def _as_written(edge: Edge) -> tuple[str, str, Lag, str, str]:
    return edge.to, edge.wanted, edge.lag, edge.obstacle or "", edge.owner or ""


def _edge(need: Need, nodes: set[str]) -> Edge:
    """A need that names nothing, or several things, supports nothing (design 5.3); both are told by the name."""
    to = f"name:{normalise_key(need.wanted)}"
    obstacle: Obstacle | None = Obstacle.UNKNOWN_NAME
    if len(need.prerequisites) == 1:
        to = need.prerequisites[0]
        obstacle = None if to in nodes else Obstacle.NOT_WORK
    elif need.prerequisites:
        obstacle = Obstacle.AMBIGUOUS_NAME
    return Edge(to, need.wanted, Lag(need.lag_days, need.calendar), obstacle, need.owner)


def is_started(item: WorkItem) -> bool:
    """Work that has actually started is not pushed by what it needs (design 5.3)."""
    return item.category not in (StatusCategory.TODO, None)
