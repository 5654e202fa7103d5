"""Warnings about a sound configuration, each located: from the files alone, and from what is stored."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

from config.files import read_file
from config.load import Configuration
from mapping.advice import Advice, Watched, about_objectives, about_people
from mapping.coverage import Counting, placed
from mapping.document import Document, parse_mapping
from model.errors import Problem, UserError
from pipeline.coverage import matches
from pipeline.unknown_statuses import status_warnings
from state.store import Store

_LISTS = {"objective": ("objectives", "id"), "rule": ("rules", "name")}


def static_warnings(configuration: Configuration) -> list[Problem]:
    """What the files alone give away: owners that are no single person, objectives without owner or decider."""
    return _Places(configuration).located(about_people(configuration.mapping.tree, _named(configuration)))


def stored_warnings(store: Store, configuration: Configuration, today: date) -> list[Problem]:
    """The same, and what the stored records give away: idle rules, equal claims, objectives without work, money that
    waits for nothing. Objectives that fields, tables or work above lead to are known only here.

    Of a source that was never read completely nothing is concluded from what is not there.
    """
    tree, rates = configuration.mapping.tree, configuration.settings.business.rate_table()
    counting, watched = Counting(tree), Watched()
    for record, match in matches(store, configuration, today):
        each = placed(record, match.links, len(match.needs), rates)
        counting.add(each)
        watched.add(each, match.ambiguities)
        watched.add_unresolved(record.key, match.unresolved)
    places = _Places(configuration)
    unread = _unread(store, configuration)
    advice = [
        *about_people(tree, _named(configuration) | watched.served),
        *watched.about_rules(
            rule.name for rule in configuration.mapping.rules if unread.isdisjoint(places.sources_of(rule.name))
        ),
        *watched.about_ambiguities({rule.name: rule.location for rule in configuration.mapping.rules}),
        *watched.about_unresolved(),
        *([] if unread else about_objectives(tree, counting.result())),
        *watched.about_needs(),
    ]
    return [*places.located(advice), *status_warnings(store, configuration)]


def _named(configuration: Configuration) -> set[str]:
    """The objectives that rules or their tables name."""
    return {each for rule in configuration.mapping.rules for each in rule.objective_ids}


def _unread(store: Store, configuration: Configuration) -> set[str]:
    """Configured sources without a complete read so far."""
    with store.view() as view:
        read = {each.source for each in view.coverage() if each.as_of is not None}
    return set(configuration.settings.sources) - read


class _Places:
    """Where objectives and rules stand in their files."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._fallback = {("objective", each.id): each.location for each in configuration.mapping.tree.objectives} | {
            ("rule", each.name): each.location for each in configuration.mapping.rules
        }
        self._order: dict[tuple[str, str], tuple[int, Document, str, int]] = {}
        for number, document in enumerate(_documents(configuration)):
            for subject, (name_of_list, key) in _LISTS.items():
                entries = document.get((name_of_list,))
                for index, entry in enumerate(entries if isinstance(entries, list) else []):
                    if isinstance(entry, dict) and (name := _name(entry.get(key))):
                        self._order.setdefault((subject, name), (number, document, name_of_list, index))

    def located(self, advice: "Collection[Advice] | Iterator[Advice]") -> list[Problem]:
        """Each piece of advice with its file, line and column, in the order of the files."""
        found = []
        for number, each in enumerate(advice):
            place = self._order.get((each.subject, each.name))
            if place is None:
                location = self._fallback.get((each.subject, each.name), "")
                found.append(((10**9, 0, 0, number), Problem(each.message, location, each.hint)))
                continue
            file, document, name_of_list, index = place
            loc = (name_of_list, index, *each.part)
            problem = document.problem(loc, each.message, each.hint, at_key=True)
            found.append(((file, *document.order(loc), number), problem))
        return [problem for _, problem in sorted(found, key=lambda pair: pair[0])]

    def sources_of(self, rule: str) -> set[str]:
        """The sources that a rule is about, as its file says: all of them when it names none."""
        place = self._order.get(("rule", rule))
        named: Any = place[1].get((place[2], place[3], "source")) if place else None
        names = {str(each) for each in (named if isinstance(named, list) else [named]) if each is not None}
        return names or set(self._configuration.settings.sources)


def _documents(configuration: Configuration) -> Iterator[Document]:
    """The configuration's files as they are now; one that changed into something unreadable is left out."""
    for path in configuration.files[1:]:
        try:
            yield parse_mapping(read_file(path))
        except UserError:
            continue


def _name(value: Any) -> str:
    return str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
