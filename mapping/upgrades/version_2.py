"""Version 2 of objectives and rule files: a need says ``after:`` where it said ``on:``.

``on`` is the truth value true to every program that reads YAML 1.1: linters warn of it as a key, and scripts that
read these files with such a library find a key ``true``.
"""

from collections.abc import Iterator

import yaml

from mapping.upgrades.keys import KeyChange, entries_of, renamed_keys, value_of


def changes(root: yaml.MappingNode) -> Iterator[KeyChange]:
    """``on`` in the needs of objectives, of rules and of what rules have by default."""
    holders = [*entries_of(value_of(root, "objectives")), *entries_of(value_of(root, "rules"))]
    for holder in (*holders, value_of(root, "defaults")):
        for need in entries_of(value_of(holder, "needs")):
            yield from renamed_keys(need, "on", "after")
