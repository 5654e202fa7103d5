"""Proposals for records that no rule matches: which rule would link them, why, and how sure that is. Pure.

What is proposed comes from parents and from what others with the same label, component, release, field, owner or
container serve; from keys and ids that texts mention; and from names that a record shares with an objective.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from mapping.facts import FIELD, Facts, Names, fold
from mapping.naming import ObjectiveNames
from model.keys import normalise_key
from model.links import Link, Role
from model.objectives import ObjectiveTree
from model.records import Deal, Measurement, Record, RecordKind, Saving, WorkItem

LEAST = 35
"""Percent; what is less sure is not proposed."""
ROLES = {
    RecordKind.WORK_ITEM: Role.DELIVERS,
    RecordKind.DEAL: Role.PROMISES,
    RecordKind.SAVING: Role.SAVES,
    RecordKind.MEASUREMENT: Role.MEASURES,
}
_SHARED = {
    "parent": 92,
    "release": 82,
    "component": 80,
    "label": 80,
    FIELD: 82,
    "sprint": 60,
    "container": 78,
    "owner": 55,
}
"""Percent, when all others that share the trait serve one objective and they are many."""
_NAMED = {FIELD: 78, "label": 72, "component": 72, "release": 66, "container": 58}
"""Percent, when a trait has the name of an objective."""
_KEY = re.compile(r"\b[A-Z][A-Z0-9_]{1,15}-\d{1,9}\b")
_ID = re.compile(r"\b[A-Z][A-Z0-9_]{0,15}(?:-[A-Z0-9_]{1,15}){1,3}\b")
"""Ids as objectives have them: M-101, ROLL-OUT."""
_LEAST_SHARE = 0.75
_IN = "\N{INFORMATION SEPARATOR ONE}"
"""Parts an owner from a container: what somebody owns elsewhere says nothing."""

Trait = tuple[str, RecordKind, str, str]
"""Source, kind, condition and folded value: what a rule could ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One rule that would link records. ``confidence`` is in percent; ``record_ids`` are unlinked ones it matches."""

    objective_id: str
    role: Role
    source: str
    kind: RecordKind
    condition: str
    values: tuple[str, ...]
    record_ids: tuple[str, ...]
    keys: tuple[str, ...]
    confidence: int
    reason: str
    container: str = ""
    """Where the rule holds, for a condition that says too little without it."""


@dataclass(slots=True)
class _Candidate:
    """A possible rule. ``about`` groups what may be proposed together: keys that speak for the same reason."""

    trait: Trait
    value: str
    objective_id: str
    role: Role
    confidence: float
    reason: str
    records: list[int] = field(default_factory=list)

    @property
    def rank(self) -> float:
        """Sure ones come first; one rule for several records is worth more than one for each."""
        return self.confidence + min(15, 5 * (len(self.records) - 1))


class Suggesting:
    """Learns from the linked records, then proposes rules for the unlinked ones.

    It holds the unlinked records and what is counted about their traits, whatever the number of linked ones.
    """

    def __init__(self, tree: ObjectiveTree, names: Names, unlinked: Sequence[Record]) -> None:
        self._names = names
        self._records = sorted((each for each in unlinked if each.kind in ROLES), key=lambda each: each.id)
        self._objectives = ObjectiveNames(tree)
        self._having: defaultdict[Trait, list[int]] = defaultdict(list)
        self._written: dict[Trait, str] = {}
        self._mentioned: defaultdict[str, list[int]] = defaultdict(list)
        self._counts: defaultdict[Trait, Counter[tuple[str, Role]]] = defaultdict(Counter)
        self._totals: Counter[Trait] = Counter()
        self._links_of: dict[str, tuple[str, tuple[Link, ...]]] = {}
        self._busy: set[tuple[str, Role]] = set()
        self._served: set[str] = set()
        for index, record in enumerate(self._records):
            for trait, written in self._traits(record):
                self._having[trait].append(index)
                self._written.setdefault(trait, written)
            for key in _mentions(record):
                self._mentioned[key].append(index)
        self._parents = {trait[3] for trait in self._having if trait[2] == "parent"}

    def learn(self, record: Record, links: Iterable[Link]) -> None:
        """Take note of a linked record."""
        served = tuple(links)
        objectives = {(link.objective_id, link.role) for link in served}
        self._busy |= objectives
        self._served |= {link.objective_id for link in served}
        for name in (record.key, *record.former_keys):
            folded = normalise_key(name)
            if folded in self._parents or folded in self._mentioned:
                self._links_of[folded] = (record.key, served)
        for trait, _ in self._traits(record):
            if trait in self._having:
                self._totals[trait] += 1
                self._counts[trait].update(objectives)

    def suggestions(self) -> tuple[Suggestion, ...]:
        """The proposals, the surest first; each unlinked record stands in one of them at most."""
        named = [self._narrowed(each) for each in (*self._by_name(), *self._by_title())]
        named += self._by_mention()
        everything = (*self._by_parent(), *self._by_others(), *named, *self._handed_down(named))
        candidates = [each for each in everything if each.confidence >= LEAST and not self._would_move(each)]
        candidates.sort(key=lambda each: (-each.rank, -len(each.records), each.trait, each.objective_id))
        taken: set[int] = set()
        chosen: list[_Candidate] = []
        for each in candidates:
            each.records = [index for index in each.records if index not in taken]
            if each.records:
                taken.update(each.records)
                chosen.append(each)
        return tuple(self._merged(chosen))

    def _traits(self, record: Record) -> Iterator[tuple[Trait, str]]:
        facts = Facts(record, self._names)
        for condition in _conditions(record):
            for written in facts.shown(condition)[:20]:
                if folded := fold(written[:200]):
                    place = f"{folded}{_IN}{record.container}" if condition == "owner" else folded
                    yield (record.source, record.kind, condition, place), written

    def _by_parent(self) -> Iterator[_Candidate]:
        """Work below something that serves an objective serves it too."""
        for trait, having in self._having.items():
            if trait[2] == "parent" and trait[3] in self._links_of:
                key, links = self._links_of[trait[3]]
                for link in links:
                    reason = f"{key} above it serves {link.objective_id}"
                    yield _Candidate(trait, key, link.objective_id, link.role, 94, reason, list(having))

    def _would_move(self, each: _Candidate) -> bool:
        """Whether the rule would also match records that mostly serve something else, and might take them over."""
        linked = self._totals[each.trait]
        return linked > 0 and self._counts[each.trait][each.objective_id, each.role] < _LEAST_SHARE * linked

    def _narrowed(self, each: _Candidate) -> _Candidate:
        """The same, for the one objective below that nothing serves yet, where there is just one."""
        below = self._objectives.unserved_below(each.objective_id, self._served)
        if below is None:
            return each
        reason = f"{each.reason}, below which only {below} has nothing yet"
        return replace(each, objective_id=below, confidence=each.confidence * 0.9, reason=reason)

    def _handed_down(self, named: Iterable[_Candidate]) -> Iterator[_Candidate]:
        """Work below something that would itself be proposed."""
        for each in named:
            for index in each.records:
                above = self._records[index]
                trait = (above.source, above.kind, "parent", normalise_key(above.key))
                if trait in self._having:
                    reason = f"{above.key} above it is proposed for {each.objective_id}: {each.reason}"
                    sure = each.confidence * 0.9
                    yield _Candidate(
                        trait, above.key, each.objective_id, each.role, sure, reason, list(self._having[trait])
                    )

    def _by_others(self) -> Iterator[_Candidate]:
        """Records that share a trait mostly serve one objective."""
        for trait, counts in self._counts.items():
            (objective_id, role), number = max(counts.items(), key=lambda pair: (pair[1], pair[0]))
            share = number / self._totals[trait]
            if number < 2 or share < _LEAST_SHARE:
                continue
            sure = _SHARED[_group(trait[2])] * share * number / (number + 0.5)
            what = f"{_label(trait[2])} {self._written[trait]}"
            reason = f"{number:,} of {self._totals[trait]:,} others with {what} serve {objective_id}"
            yield _Candidate(trait, self._written[trait], objective_id, role, sure, reason, list(self._having[trait]))

    def _by_mention(self) -> Iterator[_Candidate]:
        """Texts that name the id of an objective, or the key of something that serves one."""
        for key, mentioning in sorted(self._mentioned.items()):
            objective_id = self._objectives.with_id(key)
            for index in mentioning:
                record = self._records[index]
                trait = (record.source, record.kind, "key", normalise_key(record.key))
                if objective_id is not None:
                    own = normalise_key(record.key) == key
                    reason = "its key is the id of the objective" if own else f"its text names {objective_id}"
                    sure = 97 if own else 88
                    yield _Candidate(trait, record.key, objective_id, ROLES[record.kind], sure, reason, [index])
                elif key in self._links_of and key != normalise_key(record.key):
                    named, links = self._links_of[key]
                    # What a deal or a saving names is what it waits for, not what it serves.
                    for link in (link for link in links if link.role is ROLES[record.kind]):
                        reason = f"its text names {named}, which serves {link.objective_id}"
                        yield _Candidate(trait, record.key, link.objective_id, ROLES[record.kind], 76, reason, [index])

    def _by_name(self) -> Iterator[_Candidate]:
        """A field, label, component, release or container that is called like an objective."""
        for trait, having in self._having.items():
            most = _NAMED.get(_group(trait[2]))
            if most is None or trait[2] == f"{FIELD}account":
                continue
            role, written = ROLES[trait[1]], self._written[trait]
            found = self._objectives.nearest(written, role, self._busy, is_code=trait[2] == "container")
            if found is not None:
                reason = f"{_label(trait[2])} {written} stands in the name of {found.objective_id}"
                yield _Candidate(trait, written, found.objective_id, role, most * found.likeness, reason, list(having))

    def _by_title(self) -> Iterator[_Candidate]:
        """A title that says what an objective is called."""
        for index, record in enumerate(self._records):
            role = ROLES[record.kind]
            found = self._objectives.in_title(record.title, role, self._busy)
            if found is not None:
                trait = (record.source, record.kind, "key", normalise_key(record.key))
                reason = f"its title is close to the name of {found.objective_id}"
                yield _Candidate(trait, record.key, found.objective_id, role, 80 * found.likeness, reason, [index])

    def _merged(self, chosen: Iterable[_Candidate]) -> list[Suggestion]:
        """One rule for all records that are named by their keys for one reason; the least sure of them counts."""
        groups: dict[tuple[object, ...], list[_Candidate]] = {}
        for each in chosen:
            source, kind, condition, value = each.trait
            alone = each.reason if condition == "key" else value
            groups.setdefault((source, kind, condition, each.objective_id, each.role, alone), []).append(each)
        found = [self._suggestion(group) for group in groups.values()]
        return sorted(found, key=lambda each: (-each.confidence, -len(each.record_ids), each.objective_id, each.values))

    def _suggestion(self, group: Sequence[_Candidate]) -> Suggestion:
        first = group[0]
        source, kind, condition, value = first.trait
        records = [self._records[index] for index in sorted({index for each in group for index in each.records})]
        return Suggestion(
            objective_id=first.objective_id,
            role=first.role,
            source=source,
            kind=kind,
            condition=condition,
            values=tuple(dict.fromkeys(each.value for each in group)),
            record_ids=tuple(each.id for each in records),
            keys=tuple(each.key for each in records),
            confidence=int(min(each.confidence for each in group)),
            reason=first.reason,
            container=value.partition(_IN)[2],
        )


def _conditions(record: Record) -> Iterator[str]:
    """The conditions under which a record may be like others."""
    yield from ("container", "owner")
    if isinstance(record, WorkItem):
        yield from ("parent", "release", "sprint", "label", "component")
    elif isinstance(record, Deal):
        yield from (f"{FIELD}promised", f"{FIELD}account")
    elif isinstance(record, Saving):
        yield f"{FIELD}enabler"
    elif isinstance(record, Measurement):
        yield f"{FIELD}metric"
    for name, value in record.custom.items():
        if isinstance(value, (str, tuple)):
            yield f"{FIELD}{name}"


def _mentions(record: Record) -> set[str]:
    """Keys that a record's texts name: anything that looks like one, and whole values of its fields."""
    texts = [record.title, *(value for value in record.custom.values() if isinstance(value, str))]
    texts += [
        getattr(record, name) or "" for name in ("promised", "enabler", "blocked_reason") if hasattr(record, name)
    ]
    found = {normalise_key(key) for text in texts for form in (_KEY, _ID) for key in form.findall(text[:2000])}
    return found | {normalise_key(text) for text in texts[1:] if 0 < len(text) <= 60} | {normalise_key(record.key)}


def _group(condition: str) -> str:
    return FIELD if condition.startswith(FIELD) else condition


def _label(condition: str) -> str:
    return condition.removeprefix(FIELD)
