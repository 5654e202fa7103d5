"""A value of every configured field, from the first records that a source gives."""

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from datetime import date, datetime
from itertools import islice
from typing import Any

from connectors.base import Connector
from model.errors import SchemaDriftError, SourceError
from model.money import Money
from model.reading import FieldSample
from model.records import Record

_MOST_PAGES = 3
_LONGEST_SAMPLE = 60


def sample_fields(connector: Connector) -> Sequence[FieldSample]:
    """Look for a value of each configured field in the first pages; where a page cannot be read, there is none.

    While fields are missing or ambiguous nothing is looked for: the probe's problems say which.
    """
    try:
        shape = connector.shape()
    except SchemaDriftError:
        return ()
    found: dict[str, str] = {}
    if shape:
        # What keeps the pages from us is the probe's own business to tell.
        with suppress(SourceError):
            _look(connector, shape, found)
    return [FieldSample(name, at_source, found.get(name, "")) for name, at_source in shape.items()]


def _look(connector: Connector, shape: Mapping[str, str], found: dict[str, str]) -> None:
    with closing(page for page in connector.changed(None)) as pages:
        for page in islice(pages, _MOST_PAGES):
            for record in page.records:
                for name in shape.keys() - found.keys():
                    if text := _text(_value(record, name)):
                        found[name] = text
            if shape.keys() <= found.keys():
                return


def _value(record: Record, name: str) -> object:
    """What a record says under the name of a field or of the option that names it: ``promised_field`` fills promised.

    A name with a stream or sheet before it is looked for without that.
    """
    bare = name.rpartition(".")[2]
    for each in (name, bare, bare.removesuffix("_field")):
        if each in record.custom:
            return record.custom[each]
        if hasattr(record, each):
            return getattr(record, each)
    return None


def _text(value: Any) -> str:
    """A value as one short line; empty for none."""
    if value is None or value == () or value == "":
        return ""
    if isinstance(value, Money):
        text = f"{value.amount} {value.currency}"
    elif isinstance(value, date | datetime):
        text = value.isoformat()
    elif isinstance(value, tuple):
        text = ", ".join(str(each) for each in value)
    else:
        text = str(value)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_SAMPLE else f"{text[: _LONGEST_SAMPLE - 1]}…"
