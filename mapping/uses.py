"""Which rules read a field of a source: what a change of that field reaches. Pure."""

from collections.abc import Collection, Iterable, Iterator

from mapping.conditions import Says
from mapping.facts import FIELD, fold
from mapping.rules import Rule

_ASKED_AS = {"label": "labels", "component": "components", "release": "releases"}
"""The field behind a condition that is called otherwise."""


def rules_reading(rules: Iterable[Rule], source: str, fields: Collection[str]) -> tuple[Rule, ...]:
    """The rules that may match records of a source and ask for one of these fields, in the order of the files.

    A field is asked for by a condition, or by a need that its text names.
    """
    wanted = {fold(name) for name in fields}
    return tuple(rule for rule in rules if _is_about(rule, source) and not wanted.isdisjoint(_asked(rule)))


def _is_about(rule: Rule, source: str) -> bool:
    named = [each for each in rule.conditions if isinstance(each, Says) and each.name == "source"]
    return all(fold(source) in condition.folded for condition in named)


def _asked(rule: Rule) -> Iterator[str]:
    for name in rule.reads:
        name = name.removeprefix(FIELD)
        yield fold(_ASKED_AS.get(name, name))
