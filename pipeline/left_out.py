"""Reading a source without fields that drifted, so that only what rests on them is held (S9)."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace

from pydantic import ValidationError

from connectors.base import Connector, ReadContext, SourceOptions
from connectors.registry import connector_type
from model.errors import SchemaDriftError
from model.reading import Page
from model.records import Record
from state.store import Store

_CUSTOM = ("fields", "custom")
_COLUMNS = "columns"
_ALONE = frozenset(
    {"owner", "priority", "light", "controller", "stage_gate", "baseline", "one_time_cost", "blocked_reason"}
)
"""Fields of records that a setting fills by itself: no other field of a record is worked out from the same value."""


@contextmanager
def reading_the_rest(
    name: str, options: SourceOptions, context: ReadContext, drift: SchemaDriftError
) -> Iterator[Connector]:
    """A connector that is not told of the fields that drifted; raise the drift where the source is held as a whole."""
    rest = rest_of(options, drift.fields)
    if rest is None:
        raise drift
    with closing(connector_type(options.kind)(name, rest, context)) as connector:
        told = connector.shape()
        if any(told.get(field) for field in drift.fields):
            raise drift
        yield connector


def rest_of(options: SourceOptions, fields: Collection[str]) -> SourceOptions | None:
    """The options by which a source is read without these fields; None where it is held as a whole, because one of
    them is needed for more than itself: it names a record, or another field is worked out from it.

    What reads a field that is left out, or rests on a rule that does, is held; nothing else has to be.
    """
    changed: dict[str, object] = {}
    listed = [each for _, value in options if isinstance(value, tuple) for each in value]
    for field in fields:
        places = [*_CUSTOM, *([_COLUMNS] if field in _ALONE else [])]
        place = next((place for place in places if field in getattr(options, place, ())), None)
        if place is not None and field not in listed:
            kept: Mapping[str, object] = changed.get(place, getattr(options, place))  # type: ignore[assignment]
            changed[place] = {name: value for name, value in kept.items() if name != field}
        elif field.endswith("_field") and field.removesuffix("_field") in _ALONE and getattr(options, field, None):
            changed[field] = None
        else:
            return None
    try:
        return type(options).model_validate({**dict(options), **changed})
    except ValidationError:
        return None


def with_stored(store: Store, page: Page, fields: Collection[str]) -> Page:
    """A page on which the fields that are not read say what is stored of them.

    A field that cannot be read is unknown, not empty. Were it stored as empty, the record would lose its links by the
    rules that read the field, its history would tell of changes that nobody made, and the last known value would be
    gone. So the value stays, and what rests on it is held all the same, because it is not confirmed. A record that is
    new lacks the field, until a full read makes up for it as soon as the field is there again.
    """
    if not fields:
        return page
    stored = {known.id: known for batch in store.contents({record.id for record in page.records}) for known in batch}
    return replace(page, records=[_with_stored(each, stored.get(each.id), _names(fields)) for each in page.records])


def _with_stored(record: Record, stored: Record | None, names: Collection[str]) -> Record:
    if stored is None or stored.kind is not record.kind:
        return record
    custom = {name: stored.custom[name] for name in names if name in stored.custom}
    alone = {name: getattr(stored, name) for name in names if name in _ALONE and hasattr(stored, name)}
    places = {place for name in names for place in (name, f"custom.{name}")}
    provenance = {place: where for place, where in stored.provenance.items() if place in places}
    return replace(
        record,
        custom={**record.custom, **custom},
        provenance={**record.provenance, **provenance},
        **(alone if not custom.keys() & alone.keys() else {}),
    )


def _names(fields: Collection[str]) -> frozenset[str]:
    """How records may call the fields that the settings call so."""
    return frozenset(fields) | {name.removesuffix("_field") for name in fields}
