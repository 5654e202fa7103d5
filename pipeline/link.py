"""Linking: records of configured sources are matched against the rules, and only differences are written."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from itertools import chain
from typing import TYPE_CHECKING

import structlog

from mapping.facts import FIELD
from mapping.load import LoadedMapping
from mapping.match import Matcher, Names
from mapping.reach import Reach, outline, reach
from mapping.serving import Unresolved
from model.links import Ambiguity, Role
from model.reading import Observed
from model.records import Record, RecordKind
from model.surroundings import Touched
from state.store import Store

if TYPE_CHECKING:
    from pipeline.link_ahead import FirstLinking

log = structlog.get_logger("driftline.link")


LINKED_NOTE = "linked"
"""The newest revision that was linked, and after a space by what."""
LINKED_RULES_NOTE = "linked-rules"
"""The outline of the rules that linked last."""
LINKED_ON_NOTE = "linked-on"
"""The day that rules took for today when they linked last."""
_MOST_TOUCHED = 20_000
_TRACE_CONDITIONS = frozenset({f"{FIELD}url", f"{FIELD}changed"})


@dataclass(frozen=True, slots=True)
class Linking:
    """What came of matching: all records, or those that what is new could reach.

    ``touched`` tells what is linked otherwise than before; None where that may be anything.
    """

    linked: int
    unlinked: int
    ambiguities: tuple[Ambiguity, ...]
    unresolved: tuple[Unresolved, ...] = ()
    touched: Touched | None = None


def link_records(
    store: Store,
    mapping: LoadedMapping,
    sources: Collection[str],
    *,
    today: date | None = None,
    ahead: "FirstLinking | None" = None,
) -> Linking:
    """Match records of these sources and store links and needs where they differ from before.

    ``today`` is the day of the business zone for rules that count from it; without it they count from the day on which
    they linked last. ``ahead`` is what the same run linked already.

    Only records are matched that said something new since the last time, that rest on what others said, or that a
    changed rule can touch, or on another day a rule that counts from today; the outcome is that of matching everything.
    With other sources, another program, or a rule that inherits from the work item above, everything is matched. The
    links of other sources go: nobody reads them any more, and a renamed source must not count its records twice. So do
    links to objectives that do not exist.
    """
    basis, newest, rules = _basis(sources), store.last_revision(), outline(mapping)
    today = today or linked_on(store)
    left = ahead.left(mapping, sources, today) if ahead else None
    batches = _batches(store, mapping, basis, today) if left is None else store.contents(left)
    if (store.note(LINKED_RULES_NOTE), linked_on(store)) != (rules, today):
        # Should the process die before the end, nobody may take what is stored for the links of one set of rules.
        store.set_note(LINKED_NOTE, None)
    linking = _link(store, mapping, sources, today, batches)
    if ahead is not None and left is not None:
        linking = _joined(linking, ahead, left)
    of_objectives = store.replace_objective_needs(mapping.needs)
    dropped = store.drop_links_of_unknown([objective.id for objective in mapping.tree.objectives])
    if dropped or of_objectives.needs_added or of_objectives.needs_removed:
        linking = replace(linking, touched=None)
    if today is not None:
        store.set_note(LINKED_ON_NOTE, today.isoformat())
    store.set_note(LINKED_RULES_NOTE, rules)
    store.set_note(LINKED_NOTE, f"{newest} {basis}")
    log.debug("records.linked", linked=linking.linked, unlinked=linking.unlinked, ambiguous=len(linking.ambiguities))
    return linking


def _joined(linking: Linking, ahead: "FirstLinking", left: Collection[str]) -> Linking:
    """What came of both together; of what was linked once more, only what the second time told."""
    found = list(ahead.found(left))
    return Linking(
        linking.linked + ahead.linked,
        linking.unlinked + ahead.unlinked,
        (*linking.ambiguities, *(each for match in found for each in match.ambiguities)),
        (*linking.unresolved, *(each for match in found for each in match.unresolved)),
    )


def linked_on(store: Store) -> date | None:
    """The day that rules took for today when they linked last; of what was never linked, the day of the last run."""
    note = store.note(LINKED_ON_NOTE)
    if note:
        return date.fromisoformat(note)
    return max((run.started_at.date() for run in store.runs()), default=None)


def _link(
    store: Store,
    mapping: LoadedMapping,
    sources: Collection[str],
    today: date | None,
    batches: Iterator[list[Record]],
) -> Linking:
    matcher: Matcher | None = None
    linked = unlinked = 0
    ambiguities: list[Ambiguity] = []
    unresolved: list[Unresolved] = []
    touched: Touched | None = Touched()
    for batch in batches:
        matcher = matcher or matcher_of(store, mapping, sources, today)
        matches = [matcher.match(record) for record in batch if record.source in sources]
        changes = store.replace_links(
            [record.id for record in batch],
            [link for match in matches for link in match.links],
            [need for match in matches for need in match.needs],
        )
        touched = _more(touched, changes.touched)
        linked += sum(1 for match in matches if match.links)
        unlinked += sum(1 for match in matches if not match.links)
        ambiguities.extend(ambiguity for match in matches for ambiguity in match.ambiguities)
        unresolved.extend(each for match in matches for each in match.unresolved)
    return Linking(linked, unlinked, tuple(ambiguities), tuple(unresolved), touched)


def _more(touched: Touched | None, more: Touched) -> Touched | None:
    """Both together; None where they are so many that whoever asks looks at everything anyway."""
    together = None if touched is None else touched | more
    return together if together is not None and len(together.records) <= _MOST_TOUCHED else None


def _batches(store: Store, mapping: LoadedMapping, basis: str, today: date | None) -> Iterator[list[Record]]:
    """The records whose links may be others than those that are stored."""
    revision, _, linked_by = (store.note(LINKED_NOTE) or "").partition(" ")
    rules = store.note(LINKED_RULES_NOTE)
    if linked_by != basis or rules is None or asks_beyond_revisions(mapping):
        return store.contents()
    touched = reach(rules, mapping, another_day=linked_on(store) != today)
    if touched.everything:
        return store.contents()
    reached = store.reached_since(int(revision))
    return store.contents(reached) if touched.nothing else _reached_or_touched(store, reached, touched)


def _reached_or_touched(store: Store, reached: Collection[str], touched: Reach) -> Iterator[list[Record]]:
    names = names_of(store)
    for batch in store.contents():
        if chosen := [record for record in batch if record.id in reached or touched.touches(record, names)]:
            yield chosen


def _basis(sources: Collection[str]) -> str:
    """What links rest on besides records, rules and the day."""
    return " ".join((version("driftline"), *sorted(sources)))


def asks_beyond_revisions(mapping: LoadedMapping) -> bool:
    """Whether a rule looks at when or where a record was told, which changes without a revision, or at links above."""
    return any(rule.inherits or not _TRACE_CONDITIONS.isdisjoint(rule.reads) for rule in mapping.rules)


def matcher_of(store: Store, mapping: LoadedMapping, sources: Collection[str], today: date | None = None) -> Matcher:
    """A matcher that knows what the store knows; without ``today`` it counts from the day that was linked last."""
    today = today or linked_on(store)
    return Matcher(mapping, known_names(store, mapping, sources, today), today)


def known_names(store: Store, mapping: LoadedMapping, sources: Collection[str], today: date | None) -> Names:
    """The names of ``names_of`` and, where a rule inherits them, the objectives of all work items that are parents."""
    names = names_of(store)
    if not any(rule.inherits for rule in mapping.rules):
        return names
    # Without ``served`` nothing is inherited: these are the links of parents by rules of their own.
    matcher = Matcher(mapping, names, today)
    served: dict[str, dict[Role, tuple[str, ...]]] = {}
    for batch in store.contents():
        for record in batch:
            if record.id in names.parents and record.source in sources:
                for link in matcher.match(record).links:
                    by_role = served.setdefault(record.id, {})
                    by_role[link.role] = (*by_role.get(link.role, ()), link.objective_id)
    return replace(names, served=served)


def names_of(store: Store) -> Names:
    """Collect what the matcher must know about other records: releases, sprints and the parents of work."""
    releases = {seen.record.id: seen.record.key for seen in _of_kind(store, RecordKind.RELEASE)}
    sprints = {seen.record.id: seen.record.key for seen in _of_kind(store, RecordKind.SPRINT)}
    lineage = store.lineage()
    return Names(
        releases,
        sprints,
        {parent: above for parent, (above, _) in lineage.items()},
        {parent: names for parent, (_, names) in lineage.items()},
    )


def _of_kind(store: Store, kind: RecordKind) -> Iterator[Observed]:
    return chain.from_iterable(store.records(kind=kind))
