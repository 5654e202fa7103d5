"""What lies behind a piece of the plan: who waits for it, what it is part of, and the money that hangs on these."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from model.keys import objective_node
from model.links import Role
from model.objectives import Level, Objective
from reconcile.above import contained_in
from reconcile.values import children_of, linked_below
from reconcile.world import World

_WIDE = frozenset({Level.ORGANIZATION, Level.PORTFOLIO})
"""What belongs to the whole company hangs on no single piece of work."""
_MONEY = (Role.SAVES, Role.PROMISES)


@dataclass(frozen=True, slots=True)
class Downstream:
    """The nodes that wait for the start or contain it, in the order of their distance, the start left out.

    ``records`` are the deals and savings among them and those that are linked to the objectives among them or below.
    """

    nodes: tuple[str, ...]
    records: frozenset[str]
    values: tuple[str, ...]
    """The objectives among them, or the start, that state a value of their own."""


def downstream(world: World, starts: Iterable[str], *, parents: bool = True) -> Downstream:
    """Follow needs and containment from some nodes; without ``parents`` not to the objectives above an objective.

    Portfolios and the organization are left out: everything is part of them.
    """
    first = tuple(dict.fromkeys(starts))
    nodes, records, values = [], set[str](), []
    for node in _walk(world, first, parents=parents):
        nodes.append(node)
        objective = world.network.objectives.get(node)
        if node in world.network.deals or node in world.network.savings:
            records.add(node)
        elif objective is not None:
            records.update(id_ for role in _MONEY for id_ in linked_below(world, objective.id, role))
            if objective.values:
                values.append(objective.id)
    return Downstream(tuple(nodes[len(first) :]), frozenset(records), tuple(values))


def has_money(world: World, starts: Iterable[str]) -> bool:
    """Whether any money hangs on some nodes; the first that is found ends the search."""
    return any(_is_money(world, node) for node in _walk(world, dict.fromkeys(starts), parents=True))


def _is_money(world: World, node: str) -> bool:
    objective = world.network.objectives.get(node)
    if objective is None:
        return node in world.network.deals or node in world.network.savings
    return money_below(world, objective.id)


def money_below(world: World, objective_id: str) -> bool:
    """Whether an objective or anything below it states a value or is linked to a deal or a saving; worked out once."""
    known: dict[str, bool] = world.derived.setdefault("money below", {})
    if objective_id not in known:
        row = [objective_id]
        for each in row:
            row.extend(child for child in children_of(world, each) if child not in known)
        for each in reversed(row):  # what lies below comes after what it lies below
            below_it = any(known[child] for child in children_of(world, each))
            known[each] = below_it or _has_own_money(world, each)
    return known[objective_id]


def _has_own_money(world: World, objective_id: str) -> bool:
    objective = world.tree.get(objective_id)
    stated = objective is not None and bool(objective.values)
    return stated or any(link.role in _MONEY for link in world.served.get(objective_id, ()))


def _walk(world: World, starts: Iterable[str], *, parents: bool) -> Iterator[str]:
    """The starts, and what waits for them or contains them; nothing waits for deals and savings."""
    row = list(starts)
    seen = set(row)
    for node in row:
        yield node
        for following in _following(world, node, parents=parents):
            if following not in seen:
                seen.add(following)
                row.append(following)


def _following(world: World, node: str, *, parents: bool) -> Iterator[str]:
    yield from world.dependents.get(node, ())
    is_objective = node in world.network.objectives
    for above in contained_in(world, node):
        objective = world.network.objectives.get(above)
        if objective is None or not (objective.level in _WIDE or (is_objective and not parents)):
            yield above


def below(world: World, objective: Objective) -> Iterator[str]:
    """The nodes of an objective, of those below it, and of what delivers them."""
    row = [objective_node(objective.id)]
    for node in row:
        yield node
        for child in world.network.children.get(node, ()):
            if child in world.network.objectives:
                row.append(child)
            else:
                yield child
