"""What lies outside the objectives that an audience was given, as far as its findings name it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from config.load import Configuration
from digest.audiences.grant import nodes_of
from digest.options import DigestOptions
from model.findings import TrackedFinding
from model.keys import objective_node, source_of
from state.store import Store

_OBJECTIVE = source_of(objective_node(""))


@dataclass(frozen=True, slots=True)
class Granted:
    """The sources whose records an audience may see, and the records named in its findings that it may not see."""

    sources: frozenset[str] = frozenset()
    outside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def grant_of(
    store: Store, configuration: Configuration, options: DigestOptions, findings: Iterable[TrackedFinding]
) -> Granted:
    """Look up which records serve something else only; nothing is looked up for an audience that may see everything.

    A record that serves no objective belongs to whatever finding names it.
    """
    if not options.objectives:
        return Granted()
    granted = configuration.mapping.tree.subtree(options.objectives)
    touching = [each.finding for each in findings if not granted.isdisjoint(each.finding.objective_ids)]
    records = {node for node in nodes_of(touching) if source_of(node) != _OBJECTIVE}
    hidden = sorted(node for node, served in store.objectives_of(records).items() if granted.isdisjoint(served))
    with store.view() as view:
        known = view.records(hidden)
    names = {
        node: (known[node].key, *known[node].former_keys, known[node].title) if node in known else () for node in hidden
    }
    return Granted(store.sources_serving(granted), names)
