"""What checks ask the store to count about the few objectives of which something may be told."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Protocol, cast

from model.keys import objective_node
from model.work_counts import Inflow, Mention, Unserved
from reconcile.check import Blind
from reconcile.throughput import this_monday
from reconcile.world import World

WEEK = 7
MOST_PIECES = 10_000
"""Below an objective with more pieces of work nothing is counted by week: what lies below it tells more."""


class Counts(Protocol):
    """The counts that a view may be asked for."""

    def inflows(self, objective_ids: Collection[str], since: date) -> Sequence[Inflow]:
        """What came and what was finished since a day, by team and type, of what delivers any of these objectives."""

    def unserved(self, since: date) -> Sequence[Unserved]:
        """How much of what each team has finished since a day, and works on now, serves no objective."""

    def mentions(self, types: Collection[str], since: date) -> Sequence[Mention]:
        """How many work items of these types, made since a day and not dropped, bear which label or component."""

    def named(self, texts: Collection[str]) -> Mapping[str, Sequence[str]]:
        """The ids of what bears each of these texts as its key, in order; texts that nothing bears are left out."""


NOT_COUNTED = Blind("what is stored is not counted by week")
"""What a check says that needs counts of a view that has none."""


def counts_of(world: World) -> Counts | None:
    """The counts of the view behind a world; None where it has none."""
    view: Any = world.library.view
    return cast(Counts, view) if hasattr(view, "inflows") else None


def inflows_of(world: World, counts: Counts, objective_ids: Collection[str], since: date) -> Sequence[Inflow]:
    """The inflows of some objectives, asked for once however many checks want them."""
    place = ("inflows", frozenset(objective_ids), since)
    known: dict[object, Sequence[Inflow]] = world.derived.setdefault("inflows", {})
    if place not in known:
        known[place] = counts.inflows(objective_ids, since)
    return known[place]


def with_all_below(world: World, node: str) -> tuple[str, ...]:
    """The ids of an objective and of all objectives below it, found from the top."""
    network = world.network
    found = [node]
    for each in found:
        found.extend(child for child in network.children.get(each, ()) if child in network.objectives)
    return tuple(network.objectives[each].id for each in dict.fromkeys(found))


def weeks_ago(today: date, weeks: int) -> date:
    """The Monday from which on so many whole weeks lie before the current one, which is not over."""
    return this_monday(today) - timedelta(WEEK * weeks)


def by_week(days: Iterable[Mapping[date, int]], since: date, weeks: int) -> tuple[int, ...]:
    """How much falls into each of so many whole weeks from a Monday on; what lies outside is left out."""
    found: Counter[int] = Counter()
    for counted in days:
        for day, number in counted.items():
            found[(day - since).days // WEEK] += number
    return tuple(found[week] for week in range(weeks))


def has_work(world: World, objective_id: str) -> bool:
    """Whether any work is linked to an objective itself."""
    node = objective_node(objective_id)
    network = world.network
    below = network.children.get(node, ())
    return node in network.delivery_work or any(child not in network.objectives for child in below)
