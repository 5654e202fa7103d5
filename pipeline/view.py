"""What the reconciler sees: the stored world, and how far each configured source was read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from config.load import Configuration
from model.records import Record
from model.runs import Coverage
from pipeline.drift import held_checks
from reconcile.view import View
from state.store import Store
from state.view import StoreView

NEVER_READ = "not read yet"


@contextmanager
def configured_view(store: Store, configuration: Configuration) -> Iterator[View]:
    """One consistent picture of the stored world, usable until the ``with`` block ends.

    Its coverage tells of the configured sources: one that was never read is incomplete, so that nobody takes what it
    would tell for something that does not exist; one that is not configured any more holds nothing back for ever.
    """
    objective_ids = [objective.id for objective in configuration.mapping.tree.objectives]
    sources = {name: held_checks(store, configuration, name) for name in configuration.settings.sources}
    with store.view(objective_ids=objective_ids) as view:
        configured = _Configured(view, sources)
        try:
            yield cast(View, configured)
        finally:
            configured.closed = True


class _Configured:
    def __init__(self, view: StoreView, sources: Mapping[str, frozenset[str] | None]) -> None:
        self._view = view
        self._sources = sources
        self.closed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    def records(self, record_ids: Iterable[str]) -> Mapping[str, Record]:
        """Whole records by their ids; none of them once the picture is gone, so that words fall back to ids."""
        return {} if self.closed else self._view.records(record_ids)

    def coverage(self, *, counted: bool = True) -> Sequence[Coverage]:
        stored = {entry.source: entry for entry in self._view.coverage(counted=counted)}
        return [
            replace(stored[name], held_checks=held)
            if name in stored
            else Coverage(name, records=0, linked=0, complete=False, error=NEVER_READ)
            for name, held in sorted(self._sources.items())
        ]
