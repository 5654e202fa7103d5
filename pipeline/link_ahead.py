"""Linking while a source is read for the first time: what can be linked already, so that less is left for the end."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from functools import partial

from mapping.load import LoadedMapping
from mapping.match import Match, Matcher, Names
from model.keys import record_id
from model.records import Record, RecordKind, WorkItem
from pipeline.link import LINKED_NOTE, LINKED_RULES_NOTE, asks_beyond_revisions
from state.reading import Saved
from state.store import Store

_BATCH_RECORDS = 1000
"""Linked in one transaction."""
_MOST_LATE = 20_000
"""When more than this must wait for the end, everything does: their ids would take memory without need."""
_MOST_REMEMBERED = 20_000
_SPRINT, _RELEASE, _PARENT = "sprint", "release", "parent"


class FirstLinking:
    """The linking on their way of all sources that one run reads into a state in which nothing was ever linked.

    Give the state's first run one of these; in any other, little is new, and the end of the run links it.
    """

    def __init__(self, store: Store, mapping: LoadedMapping, sources: Collection[str], today: date) -> None:
        self._store = store
        self._basis = (mapping.fingerprint, frozenset(sources), today)
        self._readings: dict[str, LinkedAhead] = {}
        self._make = partial(LinkedAhead, store, mapping, today)

    @classmethod
    def of(cls, store: Store, mapping: LoadedMapping, sources: Collection[str], today: date) -> "FirstLinking | None":
        """None where something was linked before, or where a rule looks at what may change later unnoticed."""
        linked = store.note(LINKED_NOTE) or store.note(LINKED_RULES_NOTE)
        return None if linked or asks_beyond_revisions(mapping) else cls(store, mapping, sources, today)

    def reading(self, source: str) -> "LinkedAhead | None":
        """What the reading of one source tells of its pages; None for one of which something is stored already."""
        if source in self._store.stored_sources():
            return None
        self._readings[source] = self._make()
        return self._readings[source]

    def left(self, mapping: LoadedMapping, sources: Collection[str], today: date | None) -> set[str] | None:
        """The ids of the records that must be linked yet; None where that are all of them.

        So it is when the mapping or the day is another one by now, when somebody else linked meanwhile, and when
        something is stored that did not come in this run.
        """
        if (mapping.fingerprint, frozenset(sources), today) != self._basis or self._store.note(LINKED_NOTE):
            return None
        if any(each.given_up for each in self._readings.values()):
            return None
        if not self._store.stored_sources() <= self._readings.keys():
            return None
        return {id_ for each in self._readings.values() for id_ in each.left()}

    @property
    def linked(self) -> int:
        return sum(each.linked for each in self._readings.values())

    @property
    def unlinked(self) -> int:
        return sum(each.unlinked for each in self._readings.values())

    def found(self, left: Collection[str]) -> Iterator[Match]:
        """What is to be told of the records that were linked and are not linked once more."""
        return (match for each in self._readings.values() for match in each.found(left))


class LinkedAhead:
    """What one reading of a source linked on its way. Used by the thread that reads the source, and no other.

    A record is linked as soon as all is stored that it rests on and that a rule asks for: its parents up to the root,
    its releases and its sprint. Any other waits, and so does everything that rests on what changed within the run; the
    end of the run links these as if nothing else were new.
    """

    def __init__(self, store: Store, mapping: LoadedMapping, today: date) -> None:
        self._store = store
        self._asked = frozenset[str]().union(*(rule.reads for rule in mapping.rules))
        self._names = _Live(store)
        self._matcher = Matcher(mapping, self._names.names, today)
        self._waiting: list[Record] = []
        self._late: set[str] = set()
        self._changed: set[str] = set()
        self._found: list[Match] = []
        self.linked = self.unlinked = 0
        self.given_up = False
        """Whether everything of the source must be linked at the end."""

    def give_up(self) -> None:
        """Leave everything to the end."""
        self.given_up = True
        self._waiting, self._late, self._changed, self._found = [], set(), set(), []

    def see(self, saved: Saved) -> None:
        """Take what a page brought; link when enough has come together."""
        if self.given_up:
            return
        self._names.note(saved.fresh)
        self._changed.update(saved.renewed)
        self._names.forget(saved.renewed)
        self._waiting += saved.fresh
        if len(self._waiting) >= _BATCH_RECORDS:
            self.link()
        if len(self._late) + len(self._changed) > _MOST_LATE:
            self.give_up()

    def link(self) -> None:
        """Link what waits and rests on nothing that is still to come."""
        batch, self._waiting = self._waiting, []
        if _PARENT in self._asked:
            self._names.learn_parents(batch)
        ready = [record for record in batch if self._rests_on_known(record)]
        self._late.update({record.id for record in batch}.difference(record.id for record in ready))
        if not ready:
            return
        matches = [self._matcher.match(record) for record in ready]
        links = [link for match in matches for link in match.links]
        needs = [need for match in matches for need in match.needs]
        if links or needs:
            self._store.replace_links([record.id for record in ready], links, needs)
        linked = sum(1 for match in matches if match.links)
        self.linked += linked
        self.unlinked += len(matches) - linked
        self._found += [match for match in matches if match.ambiguities or match.unresolved]

    def _rests_on_known(self, record: Record) -> bool:
        if not isinstance(record, WorkItem):
            return True
        names, source = self._names.names, record.source
        if record.parent and _PARENT in self._asked and not self._names.knows_above(record):
            return False
        if record.sprint and _SPRINT in self._asked and record_id(source, record.sprint) not in names.sprints:
            return False
        if record.releases and _RELEASE in self._asked:
            return all(record_id(source, release) in names.releases for release in record.releases)
        return True

    def left(self) -> set[str]:
        """The ids of the records that must be linked yet."""
        late = self._late | self._changed | {record.id for record in self._waiting}
        return late | self._store.resting_on(self._changed) if self._changed else late

    def found(self, left: Collection[str]) -> Iterator[Match]:
        return (match for match in self._found if match.record_id not in left)


class _Live:
    """What a matcher must know about other records, while these come in."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._releases: dict[str, str] = {}
        self._sprints: dict[str, str] = {}
        self._above: dict[str, str | None] = {}
        self._keys: dict[str, tuple[str, ...]] = {}
        self.names = Names(self._releases, self._sprints, self._above, self._keys)

    def note(self, records: Sequence[Record]) -> None:
        for record in records:
            if record.kind is RecordKind.RELEASE:
                self._releases[record.id] = record.key
            elif record.kind is RecordKind.SPRINT:
                self._sprints[record.id] = record.key

    def forget(self, ids: Collection[str]) -> None:
        """What rests on these is linked at the end: then their names are known."""
        for id_ in ids:
            self._releases.pop(id_, None)
            self._sprints.pop(id_, None)
            self._above.pop(id_, None)
            self._keys.pop(id_, None)

    def learn_parents(self, records: Sequence[Record]) -> None:
        """Look up what is not known yet above these records, as far as it is stored."""
        if len(self._above) > _MOST_REMEMBERED:
            self._above.clear()
            self._keys.clear()
        wanted = {
            record_id(record.source, record.parent)
            for record in records
            if isinstance(record, WorkItem) and record.parent
        }
        while wanted := {id_ for id_ in wanted if id_ not in self._above}:
            found = self._store.lineage(wanted)
            for id_, (above, names) in found.items():
                self._above[id_], self._keys[id_] = above, names
            wanted = {above for above, _ in found.values() if above}

    def knows_above(self, item: WorkItem) -> bool:
        """Whether all parents up to the root are stored; a circle ends where it closes."""
        seen = {item.id}
        above = record_id(item.source, item.parent) if item.parent else None
        while above is not None and above not in seen:
            if above not in self._above:
                return False
            seen.add(above)
            above = self._above[above]
        return True
