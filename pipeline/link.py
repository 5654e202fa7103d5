"""Linking: records of configured sources are matched against the rules, and only differences are written."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain

import structlog

from mapping.facts import FIELD
from mapping.load import LoadedMapping
from mapping.match import Matcher, Names
from model.links import Ambiguity
from model.reading import Observed
from model.records import RecordKind
from state.store import Store

log = structlog.get_logger("driftline.link")


LINKED_NOTE = "linked"
"""The newest revision that was linked, and after a space by what."""
_TRACE_CONDITIONS = frozenset({f"{FIELD}url", f"{FIELD}changed"})
_TRACE_FIELDS = frozenset({"url", "changed"})


@dataclass(frozen=True, slots=True)
class Linking:
    """What came of matching: all records, or those that what is new could reach."""

    linked: int
    unlinked: int
    ambiguities: tuple[Ambiguity, ...]


def link_records(store: Store, mapping: LoadedMapping, sources: Collection[str]) -> Linking:
    """Match records of these sources and store links and needs where they differ from before.

    As long as rules, sources and program stay the same, only records are matched that said something new since the last
    time, or that rest on what others said; the outcome is that of matching everything. Otherwise everything is matched
    anew, so a changed rule needs nothing else. The links of other sources go: nobody reads them any more, and a renamed
    source must not count its records twice. So do links to objectives that do not exist.
    """
    basis, newest = _basis(mapping, sources), store.last_revision()
    linking = _link(store, mapping, sources, _batches(store, mapping, basis))
    store.replace_objective_needs(mapping.needs)
    store.drop_links_of_unknown([objective.id for objective in mapping.tree.objectives])
    store.set_note(LINKED_NOTE, f"{newest} {basis}")
    log.debug("records.linked", linked=linking.linked, unlinked=linking.unlinked, ambiguous=len(linking.ambiguities))
    return linking


def _link(store: Store, mapping: LoadedMapping, sources: Collection[str], batches: Iterator[list[Observed]]) -> Linking:
    matcher: Matcher | None = None
    linked = unlinked = 0
    ambiguities: list[Ambiguity] = []
    for batch in batches:
        matcher = matcher or Matcher(mapping, names_of(store))
        matches = [matcher.match(observed.record) for observed in batch if observed.record.source in sources]
        store.replace_links(
            [observed.record.id for observed in batch],
            [link for match in matches for link in match.links],
            [need for match in matches for need in match.needs],
        )
        linked += sum(1 for match in matches if match.links)
        unlinked += sum(1 for match in matches if not match.links)
        ambiguities.extend(ambiguity for match in matches for ambiguity in match.ambiguities)
    return Linking(linked, unlinked, tuple(ambiguities))


def _batches(store: Store, mapping: LoadedMapping, basis: str) -> Iterator[list[Observed]]:
    """The records whose links may be others than those that are stored."""
    revision, _, linked_by = (store.note(LINKED_NOTE) or "").partition(" ")
    if linked_by != basis or _asks_for_trace(mapping):
        return store.records()
    return store.records_of(store.reached_since(int(revision)))


def _basis(mapping: LoadedMapping, sources: Collection[str]) -> str:
    """What links rest on besides the records."""
    return " ".join((version("driftline"), mapping.fingerprint, *sorted(sources)))


def _asks_for_trace(mapping: LoadedMapping) -> bool:
    """Whether a rule looks at when or where a record was told, which changes without a revision."""
    return any(condition.name in _TRACE_CONDITIONS for rule in mapping.rules for condition in rule.conditions) or any(
        need.field in _TRACE_FIELDS for rule in mapping.rules for need in rule.needs
    )


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
