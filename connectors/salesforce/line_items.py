"""Asks Salesforce what each opportunity sells: fields of its line items and their products, for rules to match on."""

from collections.abc import Mapping, Sequence

from connectors.salesforce.client import NotAllowedError, Row, SalesforceClient
from connectors.salesforce.deals import at_path, long_id
from connectors.salesforce.soql import among, chunks, select
from model.errors import Problem, SourceContentError, SourceError, SourceGoneError
from model.records import FieldValue

_LINE = "OpportunityLineItem"


class LineItems:
    """The line items. Unlike history they were asked for, so hidden ones stop the read: unknown is not none.

    ``fields`` are our names and the paths below a line item; without any nothing is asked.
    """

    def __init__(self, source: str, client: SalesforceClient, fields: Mapping[str, str]) -> None:
        self._source = source
        self._client = client
        self._fields = fields
        self._select = ("Id", "OpportunityId", *dict.fromkeys(fields.values()))

    def problems(self) -> list[Problem]:
        """Try once and tell whether they cannot be read."""
        if not self._fields:
            return []
        try:
            self._client.rows(select(self._select, _LINE, limit=1))
        except (SourceGoneError, NotAllowedError) as error:
            return list(self._hidden(error).problems)
        return []

    def of(self, opportunity_ids: Sequence[str]) -> Mapping[str, Mapping[str, FieldValue]]:
        """The distinct texts of each field by 18-character id of the opportunity; no line item, no text."""
        if not self._fields:
            return {}
        found: dict[str, list[Row]] = {one: [] for one in opportunity_ids}
        try:
            for ids in chunks(opportunity_ids, self._select):
                for row in self._client.rows(select(self._select, _LINE, among("OpportunityId", ids), order=("Id",))):
                    found[long_id(row["OpportunityId"])].append(row)
        except (SourceGoneError, NotAllowedError) as error:
            raise self._hidden(error) from error
        except (KeyError, TypeError) as error:
            raise SourceContentError(
                f"{self._source} answered line items that cannot be read: {error!r}",
                location=self._source,
                hint="try again; if it stays, this version of Driftline is too old",
            ) from error
        return {one: {ours: _texts(rows, path) for ours, path in self._fields.items()} for one, rows in found.items()}

    def _hidden(self, reason: SourceError) -> SourceError:
        return SourceGoneError(
            f"the line items of opportunities cannot be read: {reason.summary}",
            location=self._source,
            hint="give the integration user read access to Opportunity Products and Products,"
            " or correct the fields that begin with OpportunityLineItems",
        )


def _texts(rows: Sequence[Row], path: str) -> tuple[str, ...]:
    values = (at_path(row, path) for row in rows)
    return tuple(sorted({str(value).strip() for value in values if value is not None} - {""}))
