"""Reads milestones from a text file: ``KEY; title; due date`` on each line."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import ClassVar, Literal

from connectors.base import Connector, ReadContext, SourceOptions
from model.errors import RecordError, SourceGoneError
from model.reading import Container, Cursor, Page, Probe, SetAside
from model.records import WorkItem


class NotebookOptions(SourceOptions):
    """A text file with one milestone per line."""

    kind: Literal["notebook"] = "notebook"
    """Which connector reads it."""
    path: Path
    """The file."""


class NotebookConnector(Connector):
    """One text file."""

    kind: ClassVar[str] = "notebook"
    options_type: ClassVar[type[SourceOptions]] = NotebookOptions

    def __init__(self, name: str, options: SourceOptions, context: ReadContext) -> None:
        assert isinstance(options, NotebookOptions)
        super().__init__(name, options, context)
        self.path = options.path

    def probe(self) -> Probe:
        return Probe(identity=self.path.name, server=str(self.path.parent), containers=list(self.roster()))

    def identity(self) -> str:
        return ""

    def roster(self) -> Iterable[Container]:
        if not self.path.is_file():
            raise SourceGoneError(
                f"there is no notebook {self.path.name}", location=self.name, hint="check path: in the settings"
            )
        yield Container(self.path.name, self.path.name)

    def changed(self, cursor: Cursor | None) -> Iterable[Page]:
        if cursor != self.next_cursor():
            records, set_aside = [], []
            for number, line in enumerate(self._lines(), start=1):
                try:
                    records.append(self._milestone(line, number))
                except RecordError as error:
                    set_aside.append(SetAside(f"line {number}", error.summary))
            yield Page(records, set_aside)

    def census(self, container: Container) -> Iterable[str]:
        return [line.partition(";")[0].strip() for line in self._lines()]

    def fetch(self, native_ids: Sequence[str]) -> Iterable[WorkItem]:
        for page in self.changed(None):
            for record in page.records:
                if record.native_id in native_ids and isinstance(record, WorkItem):
                    yield record

    def next_cursor(self) -> Cursor:
        return Cursor(hashlib.sha256("\n".join(self._lines()).encode()).hexdigest())

    def _lines(self) -> list[str]:
        list(self.roster())
        return [line for line in self.path.read_text(encoding="utf-8").splitlines() if line.strip()]

    def _milestone(self, line: str, number: int) -> WorkItem:
        try:
            key, title, due = (part.strip() for part in line.split(";"))
            return WorkItem(
                source=self.name,
                native_id=key,
                key=key,
                title=title,
                due=date.fromisoformat(due),
                container=self.path.name,
                provenance={"due": f"{self.path.name}!{number}"},
            )
        except ValueError as error:
            raise RecordError(f"not a milestone: {line!r}") from error
