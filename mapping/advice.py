"""What is probably not meant in a sound mapping: told as advice, with the objective or rule that it is about. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from mapping.coverage import LinkCoverage, Placed, Tally
from mapping.serving import Unresolved
from model.findings import Account
from model.links import Ambiguity, Role
from model.objectives import Objective, ObjectiveTree
from model.persons import no_single_person

Subject = Literal["objective", "rule"]

MOST_EXAMPLES = 3
"""Records that a piece of advice names."""

_MONEY = {Account.REVENUE: "open deals", Account.SAVINGS: "savings"}


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that is probably not meant: about the objective or rule ``name``, at its key ``part``."""

    subject: Subject
    name: str
    part: tuple[str | int, ...]
    message: str
    hint: str


def about_people(tree: ObjectiveTree, linked: Collection[str]) -> Iterator[Advice]:
    """Owners that are no single person; objectives that nobody answers for, or about which nobody may decide.

    ``linked`` are the objectives that rules name or records serve; with those that have nothing below, they are what
    must be decided on.
    """
    for each in tree.objectives:
        owners: list[tuple[tuple[str | int, ...], str | None]] = [(("owner",), each.owner)]
        owners += [(("needs", index, "owner"), need.owner) for index, need in enumerate(each.needs)]
        for part, owner in owners:
            if owner and (why := no_single_person(owner)):
                message = f"the owner '{owner}' of '{each.id}' {why}"
                hint = "name the one person who answers for it; the committee goes under steering_committee"
                yield Advice("objective", each.id, part, message, hint)
    parents = {each.parent for each in tree.objectives}
    decisive = [each for each in tree.objectives if each.id not in parents or each.id in linked]
    yield from _lacking(
        tree,
        [each for each in decisive if not any(above.owner for above in tree.path(each.id))],
        "nobody answers for",
        "add owner: with the name of one person",
    )
    yield from _lacking(
        tree,
        [each for each in decisive if not _may_decide(tree, each)],
        "nobody may decide beyond the tolerance of",
        "add a sponsor, or decision_rights: {beyond: …}; what is below inherits it",
    )


def _may_decide(tree: ObjectiveTree, objective: Objective) -> bool:
    beyond = tree.inherited_right(objective.id, "beyond")
    return beyond is not None or any(above.sponsor for above in tree.path(objective.id))


def _lacking(tree: ObjectiveTree, lacking: Sequence[Objective], what: str, hint: str) -> Iterator[Advice]:
    """One piece of advice per top objective, where one line mends all that is below it."""
    by_top: dict[str, list[Objective]] = {}
    for each in lacking:
        by_top.setdefault(tree.path(each.id)[-1].id, []).append(each)
    for top, below in by_top.items():
        others = f" and {len(below) - 1:,} more below '{top}'" if len(below) > 1 else ""
        yield Advice("objective", top, ("id",), f"{what} '{below[0].id}'{others}", hint)


@dataclass(slots=True)
class _Keys:
    """Keys of records that are counted; the first of them are kept to be named."""

    number: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, key: str) -> None:
        self.number += 1
        if len(self.first) < MOST_EXAMPLES:
            self.first.append(key)


