"""The ``defaults:`` of a rule file: every rule of the file has them unless it says otherwise itself."""

from collections.abc import Iterable, Iterator

import yaml

from mapping.schema import RuleDefaults
from mapping.strict_yaml import MOST_NODES, DocumentError, Lines, entries, position
from mapping.upgrades.keys import entries_of, value_of

_KEYS = frozenset(RuleDefaults.model_fields)
_MERGED = ("match", "fields")
"""Keys whose value is merged key by key; any other value of a rule stands in the default's place as a whole."""


def with_defaults(root: yaml.MappingNode, lines: Lines) -> yaml.MappingNode:
    """The same file with the defaults written into each rule; each keeps the place where it is written.

    Raise DocumentError where the file would become too large by it.
    """
    defaults, rules = value_of(root, "defaults"), value_of(root, "rules")
    if not isinstance(defaults, yaml.MappingNode) or not isinstance(rules, yaml.SequenceNode):
        return root
    listed = entries_of(rules)
    if _size(defaults, MOST_NODES) * len(listed) > MOST_NODES:
        message = f"with these defaults in each rule the file holds more than {MOST_NODES:,} values"
        raise DocumentError(lines.problem(position(defaults), message, "split the file, or shorten the defaults"))
    known = yaml.MappingNode(defaults.tag, _known(defaults), defaults.start_mark)
    merged = [_merged(rule, known) if isinstance(rule, yaml.MappingNode) else rule for rule in listed]
    whole = yaml.SequenceNode(rules.tag, merged, rules.start_mark)
    return yaml.MappingNode(
        root.tag,
        [(key, whole if child is rules else child) for key, child in root.value],
        root.start_mark,
    )


def _known(defaults: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
    """The entries that rules can have; any other is a mistake of the defaults alone."""
    return [pair for name, pair in entries(defaults).items() if name in _KEYS]


def _merged(own: yaml.MappingNode, defaults: yaml.MappingNode) -> yaml.MappingNode:
    """A new mapping; neither of the two changes, because an alias may stand for them elsewhere."""
    said = entries(own)
    value = []
    for key, child in own.value:
        if isinstance(key, yaml.ScalarNode) and key.value in _MERGED and isinstance(child, yaml.MappingNode):
            default = value_of(defaults, key.value)
            child = _merged(child, default) if isinstance(default, yaml.MappingNode) else child
        value.append((key, child))
    value += [pair for name, pair in entries(defaults).items() if name not in said]
    return yaml.MappingNode(own.tag, value, own.start_mark)


def _size(node: yaml.Node, most: int) -> int:
    """How many values there are in a node with every alias written out, as far as ``most``."""
    number, waiting = 0, [node]
    while waiting and number <= most:
        each = waiting.pop()
        number += 1
        waiting += _below(each)
    return number


def _below(node: yaml.Node) -> Iterable[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    return list(_keys_and_values(node)) if isinstance(node, yaml.MappingNode) else []


def _keys_and_values(node: yaml.MappingNode) -> Iterator[yaml.Node]:
    for key, child in node.value:
        yield key
        yield child
