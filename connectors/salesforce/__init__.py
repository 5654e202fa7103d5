"""Reads Salesforce: opportunities with what was promised, for when, and who moved the dates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from itertools import chain
from os import SEEK_END
from tempfile import SpooledTemporaryFile
from typing import ClassVar

from connectors.answers import Answers
from connectors.base import Connector, ReadContext, SourceOptions
from connectors.noted import Noted
from connectors.salesforce.client import Row, SalesforceClient
from connectors.salesforce.deals import CONTAINER, DealReader, long_id, moment_of
from connectors.salesforce.discovery import discover
from connectors.salesforce.fields import FieldPlan, plan_fields
from connectors.salesforce.history import Currency, History
from connectors.salesforce.line_items import LineItems
from connectors.salesforce.options import SalesforceOptions
from connectors.salesforce.shape import require, require_related, shape_of
from connectors.salesforce.sign_in import warnings_about_sign_in
from connectors.salesforce.soql import among, chunks, is_id, select, since
from connectors.salesforce.windows import FIELD, Window, cut_into_windows
from connectors.salesforce.withheld import Withheld
from model.errors import Problem, RecordError, SourceContentError, SourceGoneError
from model.reading import Container, Cursor, Discovery, Missing, Page, Probe, SetAside
from model.records import Absence, Deal, Record

__all__ = ["CONNECTOR", "SalesforceConnector", "SalesforceOptions"]

_ID_OF_AN_OPPORTUNITY = "006"
_ID_LENGTH = 18
_IDS_AT_ONCE = 1000
_MOST_IN_MEMORY = 1024 * 1024
"""Bytes of ids that are held in memory."""


class SalesforceConnector(Connector):
    """Salesforce through the ``simple-salesforce`` library. All opportunities that we may see are one container."""

    kind: ClassVar[str] = "salesforce"
    options_type: ClassVar[type[SourceOptions]] = SalesforceOptions
    options: SalesforceOptions

    def __init__(self, name: str, options: SourceOptions, context: ReadContext) -> None:
        super().__init__(name, options, context)
        self._client: SalesforceClient | None = None
        self._who: Row = {}
        self._described: Mapping[str, Row] = {}
        self._planned: tuple[FieldPlan, Sequence[Problem]] | None = None
        self._shape: Mapping[str, str] | None = None
        self._history: History | None = None
        self._compared: Answers | None = None
        self._walked = WalkedIds()

    def probe(self) -> Probe:
        client = self._opened()
        plan, missing = self._fields()
        version, served = self.options.api_version, client.versions()
        problems = [*warnings_about_sign_in(self.name, self.options, self.context), *missing]
        problems += [*self._moves_of(plan).problems(), *self._line_items(plan).problems()]
        problems += self._withheld().problems()
        if version not in served:
            hint = f"write one of these in api_version: {', '.join(served[-5:])}"
            problems.append(Problem(f"{self.name} does not serve version {version} of its API", self.name, hint))
        counts = [("opportunities", client.count())]
        daily = client.requests
        if daily.used is not None:
            counts += [("API requests today", daily.used), ("API requests a day", daily.allowed)]
        return Probe(
            identity=str(self._who.get("preferred_username") or self._who["user_id"]),
            server=f"{client.instance} (organization {self._who.get('organization_id')}, API {version})",
            containers=list(self.roster()),
            counts=counts,
            problems=problems,
        )

    def discover(self) -> Discovery:
        _, problems = self._fields()
        return discover(self._opened(), self.options, self._described, problems)

    def identity(self) -> str:
        who = self._client.who() if self._client else self._opened().who()
        return f"{who.get('organization_id')}/{who['user_id']}"

    def shape(self) -> Mapping[str, str]:
        if self._shape is None:
            plan, problems = self._fields()
            require(self.options, plan, self._described, problems)
            require_related(self.name, self.options, plan, self._opened())
            self._shape = shape_of(self.options, plan)
        return self._shape

    def roster(self) -> Iterable[Container]:
        self._fields()
        return [Container(CONTAINER, "Opportunities")]

    def changed(self, cursor: Cursor | None) -> Iterator[Page]:
        if self._walked.complete:
            cursor = self.next_cursor()
        return self._everything() if cursor is None else self._since(moment_of(cursor.position))

    def side_tables(self) -> Iterator[Page]:
        """Yield every deal when a mapped field can change without a trace: formulas, related records, line items (S11).

        What follows in the same run then reads only what this may have missed, so that a full read is not paid twice.
        """
        plan, _ = self._fields()
        if plan.volatile:
            yield from self._everything()

    def census(self, container: Container) -> Iterator[str]:
        """Ids of what a plain query shows; the recycle bin is not part of it. A full read of this run has seen them."""
        if container.id != CONTAINER:
            raise SourceGoneError(f"{self.name} has no {container.name}", location=self.name, hint="read it anew")
        if self._walked.complete:
            yield from self._walked
            return

        def soql(last: Row | None) -> str:
            after = [f"Id > '{long_id(last['Id'])}'"] if last else []
            return select(("Id",), CONTAINER, *after, order=("Id",))

        for rows in self._opened().walk(soql):
            yield from (long_id(row["Id"]) for row in rows)

    def fetch(self, native_ids: Sequence[str]) -> Iterator[Record | Missing]:
        """Ask for deals by their ids; what is not shown is gone only if Salesforce says so (S12, S15)."""
        client, reader = self._opened(), self._reader()
        possible = [long_id(one) for one in native_ids if is_id(one) and one.startswith(_ID_OF_AN_OPPORTUNITY)]
        unseen = dict.fromkeys(possible)
        for ids in chunks(possible, reader.plan.select):
            rows = client.rows(select(reader.plan.select, CONTAINER, among("Id", ids)))
            page = self._page(reader, rows, compare=False)
            if page.set_aside:
                # It is there, so leaving it out would tell that it is gone.
                unread = page.set_aside[0]
                raise SourceContentError(
                    unread.reason, location=f"{self.name}:{unread.native_id}", hint=unread.location
                )
            for record in page.records:
                unseen.pop(record.native_id, None)
            yield from page.records
        if unseen:
            yield from (Missing(one, Absence.ACCESS_LOST) for one in self._withheld().of(list(unseen)))

    def close(self) -> None:
        self._walked.close()
        if self._client is not None:
            self._client.close()

    def _since(self, earliest: datetime) -> Iterator[Page]:
        """What was changed, oldest change first: a deal that changes meanwhile comes again at the end (S10)."""
        client, reader = self._opened(), self._reader()

        # What is read now may have been seen before, by this walk or by the one through everything.
        self._walked.repeated = True

        def soql(last: Row | None) -> str:
            start = moment_of(last["SystemModstamp"]) if last else earliest
            return select(reader.plan.select, CONTAINER, since("SystemModstamp", start), order=("SystemModstamp", "Id"))

        for rows in client.walk(soql):
            page = self._page(reader, rows)
            self._walked.add(page)
            yield page

    def _everything(self) -> Iterator[Page]:
        """Every deal, by windows of its creation side by side. Come to its end, this is a census."""
        client, reader = self._opened(), self._reader()
        walks = [self._window(reader, window) for window in cut_into_windows(client, CONTAINER, client.at_once)]
        for page in client.walk_all(walks):
            self._walked.add(page)
            yield page
        self._walked.complete = True

    def _window(self, reader: DealReader, window: Window) -> Iterator[Page]:
        def soql(last: Row | None) -> str:
            seen = moment_of(last[FIELD]) if last else None
            if last is not None:
                self._walked.repeated = True
            return select(reader.plan.select, CONTAINER, *window.conditions(seen), order=(FIELD, "Id"))

        whole = window.conditions() if window.few else ()
        for rows in self._opened().walk(soql):
            page = self._page(reader, rows, whole)
            # The walk waits for its turn now, and would keep the rows in memory meanwhile.
            rows.clear()
            yield page

    def _page(
        self, reader: DealReader, rows: Sequence[Row], window: Sequence[str] = (), *, compare: bool = True
    ) -> Page:
        """Read some deals; to ``compare`` leaves out those that were read from the same answers before."""
        ids = [long_id(row["Id"]) for row in rows]
        moves = self._moves_of(reader.plan).moves(ids, window)
        sold = self._line_items(reader.plan).of(ids)
        told = {one: (row, moves.told(one), sold.get(one)) for one, row in zip(ids, rows, strict=True)}
        compared = self._answers(reader).compare(told if compare else {})
        records: list[Deal] = []
        set_aside: list[SetAside] = []
        for native_id, row in zip(ids, rows, strict=True):
            if native_id in compared.unchanged:
                continue
            try:
                deal = reader.read(row, moves.of(native_id), sold.get(native_id, {}), moves.changes_of(native_id))
                moves.require_readable(native_id)
                records.append(deal)
            except RecordError as error:
                set_aside.append(SetAside(native_id, error.summary, f"{reader.instance}/{native_id}"))
        return Page(records, set_aside, list(compared.unchanged), compared.digests)

    def _answers(self, reader: DealReader) -> Answers:
        if self._compared is None:
            self._compared = Answers(self.context.known, self.options, reader.plan, reader.instance, reader.zone)
        return self._compared

    def _opened(self) -> SalesforceClient:
        """The client, once Salesforce has told who we are (S6)."""
        if self._client is None:
            self._client = SalesforceClient(self.name, self.options, self.context)
        if not self._who:
            self._who = self._client.who()
        return self._client

    def _fields(self) -> tuple[FieldPlan, Sequence[Problem]]:
        if self._planned is None:
            self._described = self._opened().fields()
            self._planned = plan_fields(self.name, self.options, self._described)
        return self._planned

    def _reader(self) -> DealReader:
        """Raise SchemaDriftError when a mapped field has vanished: unknown is not empty (S9, S14)."""
        plan, problems = self._fields()
        require(self.options, plan, self._described, problems)
        return DealReader(self.name, self.options, plan, self._opened().instance, self.context.zone)

    def _line_items(self, plan: FieldPlan) -> LineItems:
        return LineItems(self.name, self._opened(), plan.lines)

    def _withheld(self) -> Withheld:
        client = self._opened()
        return Withheld(self.name, client, long_id(str(self._who["user_id"])), self.context.now)

    def _moves_of(self, plan: FieldPlan) -> History:
        if self._history is None:
            promised_date = plan.names.get(self.options.promised_date_field or "")
            currency = Currency(plan.multicurrency, self.options.currency)
            self._history = History(self.name, self._opened(), promised_date, self.context.zone, currency)
        return self._history


class WalkedIds:
    """The ids that a walk through everything showed; those of a large org stand in a temporary file."""

    def __init__(self) -> None:
        self._ids = SpooledTemporaryFile(max_size=_MOST_IN_MEMORY)  # noqa: SIM115 - closed with the connector
        self.repeated = False
        """Whether some may have been seen twice: a walk had to start again, or another one followed."""
        self.complete = False
        """Whether the walk came to its end; before that it proves nothing."""

    def add(self, page: Page) -> None:
        shown = [*(record.native_id for record in page.records), *(one.native_id for one in page.set_aside)]
        shown += page.unchanged
        self._ids.seek(0, SEEK_END)
        self._ids.write("".join(shown).encode())

    def __iter__(self) -> Iterator[str]:
        """Each id once."""
        if not self.repeated:
            yield from chain.from_iterable(self._parts())
            return
        with closing(Noted()) as noted:
            for part in self._parts():
                new = noted.note(part)
                yield from (one for one in dict.fromkeys(part) if one in new)

    def _parts(self) -> Iterator[list[str]]:
        self._ids.seek(0)
        while part := self._ids.read(_ID_LENGTH * _IDS_AT_ONCE).decode():
            yield [part[start : start + _ID_LENGTH] for start in range(0, len(part), _ID_LENGTH)]

    def close(self) -> None:
        self._ids.close()


CONNECTOR = SalesforceConnector
