"""Why stored records are linked as they are, with the money and the KPIs that their objectives lead to."""

from collections.abc import Iterable, Mapping
from datetime import date

from config.load import Configuration
from mapping.coverage import Counting, Tally, placed
from mapping.explain import Explanation, explain
from mapping.match import Matcher
from model.links import Role
from model.reading import Observed
from model.records import Measurement, RecordKind
from pipeline.link import known_names
from state.store import Store


def explain_stored(
    store: Store, configuration: Configuration, found: Iterable[Observed], today: date
) -> list[Explanation]:
    """What the rules, as they stand in the files now, say about these records today. Nothing is written."""
    mapping, sources = configuration.mapping, configuration.settings.sources
    names = known_names(store, mapping, sources, today)
    matcher = Matcher(mapping, names, today)
    measurements, money = _measurements(store, matcher), _money(store, configuration, matcher)
    return [explain(mapping, names, each.record, today, measurements, money) for each in found]


def _measurements(store: Store, matcher: Matcher) -> dict[str, list[Measurement]]:
    """The stored measurements by the objective that they measure."""
    found: dict[str, list[Measurement]] = {}
    for batch in store.records(kind=RecordKind.MEASUREMENT):
        for record in (observed.record for observed in batch):
            for link in matcher.match(record).links if isinstance(record, Measurement) else ():
                if link.role is Role.MEASURES and isinstance(record, Measurement):
                    found.setdefault(link.objective_id, []).append(record)
    return found


def _money(store: Store, configuration: Configuration, matcher: Matcher) -> Mapping[str, Tally]:
    """The open deals and the savings that count on each objective or below it. Work is not looked at: it has none."""
    rates, sources = configuration.settings.business.rate_table(), configuration.settings.sources
    counting = Counting(configuration.mapping.tree)
    for kind in (RecordKind.DEAL, RecordKind.SAVING):
        for batch in store.records(kind=kind):
            for record in (observed.record for observed in batch if observed.record.source in sources):
                counting.add(placed(record, matcher.match(record).links, 0, rates))
    return {each: found.tally for each, found in counting.result().objectives.items()}
