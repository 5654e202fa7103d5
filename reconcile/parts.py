"""How much of something is done: the pieces below a node, each counted once and none that only contains others."""

from dataclasses import dataclass
from decimal import Decimal

from model.network import RollUp
from model.records import Absence, StatusCategory
from reconcile.world import World


@dataclass(frozen=True, slots=True)
class Parts:
    """Pieces of work below a node. What was dropped counts as neither. ``begun`` is None where it cannot be told."""

    done: int = 0
    open: int = 0
    begun: bool | None = None

    @property
    def count(self) -> int:
        return self.done + self.open

    @property
    def share(self) -> Decimal | None:
        """The part that is done, from 0 to 1; None where nothing is known to be there."""
        return Decimal(self.done) / self.count if self.count else None

    @property
    def percent(self) -> int:
        """The share in whole percent, rounded down, so that 79.9 % is not told as 80 %."""
        return 100 * self.done // self.count if self.count else 0


def parts_of(world: World, node: str) -> Parts:
    """What lies below an objective (and the objectives below it), a release or a parent; or the piece itself."""
    network = world.network
    if node in network.objectives:
        nodes = _below(world, node)
        rollups = [network.delivery_policy.get(each) or network.delivery_work.get(each) for each in nodes]
        found = _counted(world, nodes, rollups, counts_spine=True)
        # Where nothing but containers is linked, it is what they contain that delivers.
        return found if found.count else _inside(world, _linked(world, nodes))
    if node in network.releases:
        return _counted(world, [node], [network.members.get(node)], counts_spine=False)
    if _contains_work(world, node):
        return _inside(world, [node])
    item = network.work.get(node)
    if item is None:
        return Parts()
    done = item.category is StatusCategory.DONE
    return Parts(int(done), int(not done), done or item.category is StatusCategory.DOING)


def _below(world: World, node: str) -> list[str]:
    """An objective and those below it."""
    found = [node]
    for each in found:
        found.extend(child for child in world.network.children.get(each, ()) if child in world.network.objectives)
    return found


def _inside(world: World, tops: list[str]) -> Parts:
    """What work that contains other work comes to, all the way down."""
    containers = list(dict.fromkeys(each for each in tops if _contains_work(world, each)))
    seen = set(containers)
    for each in containers:
        inner = (child for child in world.network.children.get(each, ()) if child not in seen)
        for child in inner:
            if _contains_work(world, child):
                seen.add(child)
                containers.append(child)
    rollups = [world.network.parents_work.get(each) for each in containers]
    return _counted(world, containers, rollups, counts_spine=False)


def _linked(world: World, nodes: list[str]) -> list[str]:
    return [child for node in nodes for child in world.network.children.get(node, ()) if child in world.network.work]


def _counted(world: World, nodes: list[str], rollups: list[RollUp | None], *, counts_spine: bool) -> Parts:
    """Add what comes rolled up and what comes as nodes. ``counts_spine`` says that the roll-up has the nodes as well.

    Work that contains other work is not counted beside what it contains.
    """
    done = sum(rollup.done for rollup in rollups if rollup)
    unseen = sum(rollup.open for rollup in rollups if rollup)
    open_, begun = 0, False
    for child in set(_linked(world, nodes)):
        category = _category(world, child)
        if category is None or category is StatusCategory.DROPPED:
            continue
        is_done = category is StatusCategory.DONE
        begun = begun or category is not StatusCategory.TODO
        if counts_spine:
            done, unseen = done - is_done, unseen - (not is_done)
        if not _contains_work(world, child):
            done, open_ = done + is_done, open_ + (not is_done)
    if counts_spine:
        unseen = max(0, unseen)
    known = begun or done > 0 or not unseen
    return Parts(max(0, done), open_ + unseen, (begun or done > 0) if known else None)


def _category(world: World, node: str) -> StatusCategory | None:
    """What counts of one piece: None for what left what is read; an unknown status counts as not begun."""
    match world.absence(node):
        case Absence.DELETED:
            return StatusCategory.DROPPED
        case Absence.MOVED:
            return None
    return world.network.work[node].category or StatusCategory.TODO


def _contains_work(world: World, node: str) -> bool:
    return bool(world.network.children.get(node)) or node in world.network.parents_work
