"""Matching: which objectives a record serves, and what it waits for. Pure, and its cost grows with matches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mapping.facts import FIELD, Facts, Names, fold, wanted_names
from mapping.load import LoadedMapping
from mapping.rules import Rule
from model.links import Ambiguity, Link, Need, NeedOrigin, Role
from model.records import Record, RecordKind, WorkItem

__all__ = ["Match", "Matcher", "Names"]

_MOST_SELECTIVE_FIRST = (
    *("key", "parent", FIELD, "release", "sprint", "label", "component", "owner", "type", "status", "container"),
)


@dataclass(frozen=True, slots=True)
class Match:
    """What the mapping says about one record."""

    record_id: str
    links: tuple[Link, ...] = ()
    needs: tuple[Need, ...] = ()
    ambiguities: tuple[Ambiguity, ...] = ()


@dataclass(slots=True)
class _Index:
    """Rules for one source and kind: under the values of their most selective condition, or in ``rest``."""

    by_value: dict[str, dict[str, list[Rule]]] = field(default_factory=dict)
    rest: list[Rule] = field(default_factory=list)

    def candidates(self, facts: Facts) -> Iterable[Rule]:
        yield from self.rest
        for name, rules in self.by_value.items():
            for answer in facts.folded(name):
                yield from rules.get(answer, ())


class Matcher:
    """Links records to objectives by the rules of one loaded mapping.

    The most specific matching rule wins for each record and role:

    1. a rule that names the record's key;
    2. a rule that asks for a value: a field, parent, release, sprint, label, component, type, status or owner;
    3. a rule with a pattern of the title;
    4. a rule that only says where the record lies: container, kind or source.

    On one rung the rule with more conditions wins, then the one that stands first in the files. A win that the first
    rung did not decide is reported as an ambiguity, unless the winner asks all that the other asks and more. Needs come
    from the winning rules and, linked or not, from what the source itself says.
    """

    def __init__(self, loaded: LoadedMapping, names: Names) -> None:
        self._rules = loaded.rules
        self._names = names
        self._indexes: dict[tuple[str, RecordKind], _Index] = {}

    def match(self, record: Record) -> Match:
        """Judge one record; the result depends on nothing but the record, the rules and the names."""
        facts = Facts(record, self._names)
        candidates = {rule.order: rule for rule in self._index(record).candidates(facts)}
        return judge(record, [rule for rule in candidates.values() if rule.first_failure(facts) is None])

    def _index(self, record: Record) -> _Index:
        found = self._indexes.get((record.source, record.kind))
        if found is None:
            facts = Facts(record, self._names)
            found = self._indexes[record.source, record.kind] = _build_index(
                rule
                for rule in self._rules
                if all(condition.holds(facts) for condition in rule.conditions if condition.name in {"source", "kind"})
            )
        return found


def _build_index(rules: Iterable[Rule]) -> _Index:
    index = _Index()
    for rule in rules:
        condition = min(
            (condition for condition in rule.conditions if _selectivity(condition.name) is not None),
            key=lambda condition: _selectivity(condition.name) or 0,
            default=None,
        )
        if condition is None:
            index.rest.append(rule)
            continue
        by_value = index.by_value.setdefault(condition.name, {})
        for wanted in condition.folded:
            by_value.setdefault(wanted, []).append(rule)
    return index


def _selectivity(name: str) -> int | None:
    name = FIELD if name.startswith(FIELD) else name
    return _MOST_SELECTIVE_FIRST.index(name) if name in _MOST_SELECTIVE_FIRST else None


def judge(record: Record, matching: Sequence[Rule]) -> Match:
    """Let the most specific of the matching rules win in each role."""
    winners = winning(matching)
    links = [
        Link(record.id, objective_id, rule.role, rule.name, rule.weight, rule.location)
        for rule in winners.values()
        for objective_id in rule.objective_ids
    ]
    ambiguities = [
        Ambiguity(record.id, winner.name, others)
        for winner in winners.values()
        if (others := _rivals(winner, matching))
    ]
    return Match(record.id, tuple(links), _needs(record, winners.values()), tuple(ambiguities))


def winning(matching: Sequence[Rule]) -> Mapping[Role, Rule]:
    """The rule that wins in each role, in the order of the files."""
    winners: dict[Role, Rule] = {}
    for rule in sorted(matching, key=lambda each: each.rank):
        winners.setdefault(rule.role, rule)
    return dict(sorted(winners.items(), key=lambda pair: pair[1].order))


def _rivals(winner: Rule, matching: Sequence[Rule]) -> tuple[str, ...]:
    rivals = [
        rule
        for rule in matching
        if rule.role is winner.role and rule is not winner and rule.rung == winner.rung and not winner.narrows(rule)
    ]
    return tuple(rule.name for rule in sorted(rivals, key=lambda each: each.order))


def _needs(record: Record, winners: Iterable[Rule]) -> tuple[Need, ...]:
    found: dict[tuple[str, int, NeedOrigin], Need] = {}

    def add(need: Need) -> None:
        found.setdefault((fold(need.wanted), need.lag_days, need.origin), need)

    for rule in winners:
        for need in rule.needs:
            wanted = wanted_names(record, need.field) if need.field is not None else (need.on or "",)
            for name in wanted:
                add(Need(record.id, name, need.lag_days, NeedOrigin.RULE, rule.name, rule.location))
    if isinstance(record, WorkItem):
        for claim in record.needs:
            add(Need(record.id, claim.wanted, claim.lag_days, NeedOrigin.SOURCE_LINK))
    return tuple(found.values())
