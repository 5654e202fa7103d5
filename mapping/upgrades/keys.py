"""Keys inside a file of which a version changes the name: found without reading their values, renamed in place."""

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from mapping.strict_yaml import is_merge


@dataclass(frozen=True, slots=True, eq=False)
class KeyChange:
    """One key that has another name from some version on. ``key`` is its node, ``mapping`` the one it stands in."""

    mapping: yaml.MappingNode
    key: yaml.ScalarNode
    old: str
    new: str


def renamed_keys(mapping: yaml.Node, old: str, new: str) -> Iterator[KeyChange]:
    """The keys of this name in a mapping and in what ``<<`` brings into it."""
    if not isinstance(mapping, yaml.MappingNode):
        return
    for key, child in list(mapping.value):
        if is_merge(key):
            for each in child.value if isinstance(child, yaml.SequenceNode) else (child,):
                yield from renamed_keys(each, old, new)
        elif isinstance(key, yaml.ScalarNode) and key.value == old:
            yield KeyChange(mapping, key, old, new)


def entries_of(node: yaml.Node | None) -> list[yaml.Node]:
    """The entries of a list; none for anything else."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def value_of(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """What stands behind a key; None where it is not there."""
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value if isinstance(node, yaml.MappingNode) else []
    return next((child for key, child in pairs if isinstance(key, yaml.ScalarNode) and key.value == name), None)


def rename(change: KeyChange) -> None:
    """Give a key its new name at its old place. Another use of the same node, as an alias, stays as it is."""
    renamed = yaml.ScalarNode(change.key.tag, change.new, change.key.start_mark)
    change.mapping.value[:] = [(renamed if key is change.key else key, child) for key, child in change.mapping.value]
