"""Turns a task as Asana tells it into a work item. Pure: everything it needs is given."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from connectors.asana.client import Row
from connectors.asana.options import AsanaOptions
from connectors.storable import require_storable
from model.errors import RecordError
from model.keys import normalise_key
from model.records import FieldValue, Light, Move, NeedClaim, StatusCategory, WorkItem

SKELETON_FIELDS = "gid,num_subtasks,memberships.project.gid"
"""What a census asks for."""
_TASK_FIELDS = (
    "gid,name,resource_subtype,completed,completed_at,created_at,modified_at,start_on,start_at,due_on,due_at,"
    "assignee.email,assignee.name,permalink_url,parent.gid,num_subtasks,dependencies.gid,tags.name,"
    "memberships.project.gid,memberships.section.name"
)
_CUSTOM_FIELDS = (
    "custom_fields.gid,custom_fields.name,custom_fields.resource_subtype,custom_fields.type,"
    "custom_fields.display_value,custom_fields.text_value,custom_fields.number_value,custom_fields.enum_value.name,"
    "custom_fields.multi_enum_values.name,custom_fields.date_value,custom_fields.people_value.email,"
    "custom_fields.people_value.name"
)
STORY_FIELDS = "gid,resource_subtype,created_at,created_by.email,created_by.name,old_dates,new_dates"

_Meaning = TypeVar("_Meaning")

_TYPES = {"default_task": "task"}
_NO_SECTION = frozenset({"", "untitled section", "(no section)"})
"""What Asana calls the section of tasks that people put into none; nobody sees it as a status."""
_LIGHTS = {
    "green": Light.GREEN,
    "on track": Light.GREEN,
    "yellow": Light.YELLOW,
    "amber": Light.YELLOW,
    "at risk": Light.YELLOW,
    "red": Light.RED,
    "off track": Light.RED,
}


def task_fields(options: AsanaOptions) -> str:
    """Every field that a record needs, by name: without it Asana answers gid and name only (A14)."""
    wants_custom = options.fields or options.light_field or options.status_field
    return f"{_TASK_FIELDS},{_CUSTOM_FIELDS}" if wants_custom else _TASK_FIELDS


@dataclass(frozen=True, slots=True)
class TaskReader:
    """What it takes to read a task. ``homes`` are the gids of the configured projects in their order.

    ``custom_gids`` tells for each custom field as it is configured which gids it stands for: a name may be a field of
    its own in each project.
    """

    source: str
    options: AsanaOptions
    zone: ZoneInfo
    today: date
    homes: Sequence[str]
    custom_gids: Mapping[str, frozenset[str]]

    def home(self, row: Row) -> str | None:
        """The first configured project that a task is in; a task may be in several (A13)."""
        inside = [(membership.get("project") or {}).get("gid") for membership in row.get("memberships") or ()]
        if len(inside) == 1:
            return inside[0] if inside[0] in self.homes else None
        return next((gid for gid in self.homes if gid in inside), None)

    def read(self, row: Row, container: str, moves: Sequence[Move] = ()) -> WorkItem:
        """Normalise one task. Raise RecordError when it cannot be understood."""
        try:
            item = self._work_item(row, container, moves)
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise RecordError(f"a field cannot be read: {error}", location=f"{self.source}:{row.get('gid')}") from error
        require_storable(item)
        return item

    def _work_item(self, row: Row, container: str, moves: Sequence[Move]) -> WorkItem:
        section = self._section(row, container)
        status = (self._text(row, self.options.status_field) if self.options.status_field else None) or section
        start, finished = self._day(row, "start"), self._moment_day(row.get("completed_at"))
        assignee = row.get("assignee") or {}
        subtype = str(row.get("resource_subtype") or "")
        custom = {name: self._custom(row, wanted) for name, wanted in self.options.fields.items()}
        return WorkItem(
            source=self.source,
            native_id=row["gid"],
            key=row["gid"],
            title=row["name"] or "",
            url=row.get("permalink_url") or "",
            owner=assignee.get("email") or assignee.get("name"),
            container=container,
            created=moment_of(row.get("created_at")),
            changed=moment_of(row.get("modified_at")),
            moves=tuple(moves),
            custom=custom,
            provenance=self._provenance(row),
            type=_TYPES.get(subtype, subtype),
            status=status,
            category=self._category(row, section, status, start),
            start=start,
            due=self._day(row, "due"),
            finished=finished if row.get("completed") else None,
            parent=(row.get("parent") or {}).get("gid"),
            needs=tuple([NeedClaim(needed["gid"]) for needed in row.get("dependencies") or ()]),
            labels=tuple([tag["name"] for tag in row.get("tags") or ()]),
            light=self._light(row),
        )

    def _section(self, row: Row, container: str) -> str:
        for membership in row.get("memberships") or ():
            if (membership.get("project") or {}).get("gid") == container:
                name = str((membership.get("section") or {}).get("name") or "")
                return "" if _folded(name) in _NO_SECTION else name
        return ""

    def _category(self, row: Row, section: str, status: str, start: date | None) -> StatusCategory | None:
        """Dropped wins over completed: people complete what they cancel, to get it out of sight.

        Asana itself tells only whether a task is completed. Once the configuration says what statuses mean, one of an
        open task that it does not name is unknown.
        """
        options = self.options
        meant = _lookup(options.statuses, status)
        if meant is StatusCategory.DROPPED or _is_among(section, options.dropped_sections):
            return StatusCategory.DROPPED
        if row.get("completed"):
            return StatusCategory.DONE
        if meant is not None:
            return meant
        begun = options.start_means_doing and start is not None and start <= self.today
        if begun or _is_among(section, options.doing_sections):
            return StatusCategory.DOING
        # Where a field holds the status, a section that stands in for it needs no meaning of its own.
        explained = bool(options.statuses) and (not options.status_field or status != section)
        return None if status and explained else StatusCategory.TODO

    def _day(self, row: Row, name: str) -> date | None:
        """The day in the business zone; ``_on`` is a day, ``_at`` a time in UTC whose day may be another (A16)."""
        if row.get(f"{name}_at"):
            return self._moment_day(row[f"{name}_at"])
        return _plain_day(row[f"{name}_on"]) if row.get(f"{name}_on") else None

    def _moment_day(self, text: str | None) -> date | None:
        moment = moment_of(text)
        return None if moment is None else moment.astimezone(self.zone).date()

    def _light(self, row: Row) -> Light | None:
        """The reported light; a word that is no light is grey: reported, but without meaning to us."""
        text = self._text(row, self.options.light_field) if self.options.light_field else None
        if not text:
            return None
        return _lookup(self.options.lights, text) or _LIGHTS.get(_folded(text), Light.GREY)

    def _field(self, row: Row, wanted: str) -> Row | None:
        gids = self.custom_gids.get(wanted, frozenset())
        for shown in row.get("custom_fields") or ():
            if shown["gid"] in gids:
                return cast("Row", shown)
        return None

    def _text(self, row: Row, wanted: str) -> str | None:
        field = self._field(row, wanted)
        return None if field is None else field.get("display_value")

    def _custom(self, row: Row, wanted: str) -> FieldValue:
        field = self._field(row, wanted)
        return None if field is None else custom_value(field)

    def _provenance(self, row: Row) -> Mapping[str, str]:
        api_fields = {"title": "name", "owner": "assignee", "parent": "parent", "needs": "dependencies"}
        known = {ours: theirs for ours, theirs in api_fields.items() if row.get(theirs)}
        for name in ("start", "due"):
            for form in (f"{name}_at", f"{name}_on"):
                if row.get(form):
                    known.setdefault(name, form)
        if row.get("completed_at"):
            known["finished"] = "completed_at"
        asked = dict(self.options.fields)
        asked |= {"light": self.options.light_field} if self.options.light_field else {}
        asked |= {"status": self.options.status_field} if self.options.status_field else {}
        for ours, wanted in asked.items():
            field = self._field(row, wanted)
            if field is not None:
                known[ours] = f"custom_fields.{field['gid']}"
        return _shared(tuple(known.items()))


@lru_cache(maxsize=1024)
def _shared(told_by: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """Most tasks come from the same fields; one mapping for all of them takes less room and is written once."""
    return dict(told_by)


def custom_value(field: Row) -> FieldValue:
    """The value of a custom field by its type; a kind that we do not know is the text that Asana shows (A15)."""
    kind = field.get("resource_subtype") or field.get("type")
    match kind:
        case "number":
            number = field.get("number_value")
            return None if number is None else _plain(Decimal(str(number)))
        case "text":
            return field.get("text_value") or None
        case "enum":
            return (field.get("enum_value") or {}).get("name")
        case "multi_enum":
            return tuple(choice["name"] for choice in field.get("multi_enum_values") or ()) or None
        case "people":
            people = field.get("people_value") or ()
            return tuple(person.get("email") or person["name"] for person in people) or None
        case "date":
            value = field.get("date_value") or {}
            if value.get("date_time"):
                return moment_of(value["date_time"])
            return date.fromisoformat(value["date"]) if value.get("date") else None
    return field.get("display_value")


def _plain(number: Decimal) -> Decimal:
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number


def moment_of(text: str | None) -> datetime | None:
    """Read a time; Asana's are in UTC."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {text}")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


