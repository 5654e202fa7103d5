"""Who may live with a finding of a given size. Pure: a finding, the tree and the rates in, names out."""

from collections.abc import Iterator
from dataclasses import dataclass

from model.findings import Account, Finding
from model.money import RateTable
from model.objectives import Objective, ObjectiveTree


@dataclass(frozen=True, slots=True)
class Authority:
    """The names that may accept a finding, the one who decides first; empty where nobody is named.

    ``within_tolerance`` says whether it is small enough for the owner.
    """

    named: tuple[str, ...]
    within_tolerance: bool

    def holds(self, person: str) -> bool:
        """Whether somebody is one of them, by name or by address."""
        return any(same_person(person, each) for each in self.named)


def authority(finding: Finding, tree: ObjectiveTree, *, tolerance_days: int, rates: RateTable) -> Authority:
    """Within the tolerance the owner may, and whoever may beyond it; beyond it the named right, else the sponsor.

    ``tolerance_days`` counts for objectives that set none. Without a right, an owner and a sponsor it is whoever the
    finding itself names. What nothing supports is beyond every tolerance.
    """
    within = _within(finding, tree, tolerance_days, rates)
    found: list[str] = []
    for objective_id in finding.objective_ids:
        beyond = tree.inherited_right(objective_id, "beyond") or _nearest(tree, objective_id, "sponsor")
        own = tree.inherited_right(objective_id, "within_tolerance") or _nearest(tree, objective_id, "owner")
        found += filter(None, [own, beyond] if within else [beyond or own])
        if len(finding.objective_ids) > 1 and (across := tree.inherited_right(objective_id, "across_measures")):
            found.append(across)
    named = found or [name for name in (finding.decider, finding.owner) if name][:1]
    return Authority(tuple(dict.fromkeys(named)), within)


def _within(finding: Finding, tree: ObjectiveTree, tolerance_days: int, rates: RateTable) -> bool:
    """Days and money must both be inside, as far as a tolerance for them is set; the strictest objective counts."""
    impact = finding.impact
    if impact.days is None or impact.days > min(_days(finding, tree, tolerance_days), default=tolerance_days):
        return False
    money = max(impact.full(account) for account in Account)
    for objective_id in finding.objective_ids:
        amount = next((each.tolerance.amount for each in tree.path(objective_id) if each.tolerance.amount), None)
        converted = rates.convert(amount) if amount else None
        if amount is not None and (converted is None or money > converted.amount or impact.unconverted):
            return False
    return True


def _days(finding: Finding, tree: ObjectiveTree, default: int) -> Iterator[int]:
    for objective_id in finding.objective_ids:
        yield next((each.tolerance.days for each in tree.path(objective_id) if each.tolerance.days), default)


def _nearest(tree: ObjectiveTree, objective_id: str, what: str) -> str | None:
    return next((name for each in tree.path(objective_id) if (name := _name(each, what))), None)


def _name(objective: Objective, what: str) -> str | None:
    return objective.sponsor if what == "sponsor" else objective.owner


def same_person(one: str, other: str) -> bool:
    """``Paul Novak`` is ``Paul Novak (VP Sales)`` and ``paul.novak@example.com``; two addresses must be equal."""
    if "@" in one and "@" in other:
        return bool(_address(one)) and _address(one) == _address(other)
    return bool(_plain(one)) and _plain(one) == _plain(other)


def _address(text: str) -> str:
    return next((word.strip("<>(),;").casefold() for word in text.split() if "@" in word), "")


def _plain(text: str) -> str:
    """The name alone, in small letters: without the role in brackets, of an address what stands before its sign."""
    name = text.partition("(")[0].partition("<")[0].strip() or text.strip("<>() ")
    if "@" in name:
        name = name.partition("@")[0].replace(".", " ").replace("_", " ")
    return " ".join(name.casefold().split())
