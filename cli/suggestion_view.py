"""Proposed rules for people."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.table import cell, print_table, watched

if TYPE_CHECKING:
    from mapping.suggest import Suggestion

MOST_KEYS = 3


def print_suggestions(shown: "Sequence[Suggestion]") -> None:
    """A table, the surest first; on a terminal the reason stands below the rule."""
    if watched():
        print_table(
            ["sure", "rule and reason", "would link"],
            [(cell(f"{each.confidence} %"), cell(_rule(each), each.reason), cell(_keys(each))) for each in shown],
            right=[0],
        )
        return
    print_table(
        ["sure", "source", "match", "objective", "role", "records", "reason"],
        [
            (
                f"{each.confidence} %",
                each.source,
                _asked(each),
                each.objective_id,
                each.role.value,
                _keys(each),
                each.reason,
            )
            for each in shown
        ],
        right=[0],
    )


def _rule(each: "Suggestion") -> str:
    return f"{each.source}, {_asked(each)}: {each.role.value} {each.objective_id}"


def _asked(each: "Suggestion") -> str:
    name = each.condition.replace("fields.", "")
    values = ", ".join(each.values[:MOST_KEYS]) + (" …" if len(each.values) > MOST_KEYS else "")
    return f"{name} {values}" + (f" in {each.container}" if each.container else "")


def _keys(each: "Suggestion") -> str:
    rest = len(each.keys) - MOST_KEYS
    return ", ".join(each.keys[:MOST_KEYS]) + (f" and {rest:,} more" if rest > 0 else "")
