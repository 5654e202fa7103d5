"""Why a record is linked as it is: every rule that was tried, what failed, what won and where it leads."""

from collections.abc import Mapping
from dataclasses import dataclass

from mapping.facts import Facts, Names
from mapping.load import LoadedMapping
from mapping.match import Match, judge, winning
from mapping.rules import Rule
from model.links import Role
from model.objectives import ObjectiveTree
from model.records import Record


@dataclass(frozen=True, slots=True)
class Failure:
    """The first condition that did not hold: what the rule wanted and what the record says."""

    condition: str
    wanted: tuple[str, ...]
    seen: tuple[str, ...]

    def __str__(self) -> str:
        seen = " and ".join(repr(each) for each in self.seen) or "nothing"
        return f"{self.condition} is {seen}, wanted {' or '.join(repr(each) for each in self.wanted)}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rule that was tried. ``failure`` is None when it matched; ``beaten_by`` names the rule that won over it."""

    rule: str
    location: str
    role: Role
    objective_ids: tuple[str, ...]
    rung: str
    failure: Failure | None = None
    beaten_by: str | None = None

    @property
    def won(self) -> bool:
        return self.failure is None and self.beaten_by is None


@dataclass(frozen=True, slots=True)
class Step:
    """One objective on the way to the root."""

    id: str
    level: str
    name: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything there is to say about one record. ``attempts`` follow the files; winners are marked.

    ``paths`` are the ways from each linked objective up to the root.
    """

    record_id: str
    key: str
    title: str
    attempts: tuple[Attempt, ...]
    match: Match
    paths: tuple[tuple[Step, ...], ...]

    @property
    def winners(self) -> tuple[Attempt, ...]:
        return tuple(attempt for attempt in self.attempts if attempt.won)


def explain(loaded: LoadedMapping, names: Names, record: Record) -> Explanation:
    """Try every rule on a record, without the index, and say what came of each."""
    facts = Facts(record, names)
    matching = [rule for rule in loaded.rules if rule.first_failure(facts) is None]
    winners = winning(matching)
    match = judge(record, matching)
    linked = dict.fromkeys(link.objective_id for link in match.links)
    return Explanation(
        record.id,
        record.key,
        record.title,
        tuple(_attempt(rule, facts, winners) for rule in loaded.rules),
        match,
        tuple(_path(loaded.tree, objective_id) for objective_id in linked),
    )


def _attempt(rule: Rule, facts: Facts, winners: Mapping[Role, Rule]) -> Attempt:
    failed = rule.first_failure(facts)
    winner = winners.get(rule.role)
    return Attempt(
        rule.name,
        rule.location,
        rule.role,
        rule.objective_ids,
        rule.rung.name.lower(),
        Failure(failed.label, failed.wanted, facts.shown(failed.name)) if failed else None,
        winner.name if failed is None and winner is not None and winner is not rule else None,
    )


def _path(tree: ObjectiveTree, objective_id: str) -> tuple[Step, ...]:
    return tuple(Step(each.id, each.level.value, each.name) for each in tree.path(objective_id))
