"""Which records a change of rules can touch, told from an outline of the rules that linked last. Pure."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mapping.conditions import Condition, Says
from mapping.facts import Facts, Names, fold
from mapping.load import LoadedMapping
from mapping.rules import Rule
from model.records import Record


@dataclass(frozen=True, slots=True)
class Touch:
    """The records that one rule can match: of these sources and kinds, with one of these answers; None is any."""

    sources: frozenset[str] | None
    kinds: frozenset[str] | None
    answers: tuple[tuple[str, frozenset[str]], ...] | None

    def may_match(self, facts: Facts) -> bool:
        record = facts.record
        if self.sources is not None and fold(record.source) not in self.sources:
            return False
        if self.kinds is not None and record.kind.value not in self.kinds:
            return False
        return self.answers is None or any(not texts.isdisjoint(facts.folded(name)) for name, texts in self.answers)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a change of rules can touch: ``everything``, or what the changed rules could match before or can match."""

    everything: bool = False
    changed: tuple[Touch, ...] = ()

    @property
    def nothing(self) -> bool:
        return not self.everything and not self.changed

    def touches(self, record: Record, names: Names) -> bool:
        """Whether the change can bring this record other links or needs."""
        facts = Facts(record, names)
        return self.everything or any(each.may_match(facts) for each in self.changed)


def outline(loaded: LoadedMapping) -> str:
    """The rules by their digest, in order, with what each can match: as text, to be kept with the links they gave."""
    return json.dumps([[rule.digest, rule.inherits, *_written(_touch(rule))] for rule in loaded.rules])


def reach(before: str, after: LoadedMapping, *, another_day: bool = False) -> Reach:
    """Compare the outline of the rules that linked last with the rules of now.

    A rule counts as changed with anything that its links or needs show, its line in the file included. Where unchanged
    rules stand in another order, or an objective is inherited from the work item above, a change can touch everything.
    On another day, a rule that counts from today counts as changed.
    """
    old: list[list[Any]] = json.loads(before)
    old_digests, new_digests = [row[0] for row in old], [rule.digest for rule in after.rules]
    dated = {rule.digest for rule in after.rules if another_day and rule.uses_today}
    if old_digests == new_digests and not dated:
        return Reach()
    kept = set(old_digests) & set(new_digests)
    inherits = any(row[1] for row in old) or any(rule.inherits for rule in after.rules)
    if inherits or _only(old_digests, kept) != _only(new_digests, kept):
        return Reach(everything=True)
    gone = [_read(row[2:]) for row in old if row[0] not in kept]
    new = [_touch(rule) for rule in after.rules if rule.digest not in kept - dated]
    return Reach(changed=tuple(dict.fromkeys((*gone, *new))))


def _only(digests: Iterable[str], kept: set[str]) -> list[str]:
    return [digest for digest in digests if digest in kept]


def _touch(rule: Rule) -> Touch:
    anchors = rule.anchors
    answers = None if anchors is None else tuple(sorted(anchors.items()))
    return Touch(_asked(rule.conditions, "source"), _asked(rule.conditions, "kind"), answers)


def _asked(conditions: Sequence[Condition], name: str) -> frozenset[str] | None:
    found = [each.folded for each in conditions if isinstance(each, Says) and each.name == name]
    return frozenset.intersection(*found) if found else None


def _written(touch: Touch) -> list[Any]:
    answers = None if touch.answers is None else [[name, sorted(texts)] for name, texts in touch.answers]
    return [*(None if each is None else sorted(each) for each in (touch.sources, touch.kinds)), answers]


def _read(row: Sequence[Any]) -> Touch:
    sources, kinds, answers = row
    return Touch(
        None if sources is None else frozenset(sources),
        None if kinds is None else frozenset(kinds),
        None if answers is None else tuple((name, frozenset(texts)) for name, texts in answers),
    )