@lru_cache(maxsize=4096)
def _plain_day(text: str) -> date:
    """Read a day, remembered: many tasks are due on the same ones."""
    return date.fromisoformat(text)


def due_moves(stories: Sequence[Row], zone: ZoneInfo) -> Iterator[Move]:
    """The changes of a due date, with who made them."""
    for story in stories:
        at = moment_of(story.get("created_at"))
        if story.get("resource_subtype") != "due_date_changed" or at is None:
            continue
        author = story.get("created_by") or {}
        old, new = (_story_day(story.get(dates) or {}, zone) for dates in ("old_dates", "new_dates"))
        yield Move("due", old, new, at, author.get("email") or author.get("name"))


def _story_day(dates: Mapping[str, Any], zone: ZoneInfo) -> date | None:
    moment = moment_of(dates.get("due_at"))
    if moment is not None:
        return moment.astimezone(zone).date()
    return date.fromisoformat(dates["due_on"]) if dates.get("due_on") else None


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    """``normalise_key``, remembered: a workspace has few sections and statuses, and each task names one."""
    return normalise_key(text)


def _lookup(meanings: Mapping[str, _Meaning], said: str) -> _Meaning | None:
    wanted = _folded(said)
    return next((meaning for name, meaning in meanings.items() if _folded(name) == wanted), None)


def _is_among(section: str, names: Sequence[str]) -> bool:
    return _folded(section) in {_folded(name) for name in names}
