"""Which of the site's fields are meant by the configuration, and what their values are as ours."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from connectors.jira.options import JiraOptions
from model.errors import Problem, SchemaDriftError
from model.keys import normalise_key
from model.records import FieldValue

SPRINT_TYPE = "com.pyxis.greenhopper.jira:gh-sprint"
EPIC_TYPES = ("com.pyxis.greenhopper.jira:gh-epic-link", "com.atlassian.jpo:jpo-custom-field-parent")
_USUAL_START = "Start date"
_FIRST_MILLISECONDS = 100_000_000_000
_EXTRA = "fields."


@dataclass(frozen=True, slots=True)
class SiteField:
    """One field of the site. ``type`` is what a value is; ``of`` what a list holds."""

    id: str
    name: str
    type: str = "any"
    of: str = ""
    custom: str = ""

    @property
    def what(self) -> str:
        """The type in words: ``date``, ``list of option``."""
        return f"list of {self.of}" if self.type == "array" and self.of else self.type


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """The site's fields that a configuration means, by what we call them. ``problems`` are those not found."""

    extra: Mapping[str, SiteField] = field(default_factory=dict)
    start: SiteField | None = None
    estimate: SiteField | None = None
    sprint: SiteField | None = None
    parents: Sequence[SiteField] = ()
    """Fields that hold the key of an epic or of its parent, where the site has no other word for it (J26)."""
    problems: Sequence[Problem] = ()

    def require(self) -> None:
        """Raise SchemaDriftError when a field is missing or ambiguous: a null would look like an answer (S9)."""
        if self.problems:
            options = (problem.location.partition(": ")[2] for problem in self.problems)
            raise SchemaDriftError(*self.problems, fields=[option.removeprefix(_EXTRA) for option in options])

    @property
    def shape(self) -> dict[str, str]:
        """Our name of each field, also of those found without being configured, and its id and type on the site."""
        single = {"start_field": self.start, "estimate_field": self.estimate, "sprint": self.sprint}
        meant = {ours: [one] for ours, one in (*self.extra.items(), *single.items()) if one is not None}
        if self.parents:
            meant["parent"] = list(self.parents)
        return {ours: ", ".join(f"{one.id} ({one.what})" for one in found) for ours, found in meant.items()}

    @property
    def ids(self) -> list[str]:
        planned = (self.start, self.estimate, self.sprint, *self.parents, *self.extra.values())
        return [one.id for one in planned if one is not None]


def plan_fields(
    source: str, options: JiraOptions, raw_fields: Iterable[Mapping[str, Any]], *, epic_fields: bool = False
) -> FieldPlan:
    """Find every configured field by id, or by a name that only one field has (J24).

    Sprint and, with ``epic_fields``, the links to epics are known by what they are: names and ids differ per site.
    """
    known = [site_field(raw) for raw in raw_fields]
    finder = _Finder(source, known)
    wished = {name: finder.find(f"{_EXTRA}{name}", wanted) for name, wanted in options.fields.items()}
    extra = {name: found for name, found in wished.items() if found is not None}
    start = finder.find("start_field", options.start_field) if options.start_field else finder.usual(_USUAL_START)
    estimate = finder.find("estimate_field", options.estimate_field) if options.estimate_field else None
    sprint = next((one for one in known if one.custom == SPRINT_TYPE), None)
    links = [one for kind in EPIC_TYPES for one in known if one.custom == kind] if epic_fields else []
    return FieldPlan(extra, start, estimate, sprint, tuple(links), tuple(finder.problems))


class _Finder:
    def __init__(self, source: str, known: Sequence[SiteField]) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._known = known

    def usual(self, name: str) -> SiteField | None:
        named = self._named(name)
        return named[0] if len(named) == 1 else None

    def find(self, option: str, wanted: str) -> SiteField | None:
        found = [one for one in self._known if one.id == wanted] or self._named(wanted)
        if len(found) == 1:
            return found[0]
        where = f"{self._source}: {option}"
        if found:
            ids = ", ".join(f"{one.id} ({one.custom.rpartition(':')[2] or one.type})" for one in found)
            self.problems.append(
                Problem(f"{len(found)} fields of the site are named {wanted}", where, f"write one of the ids: {ids}")
            )
        else:
            self.problems.append(
                Problem(
                    f"the site has no field {wanted}", where, "look up the field's id in Jira under Settings, Fields"
                )
            )
        return None

    def _named(self, name: str) -> list[SiteField]:
        return [one for one in self._known if normalise_key(one.name) == normalise_key(name)]


