"""Turns a project into a work item of its own: its dates, its owner and the light that people report for it."""

from datetime import date
from zoneinfo import ZoneInfo

from connectors.asana.client import Row
from connectors.asana.projects import Project
from connectors.asana.tasks import moment_of
from connectors.storable import require_storable
from model.errors import RecordError
from model.records import Light, StatusCategory, WorkItem

PROJECT_TYPE = "project"
_LIGHTS = {
    "on_track": Light.GREEN,
    "at_risk": Light.YELLOW,
    "off_track": Light.RED,
    "complete": Light.GREEN,
    # Reported, but it says neither that the date holds nor that it does not.
    "on_hold": Light.GREY,
    "dropped": Light.GREY,
}


def project_record(source: str, project: Project, zone: ZoneInfo) -> WorkItem:
    """Normalise one project. Raise RecordError when it cannot be understood.

    Without a status update the light is unknown; a status that we do not know is grey (A18).
    """
    try:
        record = _record(source, project.gid, project.row, zone)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"a field cannot be read: {error}", location=f"{source}:{project.gid}") from error
    require_storable(record)
    return record


def _record(source: str, gid: str, row: Row, zone: ZoneInfo) -> WorkItem:
    status = str((row.get("current_status_update") or {}).get("status_type") or "")
    owner = row.get("owner") or {}
    completed = moment_of(row.get("completed_at")) if row.get("completed") else None
    told = {"title": "name", "owner": "owner", "start": "start_on", "due": "due_on", "finished": "completed_at"}
    provenance = {ours: theirs for ours, theirs in told.items() if row.get(theirs)}
    if status:
        provenance |= dict.fromkeys(("light", "status"), "current_status_update.status_type")
    return WorkItem(
        source=source,
        native_id=gid,
        key=gid,
        title=row["name"] or "",
        url=row.get("permalink_url") or "",
        owner=owner.get("email") or owner.get("name"),
        container=gid,
        created=moment_of(row.get("created_at")),
        changed=moment_of(row.get("modified_at")),
        provenance=provenance,
        type=PROJECT_TYPE,
        status=status.replace("_", " "),
        category=_category(status, completed=bool(row.get("completed"))),
        start=_day(row.get("start_on")),
        due=_day(row.get("due_on")),
        finished=completed.astimezone(zone).date() if completed else None,
        light=_LIGHTS.get(status, Light.GREY) if status else None,
    )


def _category(status: str, *, completed: bool) -> StatusCategory:
    """A status update says what people think of a project; that it is done only its completion says."""
    if status == "dropped":
        return StatusCategory.DROPPED
    if completed:
        return StatusCategory.DONE
    return StatusCategory.DOING if status in ("on_track", "at_risk", "off_track") else StatusCategory.TODO


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
