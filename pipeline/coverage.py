"""What is stored, placed by the rules as they stand in the files now; nothing is written."""

from collections.abc import Iterator
from datetime import date

from config.load import Configuration
from mapping.coverage import Counting, LinkCoverage, Placed, placed
from mapping.match import Match
from model.records import Record
from pipeline.link import matcher_of
from state.store import Store


def matches(store: Store, configuration: Configuration, today: date) -> Iterator[tuple[Record, Match]]:
    """Every stored record of a configured source with what the rules say about it, in the order of record ids."""
    sources = configuration.settings.sources
    matcher = matcher_of(store, configuration.mapping, sources, today)
    for batch in store.contents():
        for record in batch:
            if record.source in sources:
                yield record, matcher.match(record)


def placings(store: Store, configuration: Configuration, today: date) -> Iterator[Placed]:
    """The same records with what coverage asks for; releases and sprints only where a rule links them."""
    rates = configuration.settings.business.rate_table()
    for record, match in matches(store, configuration, today):
        each = placed(record, match.links, len(match.needs), rates)
        if each.counts:
            yield each


def coverage(store: Store, configuration: Configuration, today: date) -> LinkCoverage:
    """How far everything that is stored is linked."""
    counting = Counting(configuration.mapping.tree)
    for each in placings(store, configuration, today):
        counting.add(each)
    return counting.result()
