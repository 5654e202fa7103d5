"""What a tap has to offer: reads its catalog, and selects the mapped streams and fields in it."""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.singer.options import SingerOptions, StreamOptions
from connectors.singer.paths import type_at
from connectors.singer.records import DELETED_AT
from model.errors import Problem, SchemaDriftError, SourceContentError, SourceGoneError

Entry = Mapping[str, Any]
_METHODS = {"full_table": "FULL_TABLE", "incremental": "INCREMENTAL"}


@dataclass(frozen=True, slots=True)
class Catalog:
    """A catalog as the tap or a file gave it. ``entries`` are its streams."""

    source: str
    document: Mapping[str, Any]
    entries: tuple[Entry, ...]

    def entry(self, stream: str) -> Entry | None:
        """The stream of a name: that of its ``tap_stream_id``, else the only one whose ``stream`` it is."""
        for key in ("tap_stream_id", "stream"):
            found = [entry for entry in self.entries if entry.get(key) == stream]
            if len(found) == 1 or (found and key == "tap_stream_id"):
                return found[0]
        return None

    def missing(self, options: SingerOptions) -> list[Problem]:
        """The mapped streams that the tap does not offer."""
        offered = ", ".join(sorted(stream_id(entry) for entry in self.entries)[:20])
        return [
            Problem(
                f"the tap of {self.source} does not offer the stream {stream}",
                f"{self.source}: streams.{stream}",
                f"it offers {offered}; another account or config may see other ones",
            )
            for stream in options.streams
            if self.entry(stream) is None
        ]

    def drift(self, options: SingerOptions) -> list[tuple[str, Problem]]:
        """Mapped fields that the catalog does not have, with our names for them."""
        return [
            found
            for stream, mapped in options.streams.items()
            if (entry := self.entry(stream)) is not None
            for found in drift(self.source, stream, mapped, schema_of(entry))
        ]

    def names(self, options: SingerOptions) -> dict[str, str]:
        """The name that messages give each mapped stream, and the one that the settings give it."""
        found: dict[str, str] = {}
        for stream in options.streams:
            entry = self.entry(stream)
            if entry is not None:
                told = [entry.get(key) for key in ("tap_stream_id", "stream", "stream_alias")]
                found |= {name: stream for name in told if isinstance(name, str)}
        return found

    def shape(self, options: SingerOptions) -> dict[str, str]:
        """What each mapped field is: our name for it, and path and type in each stream that has it."""
        found: dict[str, list[str]] = {}
        for stream, mapped in options.streams.items():
            entry = self.entry(stream)
            for name, path in mapped.fields.items() if entry is not None else ():
                told = type_at(schema_of(entry or {}), path)
                found.setdefault(name, []).append(f"{stream}.{path} {told or 'missing'}")
        return {name: ", ".join(places) for name, places in found.items()}

    def selected(self, options: SingerOptions) -> dict[str, Any]:
        """A copy in which the mapped streams and fields are selected and the others are not, by metadata and by the
        older ``selected``."""
        document = copy.deepcopy(dict(self.document))
        chosen = {stream_id(entry): stream for stream in options.streams if (entry := self.entry(stream)) is not None}
        for entry in document["streams"]:
            stream = chosen.get(stream_id(entry))
            _select(entry, options.streams[stream] if stream is not None else None)
        return document


