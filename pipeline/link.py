"""Linking: every present record is matched against the rules, and only differences are written."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from mapping.load import LoadedMapping
from mapping.match import Matcher, Names
from model.links import Ambiguity
from model.reading import Observed
from model.records import RecordKind
from state.store import Store


@dataclass(frozen=True, slots=True)
class Linking:
    """What came of matching all records."""

    linked: int
    unlinked: int
    ambiguities: tuple[Ambiguity, ...]


def link_records(store: Store, mapping: LoadedMapping) -> Linking:
    """Match all present records and store links and needs where they differ from before."""
    matcher = Matcher(mapping, names_of(store))
    linked = unlinked = 0
    ambiguities: list[Ambiguity] = []
    for batch in store.records():
        matches = [matcher.match(observed.record) for observed in batch]
        store.replace_links(
            [match.record_id for match in matches],
            [link for match in matches for link in match.links],
            [need for match in matches for need in match.needs],
        )
        linked += sum(1 for match in matches if match.links)
        unlinked += sum(1 for match in matches if not match.links)
        ambiguities.extend(ambiguity for match in matches for ambiguity in match.ambiguities)
    store.replace_objective_needs(mapping.needs)
    return Linking(linked, unlinked, tuple(ambiguities))


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