def site_field(raw: Mapping[str, Any]) -> SiteField:
    """A field as the site lists it."""
    schema = raw.get("schema") or {}
    return SiteField(
        str(raw.get("id")),
        str(raw.get("name")),
        str(schema.get("type", "any")),
        str(schema.get("items", "")),
        str(schema.get("custom", "")),
    )


def field_value(raw: Any, known: SiteField) -> FieldValue:
    """Read a value by the field's type. Raise ValueError when it does not fit."""
    if raw is None or raw == "" or raw == []:
        return None
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, (int, float)):
        return Decimal(str(raw))
    if isinstance(raw, list):
        return tuple(shown(one) for one in raw)
    if known.type == "date":
        return day(raw)
    if known.type == "datetime":
        return moment(raw)
    if known.type == "number":
        return Decimal(str(raw))
    return shown(raw)


def shown(raw: Any) -> str:
    """The text that a person sees for a value: an option's value, somebody's address, a name, a rich text's words."""
    if isinstance(raw, str):
        return plain(raw)
    if not isinstance(raw, dict):
        return plain(str(raw))
    if raw.get("type") == "doc":
        return plain(" ".join(_words(raw)))
    if isinstance(raw.get("child"), dict):
        return f"{shown({**raw, 'child': None})} / {shown(raw['child'])}"
    for key in ("value", "emailAddress", "displayName", "name", "key", "id"):
        if raw.get(key):
            return plain(str(raw[key]))
    return ""


def _words(node: Mapping[str, Any]) -> Iterable[str]:
    """Every text in a rich document; unknown nodes are looked through (J27)."""
    if isinstance(node.get("text"), str):
        yield node["text"]
    for child in node.get("content") or ():
        yield from _words(child)


def plain(text: str) -> str:
    """One line with plain spaces; no-break spaces would make equal names differ."""
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def plain_name(text: str) -> str:
    """``plain``, remembered: the names of statuses, types and people come again with every issue."""
    return plain(text)


def day(raw: Any) -> date | None:
    """Read a plain date (J29). Raise ValueError when it is none."""
    return _day(str(raw)[:10]) if raw else None


@lru_cache(maxsize=4096)
def _day(text: str) -> date:
    return date.fromisoformat(text)


def moment(raw: Any) -> datetime | None:
    """Read a time as text or since the epoch, in UTC. Raise ValueError when it is none.

    The bulk changelog writes milliseconds; its documentation shows seconds.
    """
    if raw is None or raw == "":
        return None
    if isinstance(raw, (int, float)):
        return datetime.fromtimestamp(raw / 1000 if raw > _FIRST_MILLISECONDS else raw, UTC)
    read = datetime.fromisoformat(str(raw))
    if read.tzinfo is UTC:
        return read
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


_TIME = r"(<null>|\d{4}-\d\d-\d\dT[^,\]]*)"
_SPRINT_ID = re.compile(r"^id=(\d+)(?=,|$)|,id=(\d+)(?=,name=)|,id=(\d+)$")
_SPRINT_STATE = re.compile(r"(?:^|,)state=([A-Za-z]+)(?=,name=)|,state=([A-Za-z]+)$")
_SPRINT_START = re.compile(rf",startDate={_TIME}(?=,endDate=|,state=|$)")


def sprint_value(raw: Any) -> Mapping[str, Any]:
    """A sprint as an object with id, state and startDate, also when a Data Center writes it as a Java object's text.

    Names and goals hold brackets, commas and equals signs, and versions of Jira order the parts differently: standard,
    with the id at the end, or by the alphabet. So each part is known by its type and its neighbour (J25). Raise
    ValueError when it cannot be read.
    """
    if isinstance(raw, Mapping):
        return raw
    text = str(raw)
    body = text[text.find("[") + 1 : text.rfind("]")]
    native_id, state, start = (found.search(body) for found in (_SPRINT_ID, _SPRINT_STATE, _SPRINT_START))
    if native_id is None or state is None:
        raise ValueError(f"a sprint cannot be read: {text[:100]!r}")
    return {
        "id": int(native_id[native_id.lastindex or 0]),
        "state": state[state.lastindex or 0].lower(),
        "startDate": None if start is None or start[1] == "<null>" else start[1],
    }


def linked_key(raw: Any) -> str | None:
    """The key in a link to an epic or a parent: text, or an object that holds it."""
    if isinstance(raw, Mapping):
        inner = raw.get("data", raw)
        return linked_key(inner.get("key")) if isinstance(inner, Mapping) else None
    return str(raw) if raw else None
