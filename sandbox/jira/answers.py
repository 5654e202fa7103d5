"""How the stand-in writes its site as Jira's JSON."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sandbox.jira.content import (
    SPRINT_FIELD,
    START_FIELD,
    STATUSES,
    Field,
    History,
    Issue,
    Person,
    Project,
    Sprint,
    Version,
)
from sandbox.jira.site import JiraSite

_CATEGORIES = {"new": (2, "To Do"), "indeterminate": (4, "In Progress"), "done": (3, "Done")}


def moment(at: datetime | None) -> str | None:
    """Jira's form of a time: milliseconds and an offset without a colon (J29)."""
    return (
        None if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}" + at.strftime("%z")
    )


def day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def person(somebody: Person | None) -> dict[str, Any] | None:
    if somebody is None:
        return None
    return {
        "accountId": somebody.account_id,
        "accountType": "atlassian",
        "emailAddress": somebody.email,
        "displayName": somebody.name,
        "active": True,
        "timeZone": "UTC",
    }


def field(known: Field) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": known.schema_type}
    if known.custom_type:
        schema |= {"custom": known.custom_type, "customId": int(known.id.rpartition("_")[2])}
    else:
        schema["system"] = known.id
    return {
        "id": known.id,
        "key": known.id,
        "name": known.name,
        "custom": bool(known.custom_type),
        "clauseNames": [known.name, known.id],
        "schema": schema,
    }


def project(known: Project) -> dict[str, Any]:
    return {
        "id": known.id,
        "key": known.key,
        "name": known.name,
        "projectTypeKey": "software",
        "archived": known.state == "archived",
        "deleted": known.state == "deleted",
    }


def version(known: Version, project_id: str) -> dict[str, Any]:
    written: dict[str, Any] = {
        "id": known.id,
        "name": known.name,
        "archived": known.archived,
        "released": known.released,
        "projectId": int(project_id),
    }
    if known.start:
        written["startDate"] = day(known.start)
    if known.release_date:
        written["releaseDate"] = day(known.release_date)
        written["userReleaseDate"] = known.release_date.strftime("%d/%b/%y")
    return written


def sprint(known: Sprint, board_id: int) -> dict[str, Any]:
    return {
        "id": int(known.id),
        "name": known.name,
        "state": known.state,
        "startDate": f"{known.start.isoformat()}T08:00:00.000Z",
        "endDate": f"{known.end.isoformat()}T16:00:00.000Z",
        "originBoardId": board_id,
    }


def board(known: Project) -> dict[str, Any]:
    location = {"projectId": int(known.id), "projectKey": known.key, "displayName": known.name}
    return {"id": known.board_id, "name": f"{known.key} board", "type": "scrum", "location": location}


def bulk_history(entry: History) -> dict[str, Any]:
    """The bulk endpoint writes epoch milliseconds where an issue's own changelog writes text."""
    return history(entry) | {"created": int(entry.at.timestamp() * 1000)}


def history(entry: History) -> dict[str, Any]:
    return {
        "id": entry.id,
        "author": person(entry.author),
        "created": moment(entry.at),
        "items": [
            {
                "field": change.field,
                "fieldId": change.field_id,
                "fieldtype": "jira",
                "from": change.old,
                "fromString": change.old_shown or change.old,
                "to": change.new,
                "toString": change.new_shown or change.new,
            }
            for change in entry.changes
        ],
    }


def issue(site: JiraSite, known: Issue, wanted: Collection[str]) -> dict[str, Any]:
    """Write an issue with the wanted fields; with none wanted, only who it is (J9)."""
    written: dict[str, Any] = {"id": known.id, "key": known.key}
    if wanted and set(wanted) != {"id"}:
        everything = _issue_fields(site, known)
        keep = everything if "*all" in wanted else {name: everything[name] for name in wanted if name in everything}
        written["fields"] = dict(keep)
    return written


def _issue_fields(site: JiraSite, known: Issue) -> dict[str, Any]:
    sprints = [site.sprints[known.sprint]] if known.sprint else []
    boards = {key: at.board_id for key, at in site.projects.items()}
    own: dict[str, Any] = dict.fromkeys(site.fields)
    own |= {
        "summary": known.summary,
        "issuetype": {"name": known.type, "subtask": known.type == "Sub-task"},
        "project": project(site.projects[known.project]),
        "status": _status(known.status),
        "statuscategorychangedate": moment(known.resolved or known.created),
        "resolution": {"name": known.status} if known.resolved else None,
        "resolutiondate": moment(known.resolved),
        "created": moment(known.created),
        "updated": moment(known.updated),
        "duedate": day(known.due),
        "assignee": person(site.people[known.assignee]) if known.assignee else None,
        "fixVersions": [version(site.versions[one], site.projects[known.project].id) for one in known.versions],
        "labels": list(known.labels),
        "components": [{"name": name} for name in known.components],
        "priority": {"name": known.priority},
        "issuelinks": _links(site, known),
        START_FIELD: day(known.start),
        "archiveddate": moment(known.archived),
        SPRINT_FIELD: [sprint(one, boards[one.project]) for one in sprints] or None,
    }
    own |= known.custom
    own.pop("parent", None)
    if known.parent and known.parent in site.issues:
        own["parent"] = reference(site.issues[known.parent])
    return own


def _status(name: str) -> dict[str, Any]:
    key = STATUSES[name]
    number, shown = _CATEGORIES[key]
    return {
        "id": str(list(STATUSES).index(name) + 1),
        "name": name,
        "statusCategory": {"id": number, "key": key, "name": shown},
    }


def _links(site: JiraSite, known: Issue) -> list[dict[str, Any]]:
    kind = {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
    written = []
    for number, (blocker, blocked) in enumerate(site.links, start=1):
        if blocked == known.id:
            written.append({"id": str(number), "type": kind, "inwardIssue": reference(site.issues[blocker])})
        elif blocker == known.id:
            written.append({"id": str(number), "type": kind, "outwardIssue": reference(site.issues[blocked])})
    return written


def reference(other: Issue) -> dict[str, Any]:
    shown = {"summary": other.summary, "status": _status(other.status), "issuetype": {"name": other.type}}
    return {"id": other.id, "key": other.key, "fields": shown}
