"""Turns Jira's JSON into records: issues with their changelog, versions and sprints."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from connectors.jira.changelog import CHANGED, KEY_FIELD, changes, former_keys, moves, person
from connectors.jira.fields import (
    FieldPlan,
    SiteField,
    day,
    field_value,
    linked_key,
    moment,
    plain,
    plain_name,
    sprint_value,
)
from connectors.jira.options import JiraOptions
from connectors.storable import require_storable
from model.errors import RecordError
from model.keys import normalise_key
from model.reading import SetAside
from model.records import FieldValue, NeedClaim, Record, Release, Sprint, StatusCategory, WorkItem

LEAN_FIELDS = (
    "summary",
    "issuetype",
    "project",
    "status",
    "statuscategorychangedate",
    "resolution",
    "resolutiondate",
    "created",
    "updated",
    "duedate",
    "assignee",
    "parent",
    "fixVersions",
    "labels",
    "components",
    "priority",
    "issuelinks",
    "timeoriginalestimate",
    "timeestimate",
)
"""What is asked for of every issue; everything else costs time and says nothing (J9)."""

ARCHIVED_FIELD = "archiveddate"
"""Set on a single issue that was archived, which a search does not find any more but a question by id does (J22)."""

_CATEGORIES = {"new": StatusCategory.TODO, "indeterminate": StatusCategory.DOING, "done": StatusCategory.DONE}

_ISSUE_FIELDS = {
    "title": "summary",
    "type": "issuetype",
    "container": "project",
    "status": "status",
    "category": "status",
    "resolution": "resolution",
    "finished": "resolutiondate",
    "created": "created",
    "changed": "updated",
    "due": "duedate",
    "moves": "changelog",
    "owner": "assignee",
    "parent": "parent",
    "releases": "fixVersions",
    "labels": "labels",
    "components": "components",
    "priority": "priority",
    "needs": "issuelinks",
    "estimate": "timeoriginalestimate",
    "remaining": "timeestimate",
}
_VERSION_FIELDS = {"key": "name", "start": "startDate", "release_date": "releaseDate", "released": "released"}
_SPRINT_FIELDS = {"key": "name", "start": "startDate", "end": "endDate", "state": "state"}

Json = Mapping[str, Any]


@dataclass(frozen=True)
class JiraReader:
    """Reads raw answers of one site. ``browse_url`` is where people open issues."""

    source: str
    options: JiraOptions
    plan: FieldPlan
    zone: ZoneInfo
    browse_url: str

    @cached_property
    def _meant(self) -> Mapping[str, StatusCategory]:
        return {_fold(name): category for name, category in self.options.statuses.items()}

    @cached_property
    def _dropped(self) -> frozenset[str]:
        return frozenset(_fold(name) for name in self.options.dropped)

    @cached_property
    def _need_links(self) -> frozenset[str]:
        return frozenset(_fold(name) for name in self.options.need_links)

    @property
    def fields(self) -> list[str]:
        """The fields to ask for."""
        return [*LEAN_FIELDS, *self.plan.ids]

    @property
    def changelog_fields(self) -> list[str]:
        """The fields whose history is read."""
        return list(dict.fromkeys(["duedate", KEY_FIELD, *CHANGED, *(one.id for one, _ in self._custom_dates)]))

    @cached_property
    def _custom_dates(self) -> Sequence[tuple[SiteField, str]]:
        """The site's own dates that are read, and what we call them; one of them may hold the approved date."""
        start = [(self.plan.start, "start")] if self.plan.start else []
        return [*start, *((one, name) for name, one in self.plan.extra.items() if one.type == "date")]

    @cached_property
    def _dates(self) -> Mapping[str, str]:
        """Our names of the dates whose moves are told, by id, and by name because Data Center tells no ids."""
        named = {spelled: ours for one, ours in reversed(self._custom_dates) for spelled in (one.name, one.id)}
        return named | {"duedate": "due"}

    def parent_keys(self, raw_issues: Iterable[Json]) -> set[str]:
        """The keys by which issues name their epics or parents; their ids must be found before the issues are read."""
        keys = (linked_key((raw.get("fields") or {}).get(link.id)) for raw in raw_issues for link in self.plan.parents)
        return {key for key in keys if key}

    def parent_ids(self, raw: Json, ids_by_key: Mapping[str, str]) -> list[str | None]:
        """What the keys of an issue's parents stand for."""
        return [ids_by_key.get(key) for key in sorted(self.parent_keys([raw]))] if self.plan.parents else []

    def issues(
        self,
        raw_issues: Iterable[Json],
        histories: Mapping[str, Sequence[Json]],
        ids_by_key: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[list[Record], list[SetAside]]:
        """Read a page of issues; one that cannot be read is set aside (S10)."""
        records: list[Record] = []
        set_aside: list[SetAside] = []
        for raw in raw_issues:
            native_id = ascii(raw.get("id")).strip("'")
            try:
                records.append(self.issue(raw, histories.get(native_id, ()), ids_by_key))
            except RecordError as error:
                key = ascii(raw.get("key")).strip("'")
                set_aside.append(SetAside(native_id, error.summary, f"{self.source}: {key}"))
        return records, set_aside

    def issue(
        self, raw: Json, histories: Sequence[Json] = (), ids_by_key: Mapping[str, str] = MappingProxyType({})
    ) -> WorkItem:
        """Read one issue. Raise RecordError when it cannot be normalised or stored."""
        try:
            record = self._issue(raw, raw["fields"], histories, ids_by_key)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, InvalidOperation) as error:
            reason = f"{type(error).__name__}: {str(error)!a}"
            raise RecordError(f"cannot be read ({reason})", location=self.source) from error
        require_storable(record)
        return record

    def _issue(self, raw: Json, fields: Json, histories: Sequence[Json], ids_by_key: Mapping[str, str]) -> WorkItem:
        key = str(raw["key"])
        parent, told_by = self._parent(fields, ids_by_key)
        category, assignee = self._category(fields), fields.get("assignee")
        return WorkItem(
            source=self.source,
            native_id=str(raw["id"]),
            key=key,
            former_keys=former_keys(key, histories) if histories else (),
            title=plain(fields["summary"]),
            url=f"{self.browse_url}/browse/{key}",
            owner=person(assignee),
            owner_active=_is_active(assignee),
            container=str(fields["project"]["key"]),
            created=moment(fields["created"]),
            changed=moment(fields["updated"]),
            moves=moves(histories, self._dates) if histories else (),
            changes=changes(histories) if histories else (),
            custom={name: field_value(fields.get(one.id), one) for name, one in self.plan.extra.items()},
            provenance=self._provenance[told_by],
            type=plain_name(fields["issuetype"]["name"]),
            status=plain_name(fields["status"]["name"]),
            category=category,
            resolution=_name(fields.get("resolution")),
            start=self._start(fields),
            due=day(fields.get("duedate")),
            finished=self._finished(fields) if category is StatusCategory.DONE else None,
            parent=parent,
            releases=tuple([f"version:{version['id']}" for version in fields.get("fixVersions") or ()]),
            sprint=self._sprint(fields),
            needs=self._needs(fields.get("issuelinks") or ()),
            labels=tuple([plain_name(label) for label in fields.get("labels") or ()]),
            components=tuple([plain_name(component["name"]) for component in fields.get("components") or ()]),
            estimate=self._estimate(fields),
            remaining=None if self.plan.estimate else _hours(fields.get("timeestimate")),
            priority=_name(fields.get("priority")),
        )

    def _category(self, fields: Json) -> StatusCategory | None:
        """The configuration's word first; then dropped statuses and resolutions; then Jira's own category.

        A status without a category (Jira calls it undefined) means nothing that we know.
        """
        status = _fold(fields["status"]["name"])
        if status in self._meant:
            return self._meant[status]
        category = _CATEGORIES.get(fields["status"]["statusCategory"]["key"])
        resolution = _fold(_name(fields.get("resolution")) or "")
        if category is StatusCategory.DONE and {status, resolution} & self._dropped:
            return StatusCategory.DROPPED
        return category

    def _finished(self, fields: Json) -> date | None:
        """The day of the resolution; some workflows never set one, then the day on which the status became final."""
        return self._local_day(fields.get("resolutiondate") or fields.get("statuscategorychangedate"))

    def _local_day(self, raw: Any) -> date | None:
        at = moment(raw)
        return at.astimezone(self.zone).date() if at else None

    def _start(self, fields: Json) -> date | None:
        planned = self.plan.start
        value = field_value(fields.get(planned.id), planned) if planned else None
        if isinstance(value, datetime):
            return value.astimezone(self.zone).date()
        if value is None or isinstance(value, date):
            return value
        raise ValueError(f"the start is not a date: {value!r}")

    def _estimate(self, fields: Json) -> Decimal | None:
        if self.plan.estimate is None:
            return _hours(fields.get("timeoriginalestimate"))
        value: FieldValue = field_value(fields.get(self.plan.estimate.id), self.plan.estimate)
        return value if isinstance(value, Decimal) else None

    def _parent(self, fields: Json, ids_by_key: Mapping[str, str]) -> tuple[str | None, str]:
        """The id of the parent, or of the epic that a field of its own names by key, and which field told it (J26)."""
        if not fields.get("parent"):
            for link in self.plan.parents:
                key = linked_key(fields.get(link.id))
                if key:
                    return ids_by_key.get(key), link.id
            return None, "parent"
        return str(fields["parent"]["id"]), "parent"

    def _sprint(self, fields: Json) -> str | None:
        """The active sprint, else the nearest future one (J25)."""
        raw_sprints = (fields.get(self.plan.sprint.id) if self.plan.sprint else None) or ()
        sprints = [sprint_value(raw) for raw in raw_sprints]
        for state in ("active", "future"):
            of_state = [sprint for sprint in sprints if str(sprint.get("state", "")).lower() == state]
            if of_state:
                nearest = min(of_state, key=lambda sprint: (str(sprint.get("startDate") or "9999"), sprint["id"]))
                return f"sprint:{nearest['id']}"
        return None

    def _needs(self, links: Iterable[Json]) -> tuple[NeedClaim, ...]:
        """What the issue waits for. An ``inwardIssue`` of Blocks is the one that blocks us."""
        wanted = self._need_links
        found = []
        for link in links:
            kind = link["type"]
            inward, outward = link.get("inwardIssue"), link.get("outwardIssue")
            if inward and wanted & {_fold(kind["name"]), _fold(kind.get("inward", ""))}:
                found.append(NeedClaim(str(inward["key"])))
            elif outward and _fold(kind.get("outward", "")) in wanted - {_fold(kind["name"])}:
                found.append(NeedClaim(str(outward["key"])))
        return tuple(dict.fromkeys(found))

    @cached_property
    def _provenance(self) -> Mapping[str, Mapping[str, str]]:
        """By the field that told the parent; shared by all issues, of which it would be the largest part."""
        where = dict(_ISSUE_FIELDS)
        where |= {name: one.id for name, one in self.plan.extra.items()}
        for name, one in (("start", self.plan.start), ("sprint", self.plan.sprint), ("estimate", self.plan.estimate)):
            if one is not None:
                where[name] = one.id
        return {
            told_by: where | {"parent": told_by} for told_by in ("parent", *(link.id for link in self.plan.parents))
        }

    def release(self, raw: Json, project: str) -> Release:
        """Read a version. Raise RecordError when it cannot be normalised or stored."""
        try:
            name = plain(raw["name"])
            record = Release(
                source=self.source,
                native_id=f"version:{raw['id']}",
                key=name,
                title=name,
                url=f"{self.browse_url}/projects/{project}/versions/{raw['id']}",
                container=project,
                start=day(raw.get("startDate")),
                release_date=day(raw.get("releaseDate")),
                released=bool(raw.get("released")),
                archived=bool(raw.get("archived")),
                provenance=_VERSION_FIELDS,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RecordError(f"version {raw.get('id')!a} cannot be read", location=self.source) from error
        require_storable(record)
        return record

    def sprint(self, raw: Json, project: str) -> Sprint:
        """Read a sprint. Raise RecordError when it cannot be normalised or stored."""
        try:
            name = plain(raw["name"])
            record = Sprint(
                source=self.source,
                native_id=f"sprint:{raw['id']}",
                key=name,
                title=name,
                container=project,
                state=str(raw.get("state", "")).lower(),
                start=self._local_day(raw.get("startDate")),
                end=self._local_day(raw.get("endDate")),
                provenance=_SPRINT_FIELDS,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RecordError(f"sprint {raw.get('id')!a} cannot be read", location=self.source) from error
        require_storable(record)
        return record


def is_archived(raw: Json) -> bool:
    """Whether an issue was archived by itself; its fields must hold ARCHIVED_FIELD where the site has it."""
    return bool((raw.get("fields") or {}).get(ARCHIVED_FIELD))


@lru_cache(maxsize=1024)
def _fold(name: str) -> str:
    return normalise_key(name.replace("’", "'"))


def _name(raw: Json | None) -> str | None:
    return plain_name(raw["name"]) if raw else None


def _is_active(account: Any) -> bool | None:
    """Whether an account is switched on; None where the site does not say."""
    active = account.get("active") if isinstance(account, dict) else None
    return active if isinstance(active, bool) else None


def _hours(seconds: Any) -> Decimal | None:
    return None if seconds is None else _in_hours(str(seconds))


@lru_cache(maxsize=1024)
def _in_hours(seconds: str) -> Decimal:
    return Decimal(seconds) / 3600
