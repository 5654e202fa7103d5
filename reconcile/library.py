"""Whole records by their ids, looked up where somebody asks for more than the network knows, each of them once."""

from collections.abc import Callable, Iterable, Iterator

from model.keys import objective_node, source_of
from model.records import Record
from reconcile.view import View

_NAME = "name"
_AT_ONCE = 500
_NO_RECORDS = frozenset({_NAME, source_of(objective_node(""))})


class Library:
    """The records of one view, kept once they were looked up."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._known: dict[str, Record | None] = {}

    @property
    def view(self) -> View:
        """Where it looks things up, for what is asked of the store about the few of which something may be told."""
        return self._view

    def forget(self) -> None:
        """Forget what was looked up."""
        self._known.clear()

    def get(self, node: str) -> Record | None:
        """The record of a node; None for what is no record, or none that is stored."""
        if node not in self._known:
            self.fetch((node,))
        return self._known.get(node)

    def fetch(self, nodes: Iterable[str]) -> None:
        """Look several up at once, before somebody asks for them one by one."""
        wanted = sorted({node for node in nodes if node not in self._known and source_of(node) not in _NO_RECORDS})
        if wanted:
            self._known.update(dict.fromkeys(wanted))
            self._known.update(self._view.records(wanted))

    def select(self, nodes: Iterable[str], wanted: Callable[[Record], bool]) -> Iterator[Record]:
        """Those of many records that are wanted, read some at a time; the others are not kept."""
        asked = sorted({node for node in nodes if source_of(node) not in _NO_RECORDS})
        for part in (asked[at : at + _AT_ONCE] for at in range(0, len(asked), _AT_ONCE)):
            unknown = [node for node in part if node not in self._known]
            read = self._view.records(unknown) if unknown else {}
            for node in part:
                record = read.get(node) or self._known.get(node)
                if record is not None and wanted(record):
                    self._known[node] = record
                    yield record
