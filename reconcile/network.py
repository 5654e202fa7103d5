"""The plan network: what exists, what contains what and what needs what, over all tools. Values only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import chain
from typing import TypeAlias

from model.keys import normalise_key, objective_node
from model.links import Link, Need, Role
from model.network import DateSource, Group, PlanWork, RollUp
from model.objectives import Objective, ObjectiveTree, StageGate
from model.records import Absence, Deal, Outcome, Release, Saving, Sprint, StatusCategory
from reconcile.forecast import NO_LAG, Lag
from reconcile.view import View

RollUps: TypeAlias = Mapping[str, RollUp]
NameOf: TypeAlias = Mapping[str, tuple[str, ...]]


GONE = frozenset({Absence.DELETED, Absence.MOVED})
"""The absences that prove something; what is otherwise out of sight keeps its last known dates (traps D.2)."""
_ENDED = frozenset({StatusCategory.DONE, StatusCategory.DROPPED})
_CLOSED = frozenset({StageGate.CANCELLED, StageGate.CLOSED})


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
    the date policy, ``*_policy`` is the whole policy, for the nodes below which it may say something else. ``complete``
    says whether every source was completely read, so that an unknown name is known not to exist.
    """

    work: Mapping[str, PlanWork]
    releases: Mapping[str, Release]
    sprints: Mapping[str, Sprint]
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
        yield from (node for node, deal in self.deals.items() if deal.outcome is not Outcome.LOST)
        yield from self.savings

    def is_inner(self, node: str) -> bool:
        """Whether a node is one of ``inner``."""
        return node in self.work or node in self.releases or node in self.objectives

    def is_sink(self, node: str) -> bool:
        """Whether a node is one of the ``sinks``."""
        deal = self.deals.get(node)
        return node in self.savings if deal is None else deal.outcome is not Outcome.LOST


def build(
    view: View, tree: ObjectiveTree, links: Iterable[Link], order: tuple[DateSource, ...], today: date
) -> Network:
    """Read the view once and arrange it; linear in what the view hands out."""
    work = {item.id: item for item in view.spine()}
    releases = {release.id: release for release in view.releases()}
    objectives = {objective_node(objective.id): objective for objective in tree.objectives}
    sprints = {sprint.id: sprint for sprint in view.sprints()}
    absences = view.absences()
    own = OwnDatesBy(order, releases, sprints, absences)
    linked = {link.record_id: link.record_id for link in links}
    deals = {linked.get(deal.id, deal.id): deal for deal in view.deals()}
    savings = {linked.get(saving.id, saving.id): saving for saving in view.savings()}
    nodes = {node: node for node in chain(work, releases, objectives)}
    keys = chain((item.key for item in work.values()), (release.key for release in releases.values()))
    spelled = {name: name for name in chain(deals, savings, keys)}
    without_release = tuple(source for source in order if source is not DateSource.RELEASE)

    def rolled(group: Group) -> RollUps:
        return {rollup.node: rollup for rollup in view.rollups(group, without_release, today)}

    def shipping(group: Group) -> RollUps:
        if DateSource.RELEASE not in order:
            return {}
        return {rollup.node: rollup for rollup in view.rollups(group, order, today, shipping=True)}

    return Network(
        work=work,
        releases=releases,
        sprints=sprints,
        objectives=objectives,
        deals=deals,
        savings=savings,
        own={key: own.of(item) for key, item in work.items()},
        children=_children(work, releases, tree, links),
        edges=edges_of(view.needs(), nodes, spelled),
        parents_work=rolled(Group.PARENT),
        parents_policy=shipping(Group.PARENT),
        members=rolled(Group.RELEASE),
        delivery_work=rolled(Group.OBJECTIVE),
        delivery_policy=shipping(Group.OBJECTIVE),
        absences=absences,
        complete=all(entry.complete for entry in view.coverage()),
    )


