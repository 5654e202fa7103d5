"""Reads Salesforce: opportunities with what was promised, for when, and who moved the dates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from connectors.base import Connector, ReadContext, SourceOptions
from connectors.salesforce.client import Row, SalesforceClient
from connectors.salesforce.deals import CONTAINER, DealReader, long_id, moment_of
from connectors.salesforce.discovery import discover
from connectors.salesforce.fields import FieldPlan, plan_fields
from connectors.salesforce.history import History
from connectors.salesforce.line_items import LineItems
from connectors.salesforce.options import SalesforceOptions
from connectors.salesforce.sign_in import warnings_about_sign_in
from connectors.salesforce.soql import among, chunks, is_id, select, since
from model.errors import Problem, RecordError, SourceContentError, SourceGoneError
from model.reading import Container, Cursor, Discovery, Page, Probe, SetAside
from model.records import Record

__all__ = ["CONNECTOR", "SalesforceConnector", "SalesforceOptions"]

_ID_OF_AN_OPPORTUNITY = "006"


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
        self._history: History | None = None
        self._all_were_read = False

    def probe(self) -> Probe:
        client = self._opened()
        plan, missing = self._fields()
        version, served = self.options.api_version, client.versions()
        problems = [*warnings_about_sign_in(self.name, self.options, self.context), *missing]
        problems += [*self._moves_of(plan).problems(), *self._line_items(plan).problems()]
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

    def roster(self) -> Iterable[Container]:
        self._fields()
        return [Container(CONTAINER, "Opportunities")]

    def changed(self, cursor: Cursor | None) -> Iterator[Page]:
        if self._all_were_read:
            cursor = self.next_cursor()
        return self._pages(None if cursor is None else moment_of(cursor.position))

    def side_tables(self) -> Iterator[Page]:
        """Yield every deal when a mapped field can change without a trace: formulas, related records, line items (S11).

        What follows in the same run then reads only what this may have missed, so that a full read is not paid twice.
        """
        plan, _ = self._fields()
        if plan.volatile:
            yield from self._pages(None)
            self._all_were_read = True

    def census(self, container: Container) -> Iterator[str]:
        """Ids of what a plain query shows; the recycle bin is not part of it."""
        if container.id != CONTAINER:
            raise SourceGoneError(f"{self.name} has no {container.name}", location=self.name, hint="read it anew")

        def soql(last: Row | None) -> str:
            after = [f"Id > '{long_id(last['Id'])}'"] if last else []
            return select(("Id",), CONTAINER, *after, order=("Id",))

        for rows in self._opened().walk(soql):
            yield from (long_id(row["Id"]) for row in rows)

    def fetch(self, native_ids: Sequence[str]) -> Iterator[Record]:
        client, reader = self._opened(), self._reader()
        possible = [one for one in native_ids if is_id(one) and one.startswith(_ID_OF_AN_OPPORTUNITY)]
        for ids in chunks(possible, reader.plan.select):
            rows = client.rows(select(reader.plan.select, CONTAINER, among("Id", ids)))
            page = self._page(reader, rows)
            if page.set_aside:
                # It is there, so leaving it out would tell that it is gone.
                unread = page.set_aside[0]
                raise SourceContentError(
                    unread.reason, location=f"{self.name}:{unread.native_id}", hint=unread.location
                )
            yield from page.records

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _pages(self, earliest: datetime | None) -> Iterator[Page]:
        client, reader = self._opened(), self._reader()

        def soql(last: Row | None) -> str:
            start = moment_of(last["SystemModstamp"]) if last else earliest
            conditions = [] if start is None else [since("SystemModstamp", start)]
            return select(reader.plan.select, CONTAINER, *conditions, order=("SystemModstamp", "Id"))

        for rows in client.walk(soql):
            yield self._page(reader, rows)

    def _page(self, reader: DealReader, rows: Sequence[Row]) -> Page:
        ids = [long_id(row["Id"]) for row in rows]
        history = self._moves_of(reader.plan)
        moves = history.moves(ids)
        sold = self._line_items(reader.plan).of(ids)
        records, set_aside = [], []
        for row in rows:
            native_id = long_id(row["Id"])
            try:
                deal = reader.read(row, moves.get(native_id, ()), sold.get(native_id, {}))
                history.require_readable(native_id)
                records.append(deal)
            except RecordError as error:
                set_aside.append(SetAside(native_id, error.summary, f"{reader.instance}/{native_id}"))
        return Page(records, set_aside)

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
        """Raise SourceGoneError when a mapped field has vanished: unknown is not empty (S9, S14)."""
        plan, problems = self._fields()
        if problems:
            raise SourceGoneError(*problems)
        return DealReader(self.name, self.options, plan, self._opened().instance, self.context.zone)

    def _line_items(self, plan: FieldPlan) -> LineItems:
        return LineItems(self.name, self._opened(), plan.lines)

    def _moves_of(self, plan: FieldPlan) -> History:
        if self._history is None:
            promised_date = plan.names.get(self.options.promised_date_field or "")
            self._history = History(self.name, self._opened(), promised_date, self.context.zone)
        return self._history


CONNECTOR = SalesforceConnector