class Watched:
    """What the rules did to the stored records, gathered one record after the other."""

    def __init__(self) -> None:
        self.links: Counter[str] = Counter()
        self.served: set[str] = set()
        """Objectives that records serve, whatever told the rule so: a field, a table or the work item above."""
        self._ambiguous: defaultdict[tuple[str, tuple[str, ...]], _Keys] = defaultdict(_Keys)
        self._promising: Counter[str] = Counter()
        self._idle: defaultdict[str, _Keys] = defaultdict(_Keys)
        self._idle_money: defaultdict[str, set[str]] = defaultdict(set)
        self._unresolved: defaultdict[tuple[str, str], _Keys] = defaultdict(_Keys)

    def add(self, each: Placed, ambiguities: Iterable[Ambiguity]) -> None:
        """Take note of one record and what the rules say about it."""
        self.links.update({link.rule for link in each.links})
        self.served.update(link.objective_id for link in each.links)
        for ambiguity in ambiguities:
            self._ambiguous[ambiguity.chosen, ambiguity.others].add(each.key)
        if each.account is not None:
            rules = {link.rule for link in each.links if link.role in (Role.PROMISES, Role.SAVES)}
            self._promising.update(rules)
            if not each.needs:
                for rule in rules:
                    self._idle[rule].add(each.key)
                    self._idle_money[rule].add(_MONEY[each.account])

    def add_unresolved(self, key: str, unresolved: Iterable[Unresolved]) -> None:
        """Take note of rules that could not tell which objective a record serves."""
        for each in unresolved:
            self._unresolved[each.rule, each.found].add(key)

    def about_unresolved(self) -> Iterator[Advice]:
        """Records that a rule matches and leaves unlinked, one piece of advice per reason."""
        for (rule, found), keys in self._unresolved.items():
            yield Advice(
                "rule",
                rule,
                ("objective",),
                f"the rule '{rule}' cannot tell the objective of {_examples(keys)}: {found}",
                "mend the field in its source, add the value to the table, or name the objective by a rule",
            )

    def about_rules(self, names: Iterable[str]) -> Iterator[Advice]:
        """Of these rules, those that link nothing that is stored."""
        for name in names:
            if not self.links[name]:
                yield Advice(
                    "rule",
                    name,
                    ("name",),
                    f"the rule '{name}' links none of the stored records",
                    "driftline explain RECORD tells which condition fails, or which rule wins over it",
                )

    def about_ambiguities(self, places: Mapping[str, str]) -> Iterator[Advice]:
        """Records that several rules claim equally, one piece of advice per set of rules.

        ``places`` are the ``file:line`` of rules; the winner's is told where it stands in another file.
        """
        for (chosen, others), keys in self._ambiguous.items():
            rivals = " and ".join(f"'{name}'" for name in (chosen, *others))
            place = places.get(chosen, "")
            elsewhere = place.rpartition(":")[0] != places.get(others[0], "").rpartition(":")[0]
            winner = f"'{chosen}' at {place}" if elsewhere else f"'{chosen}'"
            way = ", or give its file a priority" if elsewhere else ""
            yield Advice(
                "rule",
                others[0],
                ("match",),
                f"{_records(keys.number)} matched equally by {rivals}: {_examples(keys)}; {winner} wins",
                f"add a condition to the rule that is meant, so that it is the more specific one{way}",
            )

    def about_needs(self) -> Iterator[Advice]:
        """Open deals and savings that wait for nothing, per rule that links them: no slip will be seen."""
        for rule, idle in self._idle.items():
            whole, kinds = self._promising[rule], " and ".join(sorted(self._idle_money[rule]))
            yield Advice(
                "rule",
                rule,
                ("needs",),
                f"{idle.number:,} of {whole:,} {kinds} that '{rule}' links wait for nothing: {_examples(idle)}",
                "say under needs: what they wait for, or fill the field that it reads; until then no slip reaches them",
            )


def about_objectives(tree: ObjectiveTree, found: LinkCoverage) -> Iterator[Advice]:
    """Objectives that nothing delivers."""
    below = dict.fromkeys(found.gaps.objectives_without_work, 0)
    for each in tree.objectives:
        for above in tree.path(each.id)[1:]:
            if above.id in below:
                below[above.id] += 1
    for objective_id, number in below.items():
        rest = f", nor for the {number:,} below it" if number else ""
        served = _served(found.objectives[objective_id].tally)
        yield Advice(
            "objective",
            objective_id,
            ("id",),
            f"there is no work for '{objective_id}'{rest}{served}",
            "add a rule with role: delivers, or a need of what it promises",
        )


def _served(tally: Tally) -> str:
    others = "other record counts" if tally.records == 1 else "other records count"
    return f"; {tally.records:,} {others} on it" if tally.records else ""


def _records(number: int) -> str:
    return f"{number:,} record is" if number == 1 else f"{number:,} records are"


def _examples(keys: _Keys) -> str:
    rest = keys.number - len(keys.first)
    return ", ".join(keys.first) + (f" and {rest:,} more" if rest > 0 else "")
