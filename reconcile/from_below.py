"""Conclusions about objectives that rest on those of the objectives below, each drawn once."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from model.objectives import Objective
from reconcile.ownership import look_up_at_hand, objectives_below
from reconcile.world import World

Conclusion = TypeVar("Conclusion")


class FromBelow(ABC, Generic[Conclusion]):
    """Draws each conclusion after all below it; the work at hand of a whole tree is looked up at one time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[str, Conclusion] = {}

    def below(self, objective: Objective) -> Conclusion:
        """The conclusion about an objective and what is below it."""
        if objective.id not in self._known:
            below = list(objectives_below(self._world, objective))
            look_up_at_hand(self._world, (each for each in below if each.id not in self._known))
            for each in reversed(below):
                if each.id not in self._known:
                    self._known[each.id] = self._judged(each)
        return self._known[objective.id]

    @abstractmethod
    def _judged(self, objective: Objective) -> Conclusion:
        """Conclude about one objective; those below it are known."""
