"""Matching: which objectives a record serves, and what it waits for. Pure, and its cost grows with matches."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from mapping.conditions import Anchors, Condition, Says
from mapping.facts import TITLE_GRAMS, Facts, Names, fold, wanted_names
from mapping.load import LoadedMapping
from mapping.rules import Rule
from mapping.serving import Unresolved
from model.links import Ambiguity, Link, Need, NeedOrigin, Role
from model.records import Record, RecordKind, WorkItem

__all__ = ["Match", "Matcher", "Names"]


@dataclass(frozen=True, slots=True)
class Match:
    """What the mapping says about one record."""

    record_id: str
    links: tuple[Link, ...] = ()
    needs: tuple[Need, ...] = ()
    ambiguities: tuple[Ambiguity, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()


_FEW_PARTS = 30
"""A title has about as many parts; to look for fewer in it costs less than to take it apart."""

_Entry: TypeAlias = tuple[Rule, tuple[Condition, ...]]
"""A rule, and the conditions that are left to ask once a record was found under its answers."""


@dataclass(slots=True)
class _Index:
    """Rules for one source and kind: under the answers that every record they match gives, or in ``rest``."""

    by_value: dict[str, dict[str, list[_Entry]]] = field(default_factory=dict)
    rest: list[_Entry] = field(default_factory=list)

    def matching(self, facts: Facts) -> list[Rule]:
        """The rules that match; each once, in no order."""
        found = [rule for rule, asked in self.rest if _all_hold(asked, facts)]
        for name, entries in self.by_value.items():
            for answer in _given(facts, name, entries):
                for rule, asked in entries.get(answer, ()):
                    if _all_hold(asked, facts) and rule not in found:
                        found.append(rule)
        return found


def _given(facts: Facts, name: str, entries: Mapping[str, list[_Entry]]) -> Collection[str]:
    """The answers of a record under which rules may stand; of a title in parts, by the shorter of two ways."""
    if name == TITLE_GRAMS and len(entries) <= _FEW_PARTS:
        [title] = facts.folded("title") or ("",)
        return [part for part in entries if part in title]
    return facts.folded(name)


def _all_hold(conditions: tuple[Condition, ...], facts: Facts) -> bool:
    for condition in conditions:  # noqa: SIM110 - all() with a generator takes twice as long
        if not condition.holds(facts):
            return False
    return True


class Matcher:
    """Links records to objectives by the rules of one loaded mapping.

    The most specific matching rule wins for each record and role:

    1. a rule that names the record's key;
    2. a rule that asks for a value: a field, parent, release, sprint, label, component, type, status or owner;
    3. a rule with a pattern of the title;
    4. a rule that only says where the record lies: container, kind or source.

    On one rung the rule of the file with the higher priority wins; within one priority the rule with more conditions,
    then the one that stands first in the files. Such a win is reported as an ambiguity, unless the winner asks all that
    the other asks and more. A rule
    that inherits from the work item above wins only where no other rule matches. A winner that cannot tell the
    objective leaves the record unlinked and says why. Needs come from the winning rules and, linked or not, from what
    the source itself says.
    """

    def __init__(self, loaded: LoadedMapping, names: Names, today: date | None = None) -> None:
        """``today`` is asked for by rules that count days from it."""
        self._rules = loaded.rules
        self._names = names
        self._today = today
        self._indexes: dict[tuple[str, RecordKind], _Index] = {}

    def match(self, record: Record) -> Match:
        """Judge one record; the result depends on nothing but the record, the rules and the names."""
        facts = Facts(record, self._names, self._today)
        return judge(facts, self._index(record).matching(facts))

    def _index(self, record: Record) -> _Index:
        found = self._indexes.get((record.source, record.kind))
        if found is None:
            facts = Facts(record, self._names)
            found = self._indexes[record.source, record.kind] = _build_index(
                rule
                for rule in self._rules
                if all(condition.holds(facts) for condition in rule.conditions if _is_place(condition))
            )
        return found


def _is_place(condition: Condition) -> bool:
    return isinstance(condition, Says) and condition.name in {"source", "kind"}


def _build_index(rules: Iterable[Rule]) -> _Index:
    index = _Index()
    for rule in rules:
        anchors = rule.anchors
        asked = tuple(each for each in rule.conditions if not _is_place(each) and not _is_told_by(each, anchors))
        if anchors is None:
            index.rest.append((rule, asked))
            continue
        for name, values in anchors.items():
            by_value = index.by_value.setdefault(name, {})
            for value in values:
                by_value.setdefault(value, []).append((rule, asked))
    return index


def _is_told_by(condition: Condition, anchors: Anchors | None) -> bool:
    """Whether a record that was found by these answers meets the condition."""
    return isinstance(condition, Says) and anchors == {condition.name: condition.folded}


def judge(facts: Facts, matching: Sequence[Rule]) -> Match:
    """Let the most specific of the matching rules win in each role."""
    record = facts.record
    if not matching:
        return Match(record.id, needs=_needs(record, ()))
    winners = winning(matching)
    served = [(rule, rule.serves(facts)) for rule in winners.values()]
    links = [
        Link(record.id, objective_id, rule.role, rule.name, rule.weight, rule.location)
        for rule, serves in served
        for objective_id in serves.objective_ids
    ]
    unresolved = [
        Unresolved(record.id, rule.name, rule.location, serves.missing)
        for rule, serves in served
        if serves.missing and not serves.expected
    ]
    ambiguities = [
        Ambiguity(record.id, winner.name, others)
        for winner in winners.values()
        if (others := _rivals(winner, matching))
    ]
    return Match(record.id, tuple(links), _needs(record, winners.values()), tuple(ambiguities), tuple(unresolved))


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
        if rule.role is winner.role
        and rule is not winner
        and (rule.inherits, rule.rung, rule.priority) == (winner.inherits, winner.rung, winner.priority)
        and not winner.narrows(rule)
    ]
    return tuple(rule.name for rule in sorted(rivals, key=lambda each: each.order))


def _needs(record: Record, winners: Collection[Rule]) -> tuple[Need, ...]:
    if not winners and not (isinstance(record, WorkItem) and record.needs):
        return ()
    found: dict[tuple[str, int, str, NeedOrigin], Need] = {}

    def add(need: Need) -> None:
        found.setdefault((fold(need.wanted), need.lag_days, need.calendar, need.origin), need)

    for rule in winners:
        for need in rule.needs:
            wanted = wanted_names(record, need.field) if need.field is not None else (need.on or "",)
            for name in wanted:
                add(
                    Need(
                        record.id,
                        name,
                        need.lag_days,
                        NeedOrigin.RULE,
                        rule.name,
                        rule.location,
                        calendar=need.calendar,
                        owner=need.owner,
                    )
                )
    if isinstance(record, WorkItem):
        for claim in record.needs:
            add(Need(record.id, claim.wanted, claim.lag_days, NeedOrigin.SOURCE_LINK))
    return tuple(found.values())
