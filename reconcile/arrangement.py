"""Puts nodes after what they wait for; what waits for itself is named and the rest goes on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cycle:
    """Nodes that wait for each other. ``loop`` is one way around; its first node is the smallest of all."""

    nodes: tuple[str, ...]
    loop: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Every node once, each after its predecessors, cycles apart."""

    order: tuple[str, ...]
    cycles: tuple[Cycle, ...]


def arrange(predecessors: Mapping[str, Sequence[str]]) -> Arrangement:
    """Kahn's pass; what it leaves over is taken apart into cycles and what merely waits for one. Linear."""
    waiting: dict[str, int] = {}
    successors: dict[str, list[str]] = {}
    for node, before in predecessors.items():
        waiting[node] = 0
        for each in before:
            if each in predecessors:
                waiting[node] += 1
                successors.setdefault(each, []).append(node)
    order = [node for node, count in waiting.items() if count == 0]
    for node in order:
        for successor in successors.get(node, ()):
            waiting[successor] -= 1
            if waiting[successor] == 0:
                order.append(successor)
    if len(order) == len(predecessors):
        return Arrangement(tuple(order), ())
    left = {node: [each for each in predecessors[node] if waiting.get(each)] for node in waiting if waiting[node]}
    cycles = []
    for group in _strong_groups(left):
        if len(group) > 1 or group[0] in left[group[0]]:
            cycles.append(Cycle(tuple(sorted(group)), _loop(group, left)))
        order.extend(group)
    return Arrangement(tuple(order), tuple(sorted(cycles, key=lambda cycle: cycle.nodes)))


def _strong_groups(predecessors: Mapping[str, Sequence[str]]) -> Iterable[list[str]]:
    """Groups of nodes that reach each other, each after the groups it waits for (Tarjan, without recursion)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_nodes: list[str] = []
    is_open: set[str] = set()
    for start in predecessors:
        if start in number:
            continue
        walk = [(start, iter(predecessors[start]))]
        number[start] = lowest[start] = len(number)
        open_nodes.append(start)
        is_open.add(start)
        while walk:
            node, rest = walk[-1]
            for each in rest:
                if each not in number:
                    number[each] = lowest[each] = len(number)
                    open_nodes.append(each)
                    is_open.add(each)
                    walk.append((each, iter(predecessors[each])))
                    break
                if each in is_open:
                    lowest[node] = min(lowest[node], number[each])
            else:
                walk.pop()
                if walk:
                    lowest[walk[-1][0]] = min(lowest[walk[-1][0]], lowest[node])
                if lowest[node] == number[node]:
                    yield _closed(node, open_nodes, is_open)


def _closed(root: str, open_nodes: list[str], is_open: set[str]) -> list[str]:
    group = []
    while True:
        node = open_nodes.pop()
        is_open.discard(node)
        group.append(node)
        if node == root:
            return group


def _loop(group: Sequence[str], predecessors: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """One way around through the smallest node: the shortest, found breadth first."""
    start, inside = min(group), set(group)
    came_from: dict[str, str] = {}
    row = [start]
    for node in row:
        for each in sorted(predecessors[node]):
            if each == start:
                return _path(start, node, came_from)
            if each in inside and each not in came_from:
                came_from[each] = node
                row.append(each)
    return (start,)


def _path(start: str, last: str, came_from: Mapping[str, str]) -> tuple[str, ...]:
    path = [last]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return tuple(reversed(path))
