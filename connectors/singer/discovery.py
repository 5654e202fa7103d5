"""What a tap could be configured to read: its streams with their fields, and what a first record of each looks like."""

from collections.abc import Mapping
from typing import Any

from connectors.singer import values
from connectors.singer.catalog import Catalog, schema_of, stream_id
from connectors.singer.options import SingerOptions
from connectors.singer.paths import fields_of, type_at, value_at
from connectors.singer.run import Told
from connectors.singer.suggestion import settings_for
from model.reading import Container, DiscoveredField, Discovery

_LONGEST_SAMPLE = 60


def discovered(catalog: Catalog, options: SingerOptions) -> Discovery:
    """All streams, and the fields of the mapped ones; of all streams while none of the mapped ones is there."""
    mapped = {stream_id(entry): stream for stream in options.streams if (entry := catalog.entry(stream)) is not None}
    fields: list[DiscoveredField] = []
    for entry in catalog.entries:
        name = stream_id(entry)
        if not mapped or name in mapped:
            fields += _fields(mapped.get(name, name), entry, options)
    problems = [*catalog.missing(options), *(problem for _, problem in catalog.drift(options))]
    containers = [Container(stream_id(entry), stream_id(entry)) for entry in catalog.entries]
    return Discovery("streams", containers, fields, problems, settings_for(catalog, options))


def sampled(catalog: Catalog, options: SingerOptions, samples: Mapping[str, Told]) -> list[tuple[str, int]]:
    """For the probe: each mapped field with its type and a value, and whether a first record fills it."""
    found = []
    for stream, mapped in options.streams.items():
        entry = catalog.entry(stream)
        if entry is None:
            continue
        row = samples[stream].row if stream in samples else None
        found.append((f"sample record of {stream}", int(row is not None)))
        for name, path in mapped.fields.items():
            raw = value_at(row, path) if row is not None else None
            told = "" if values.is_blank(raw) else f", such as {_sample(raw)!r}"
            kind = type_at(schema_of(entry), path) or "missing"
            found.append((f"{stream}: {name} from {path} ({kind}){told}", int(bool(told))))
    return found


def _fields(stream: str, entry: Mapping[str, Any], options: SingerOptions) -> list[DiscoveredField]:
    mapped = options.streams.get(stream)
    kept = {path: name for name, path in mapped.fields.items()} if mapped else {}
    keys = set(entry.get("key_properties") or ())
    return [
        DiscoveredField(
            id=f"{stream}.{path}",
            name=path,
            kind=f"{kind}, key" if path in keys else kind,
            containers=(stream,),
            setting=path,
            kept_as=kept.get(path, ""),
        )
        for path, kind in fields_of(schema_of(entry))
    ]


def _sample(raw: Any) -> str:
    if isinstance(raw, list):
        return ", ".join(_sample(one) for one in raw[:3])
    try:
        told = values.text(raw)
    except ValueError:
        told = "an object"
    return told if len(told) <= _LONGEST_SAMPLE else f"{told[:_LONGEST_SAMPLE]}…"
