"""Linking: every record of a configured source is matched against the rules, and only differences are written."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain

import structlog

from mapping.load import LoadedMapping
from mapping.match import Matcher, Names
from model.links import Ambiguity
from model.reading import Observed
from model.records import RecordKind
from state.store import Store

log = structlog.get_logger("driftline.link")


@dataclass(frozen=True, slots=True)
class Linking:
    """What came of matching all records."""

    linked: int
    unlinked: int
    ambiguities: tuple[Ambiguity, ...]


def link_records(store: Store, mapping: LoadedMapping, sources: Collection[str]) -> Linking:
    """Match all records of these sources and store links and needs where they differ from before.

    Everything is matched anew, so a changed rule needs nothing else. The links of other sources go: nobody reads them
    any more, and a renamed source must not count its records twice. So do links to objectives that do not exist.
    """
    matcher = Matcher(mapping, names_of(store))
    linked = unlinked = 0
    ambiguities: list[Ambiguity] = []
    for batch in store.records():
        matches = [matcher.match(observed.record) for observed in batch if observed.record.source in sources]
        store.replace_links(
            [observed.record.id for observed in batch],
            [link for match in matches for link in match.links],
            [need for match in matches for need in match.needs],
        )
        linked += sum(1 for match in matches if match.links)
        unlinked += sum(1 for match in matches if not match.links)
        ambiguities.extend(ambiguity for match in matches for ambiguity in match.ambiguities)
    store.replace_objective_needs(mapping.needs)
    store.drop_links_of_unknown([objective.id for objective in mapping.tree.objectives])
    log.debug("records.linked", linked=linked, unlinked=unlinked, ambiguous=len(ambiguities))
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
