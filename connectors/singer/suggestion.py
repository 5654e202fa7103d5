"""The settings that would read the streams of a tap, as YAML to paste."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connectors.singer.catalog import Catalog, Entry, schema_of, stream_id
from connectors.singer.kinds import FIELDS, FieldType
from connectors.singer.options import SingerOptions, StreamOptions
from connectors.singer.paths import fields_of
from model.records import RecordKind

_KIND_WORDS = {
    RecordKind.RELEASE: ("milestone", "release", "version"),
    RecordKind.SPRINT: ("sprint", "iteration"),
    RecordKind.DEAL: ("deal", "opportunit"),
    RecordKind.SAVING: ("saving",),
    RecordKind.WORK_ITEM: ("issue", "task", "ticket", "incident", "stor", "work", "change_request", "todo"),
}
"""What the name of a stream says of its records."""
_FIELD_WORDS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "name", "summary", "subject", "short_description", "dealname", "properties.dealname"),
    "key": ("key", "number"),
    "url": ("html_url", "web_url", "permalink_url", "url"),
    "owner": ("assignee.login", "assignee.email", "assignee.name", "owner.email", "owner", "assignee", "user.login"),
    "status": ("status", "state", "status.name"),
    "start": ("start_date", "start_on", "start"),
    "due": ("due_date", "due_on", "due_at", "due", "deadline"),
    "finished": ("closed_at", "completed_at", "finished_at", "resolved_at"),
    "release_date": ("due_on", "due_date", "release_date", "released_at"),
    "end": ("end_date", "due_date", "end"),
    "labels": ("labels.name", "labels", "tags"),
    "estimate": ("points", "story_points", "estimate"),
    "priority": ("priority",),
    "stage": ("stage", "stage_name", "dealstage", "properties.dealstage"),
    "amount": ("amount", "properties.amount"),
    "close_date": ("close_date", "closedate", "properties.closedate"),
    "planned_start": ("planned_start", "start_date", "start"),
    "run_rate": ("run_rate", "yearly"),
    "created": ("created_at", "created_on", "createdate", "created"),
    "changed": ("updated_at", "modified_at", "updated_on", "last_modified", "updated", "changed"),
}
"""Our field, and what streams call it, the likeliest first."""
_ID_WORDS = ("id", "gid", "uuid", "key", "number", "no", "code")
_NO_NUMBERS = frozenset({FieldType.DATE, FieldType.DATETIME, FieldType.URL, FieldType.LIST})
_PLAIN = re.compile(r"[A-Za-z_][\w.-]*")
_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"})
"""What YAML takes for something else than a text."""
_MOST_NAMED = 12
"""So many fields that are not read are named for each stream."""


def settings_for(catalog: Catalog, options: SingerOptions) -> str:
    """The block ``streams:``: those that are read as they are configured, then the others, behind # where reading them
    is a decision still to take."""
    lines = ["streams:"]
    mapped = {stream_id(entry): name for name in options.streams if (entry := catalog.entry(name)) is not None}
    others = [entry for entry in catalog.entries if stream_id(entry) not in mapped]
    for entry in catalog.entries:
        if stream_id(entry) in mapped:
            name = mapped[stream_id(entry)]
            lines += _stream(name, entry, _as_configured(options.streams[name]))
    chosen = [] if mapped else [entry for entry in others if _kind(stream_id(entry))] or others[:1]
    for entry in others:
        told = [*_stream(stream_id(entry), entry, _guessed(entry))]
        lines += told if entry in chosen else [f"# {line}" for line in told]
    return "\n".join(lines)


def _stream(name: str, entry: Entry, written: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {_word(name)}:"
    for option, value in written.items():
        if option != "fields":
            yield f"    {option}: {_value(value)}{_REMARKS.get(option, '')}"
    types = dict(fields_of(schema_of(entry)))
    yield "    fields:"
    for ours, path in written["fields"].items():
        yield f"      {ours}: {_value(path)}  # {types.get(path, 'any')}"
    unread = [f"{path} ({kind})" for path, kind in types.items() if path not in written["fields"].values()]
    if unread:
        more = f" and {len(unread) - _MOST_NAMED} more" if len(unread) > _MOST_NAMED else ""
        yield f"      # not read: {', '.join(unread[:_MOST_NAMED])}{more}"


_REMARKS = {
    "kind": "  # work_item, release, sprint, deal, saving or measurement",
    "id": "  # the fields that together name a record",
}


def _as_configured(stream: StreamOptions) -> dict[str, Any]:
    written = stream.model_dump(mode="json", exclude_defaults=True)
    return {"kind": written.pop("kind"), **written}


def _guessed(entry: Entry) -> dict[str, Any]:
    """What a stream seems to be, by its name and those of its fields."""
    kind = _kind(stream_id(entry)) or RecordKind.WORK_ITEM
    types = dict(fields_of(schema_of(entry)))
    fields: dict[str, str] = {}
    for ours, field_type in FIELDS[kind].items():
        path = next(
            (path for path in _named(types, _FIELD_WORDS.get(ours, ())) if _fits(field_type, types[path])), None
        )
        if path is not None and path not in fields.values():
            fields[ours] = path
    if not fields:
        fields["title"] = next(iter(types), "id")
    identified: dict[str, Any] = {"kind": kind.value}
    if not entry.get("key_properties"):
        identified["id"] = [next(_named(types, _ID_WORDS), next(iter(types), "id"))]
    return {**identified, "fields": fields}


def _kind(stream: str) -> RecordKind | None:
    plain = stream.casefold()
    return next((kind for kind, words in _KIND_WORDS.items() if any(word in plain for word in words)), None)


def _named(types: Mapping[str, str], words: Sequence[str]) -> Iterator[str]:
    by_name = {path.casefold(): path for path in types}
    return (by_name[word] for word in words if word in by_name)


def _fits(field_type: FieldType, told: str) -> bool:
    if told == "any":
        return True
    if field_type is FieldType.NUMBER:
        return any(word in told for word in ("number", "integer", "string"))
    if field_type is FieldType.LIST:
        return "object" not in told
    return "object" not in told and "array" not in told and not (field_type in _NO_NUMBERS and "boolean" in told)


def _word(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text.casefold() not in _YAML_WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


def _value(value: Any) -> str:
    # What JSON writes is YAML as well.
    if isinstance(value, str):
        return _word(value)
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        return f"[{', '.join(_value(one) for one in value)}]"
    return json.dumps(value, ensure_ascii=False)