class OwnDatesBy:
    """Applies the date policy to work items. Nodes with the same outcome share it: most have a due date at most."""

    def __init__(
        self,
        order: tuple[DateSource, ...],
        releases: Mapping[str, Release],
        sprints: Mapping[str, Sprint],
        absences: Mapping[str, tuple[Absence, datetime]],
    ) -> None:
        gone = {key for key in chain(releases, sprints) if key in absences and absences[key][0] in GONE}
        self._order = order
        self._releases = {key: release for key, release in releases.items() if key not in gone}
        self._sprints = {key: sprint for key, sprint in sprints.items() if key not in gone}
        self._shared: dict[OwnDates, OwnDates] = {}
        self._due: dict[date | None, OwnDates] = {}

    def of(self, item: PlanWork) -> OwnDates:
        if not item.releases and item.sprint is None:
            found = self._due.get(item.due)
            if found is None:
                found = self._due[item.due] = self._judged(item)
            return found
        own = self._judged(item)
        return self._shared.setdefault(own, own)

    def _judged(self, item: PlanWork) -> OwnDates:
        """Of several unreleased releases the latest counts (design 5.2)."""
        joined = [release for id_ in item.releases if (release := self._releases.get(id_)) and not release.released]
        dated = [(release.release_date, release.id) for release in joined if release.release_date]
        latest = max(dated, default=None)
        sprint = self._sprints.get(item.sprint) if item.sprint else None
        own: dict[DateSource, date | None] = {
            DateSource.DUE: item.due,
            DateSource.SPRINT: sprint.end if sprint else None,
        }
        order = self._order
        work = next(((own[source], source) for source in order if own.get(source)), (None, DateSource.DUE))
        preferred = latest is not None and DateSource.RELEASE in order
        if preferred and work[0] is not None and order.index(work[1]) < order.index(DateSource.RELEASE):
            preferred = False
        members = frozenset(release.id for release in joined)
        return OwnDates(work[0], work[1], latest[1] if latest and preferred else None, members)


def _children(
    work: Mapping[str, PlanWork], releases: Mapping[str, Release], tree: ObjectiveTree, links: Iterable[Link]
) -> NameOf:
    below: dict[str, list[str]] = {}
    for item in work.values():
        if item.parent and item.parent in work:
            below.setdefault(item.parent, []).append(item.id)
        for release in item.releases:
            if release in releases:
                below.setdefault(release, []).append(item.id)
    for objective in tree.objectives:
        if objective.parent and objective.parent in tree:
            below.setdefault(objective_node(objective.parent), []).append(objective_node(objective.id))
    for link in links:
        is_work = link.record_id in work or link.record_id in releases
        if link.role is Role.DELIVERS and is_work and link.objective_id in tree:
            below.setdefault(objective_node(link.objective_id), []).append(link.record_id)
    return {node: tuple(sorted(set(children))) for node, children in below.items()}


def edges_of(
    needs: Iterable[Need], nodes: Mapping[str, str], spelled: Mapping[str, str]
) -> Mapping[str, tuple[Edge, ...]]:
    """What each dependent waits for.

    ``nodes`` and ``spelled`` give names as others hold them already, so that no copies are kept.

    ``nodes`` are those that can be waited for, ``spelled`` are deals, savings and keys.
    """
    found: dict[str, list[Edge]] = {}
    lags: dict[tuple[int, str], Lag] = {}
    for need in needs:
        lag = lags.get((need.lag_days, need.calendar))
        if lag is None:
            lag = lags[need.lag_days, need.calendar] = Lag(need.lag_days, need.calendar)
        edge = _edge(need, spelled.get(need.wanted, need.wanted), nodes, lag)
        dependent = need.dependent
        found.setdefault(nodes.get(dependent) or spelled.get(dependent, dependent), []).append(edge)
    return {
        node: tuple(edges) if len(edges) == 1 else tuple(sorted(set(edges), key=_as_written))
        for node, edges in found.items()
    }


def _as_written(edge: Edge) -> tuple[str, str, Lag, str, str]:
    return edge.to, edge.wanted, edge.lag, edge.obstacle or "", edge.owner or ""


def _edge(need: Need, wanted: str, nodes: Mapping[str, str], lag: Lag) -> Edge:
    """A need that names nothing, or several things, supports nothing (design 5.3); both are told by the name."""
    if len(need.prerequisites) == 1:
        to = need.prerequisites[0]
        if (known := nodes.get(to)) is not None:
            return Edge(known, wanted, lag, None, need.owner)
        return Edge(to, wanted, lag, Obstacle.NOT_WORK, need.owner)
    obstacle = Obstacle.AMBIGUOUS_NAME if need.prerequisites else Obstacle.UNKNOWN_NAME
    return Edge(f"name:{normalise_key(need.wanted)}", wanted, lag, obstacle, need.owner)


def is_settled(network: Network, node: str) -> bool:
    """Whether the fate of a node is known whatever becomes of others: it has ended, or is absent."""
    if (item := network.work.get(node)) is not None:
        return item.category in _ENDED or node in network.absences
    if (release := network.releases.get(node)) is not None:
        return release.released or release.archived or node in network.absences
    objective = network.objectives.get(node)
    return objective is not None and objective.stage_gate in _CLOSED


def is_started(item: PlanWork) -> bool:
    """Work that has actually started is not pushed by what it needs (design 5.3)."""
    return item.category not in (StatusCategory.TODO, None)


def planned_days(item: PlanWork | None) -> int | None:
    """Days between planned start and due date, which work keeps when it is pushed; None when one of them is missing."""
    if item is None or item.start is None or item.due is None or item.due < item.start:
        return None
    return (item.due - item.start).days