def parse_catalog(source: str, text: bytes) -> Catalog:
    """Read a catalog. Raise SourceContentError when it is none, and SourceGoneError when it offers no stream at all."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        # Not chained: such an error can hold the whole text.
        raise _no_catalog(source, "it is no JSON") from None
    entries = document.get("streams") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _no_catalog(source, "it has no list of streams")
    if not all(stream_id(entry) and isinstance(entry.get("schema"), dict) for entry in entries):
        raise _no_catalog(source, "a stream has no name or no schema")
    if not entries:
        raise SourceGoneError(
            f"the tap of {source} offers no streams",
            location=source,
            hint="check what config: points to: a path, an account or a repository that is gone looks like this",
        )
    return Catalog(source, document, tuple(entries))


def stream_id(entry: Entry) -> str:
    return str(entry.get("tap_stream_id") or entry.get("stream") or "")


def schema_of(entry: Entry) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = entry["schema"]
    return schema


def drift(source: str, stream: str, options: StreamOptions, schema: Mapping[str, Any]) -> Iterator[tuple[str, Problem]]:
    """What is mapped and not in a schema: our name for it, and the problem (S9)."""
    for name, path in used_paths(options):
        if type_at(schema, path) is None:
            yield (
                name,
                Problem(
                    f"the stream {stream} of {source} has no field {path}, which fills {name}",
                    f"{source}: streams.{stream}",
                    f"see what it has with: driftline sources discover {source}",
                ),
            )


def require(found: Sequence[tuple[str, Problem]], source: str) -> None:
    """Raise SchemaDriftError when a mapped field is not there: a null would look like an answer (S9)."""
    if found:
        fields = [*dict.fromkeys(name for name, _ in found)]
        raise SchemaDriftError(*(problem for _, problem in found), fields=fields, location=source)


def used_paths(options: StreamOptions) -> Iterator[tuple[str, str]]:
    """Each field of a stream that is needed, with what for."""
    yield from options.fields.items()
    yield from (("key", path) for path in options.id)
    yield from (("url", path) for path in options.url_paths)
    yield from (("leave_out", path) for path in options.leave_out)
    if options.replication_key:
        yield "replication_key", options.replication_key


def _select(entry: dict[str, Any], options: StreamOptions | None) -> None:
    properties: dict[str, Any] = entry["schema"].get("properties") or {}
    used = [path for _, path in used_paths(options)] if options is not None else []
    needed = {DELETED_AT, *(path if path in properties else path.partition(".")[0] for path in used)}
    needed |= set(entry.get("key_properties") or ())
    metadata = entry["metadata"] = [one for one in entry.get("metadata") or () if isinstance(one, dict)]
    known = {tuple(one.get("breadcrumb") or ()): one for one in metadata}
    whole = _described(known, (), metadata)
    whole["selected"] = entry["selected"] = entry["schema"]["selected"] = options is not None
    if options is None:
        return
    if options.replication is not None:
        whole["replication-method"] = entry["replication_method"] = _METHODS[options.replication]
    if options.replication_key is not None:
        whole["replication-key"] = entry["replication_key"] = options.replication_key
    needed |= {*_keys(whole), str(entry.get("replication_key"))}
    for name, schema in properties.items():
        told = _described(known, ("properties", name), metadata)
        wanted = name in needed or told.get("inclusion") == "automatic"
        told["selected"] = wanted
        if isinstance(schema, dict):
            schema["selected"] = wanted
        for breadcrumb, deeper in known.items():
            if len(breadcrumb) > 2 and breadcrumb[:2] == ("properties", name):
                deeper.setdefault("metadata", {})["selected"] = wanted


def _described(
    known: dict[tuple[str, ...], dict[str, Any]], breadcrumb: tuple[str, ...], metadata: list[dict[str, Any]]
) -> dict[str, Any]:
    """The metadata of a stream (an empty breadcrumb) or of one of its fields, made when there is none."""
    if breadcrumb not in known:
        known[breadcrumb] = {"breadcrumb": list(breadcrumb), "metadata": {}}
        metadata.append(known[breadcrumb])
    told: dict[str, Any] = known[breadcrumb].setdefault("metadata", {})
    return told


def _keys(whole: Mapping[str, Any]) -> list[str]:
    """Fields that the tap itself needs of a stream."""
    named = [*(whole.get("table-key-properties") or ()), *(whole.get("view-key-properties") or ())]
    named.append(whole.get("replication-key"))
    return [name for name in named if isinstance(name, str)]


def _no_catalog(source: str, why: str) -> SourceContentError:
    return SourceContentError(
        f"what the tap of {source} answers to --discover is no catalog: {why}",
        location=source,
        hint="run the tap with --discover by hand; a program that is no Singer tap looks like this",
    )
