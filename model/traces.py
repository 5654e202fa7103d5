"""A walk through the plan network from one record or finding: what causes it, and what it hits. Values only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from model.findings import Impact


class NodeKind(StrEnum):
    """What a node of the plan is."""

    WORK = "work"
    RELEASE = "release"
    OBJECTIVE = "objective"
    DEAL = "deal"
    SAVING = "saving"
    NOTHING = "nothing"
    """A name that leads to no record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One node on the way, with what follows on the far side of where the walk began.

    ``says`` tells in words what it says, or how it hangs on the node before it; ``day`` is its forecast. ``binds`` says
    whether it decides the node before it (on the way to the causes), or is decided by where the walk began (on the way
    to what it hits). ``effect`` is what it costs, for deals, savings and objectives that committed to a day; None where
    that cannot be told. ``serves`` are the objectives of a deal or a saving. ``again`` marks a node that is told
    elsewhere, ``skipped`` counts the nodes that were left out before this one, and ``hidden`` those behind it.
    """

    node: str
    key: str
    kind: NodeKind
    title: str = ""
    source: str = ""
    says: str = ""
    day: date | None = None
    binds: bool = True
    effect: Impact | None = None
    serves: tuple[str, ...] = ()
    again: bool = False
    skipped: int = 0
    hidden: int = 0
    branches: tuple["Branch", ...] = ()

    def walk(self) -> Iterator["Branch"]:
        """This node and all behind it, each before what follows it."""
        waiting = [self]
        while waiting:
            branch = waiting.pop()
            yield branch
            waiting.extend(reversed(branch.branches))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where a walk began and both ways from there; ``causes`` and ``hits`` begin with that node.

    ``total`` is the money of everything that is hit, over distinct records. ``others`` counts the nodes that hang on it
    too but are not decided by it. ``cause_hits`` counts what else the node at the end of the causes decides.
    """

    causes: Branch
    hits: Branch
    total: Impact
    others: int = 0
    cause_hits: int = 0
    finding: str = ""
