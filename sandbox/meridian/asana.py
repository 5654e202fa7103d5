"""Meridian's Asana: the roll-out in three regions, and the hardware that the sorting needs."""

from datetime import UTC, date, datetime
from decimal import Decimal

from sandbox.asana import AsanaWorkspace
from sandbox.meridian.people import EVERYONE, OPERATIONS, address

ROLL_OUT_LIVE = "1208000000000301"
TRAINING_IBERIA = "1208000000000323"
SORTER_HARDWARE = "1208000000000401"

_CREATED = datetime(2026, 6, 8, 8, 0, tzinfo=UTC)
_REGIONS = (
    ("DACH", "31", date(2026, 10, 9)),
    ("Nordics", "32", date(2026, 10, 16)),
    ("Iberia", "33", date(2026, 10, 23)),
)


def build_asana(workspace: AsanaWorkspace) -> None:
    """Fill the workspace as it stands on Monday, 14 September 2026."""
    for name in EVERYONE:
        workspace.add_person(address(name), name)
    workspace.add_custom_field("Light", "enum")
    workspace.add_custom_field("Region", "text")
    workspace.add_custom_field("Budget approved EUR", "number")
    _roll_out(workspace)
    _sorting(workspace)


def _roll_out(workspace: AsanaWorkspace) -> None:
    project = workspace.add_project("Field service roll-out")
    section = workspace.add_section(project, "In progress")
    live = workspace.add_task(
        "Field service live in all three regions",
        project=project,
        assignee=address(OPERATIONS),
        due=date(2026, 10, 30),
        milestone=True,
        created=_CREATED,
        gid=ROLL_OUT_LIVE,
    )
    for region, number, due in _REGIONS:
        custom = {"Light": "Green", "Region": region}
        go_live = workspace.add_task(
            f"{region} live",
            project=project,
            assignee=address(OPERATIONS),
            due=due,
            milestone=True,
            custom=custom,
            created=_CREATED,
            gid=f"12080000000003{number}"[-16:],
        )
        workspace.depend(live, go_live)
        training = workspace.add_task(
            f"Train partners in {region}",
            project=project,
            section=section,
            assignee=address(OPERATIONS),
            start=date(2026, 9, 7),
            due=due.replace(day=due.day - 7),
            custom=custom,
            created=_CREATED,
            gid=TRAINING_IBERIA if region == "Iberia" else None,
        )
        workspace.depend(go_live, training)
        done = workspace.add_task(
            f"Install devices in {region}",
            project=project,
            assignee=address(OPERATIONS),
            due=date(2026, 8, 28),
            completed=True,
            completed_on=date(2026, 8, 27),
            custom=custom,
            created=_CREATED,
        )
        workspace.depend(go_live, done)


def _sorting(workspace: AsanaWorkspace) -> None:
    project = workspace.add_project("Same-day sorting")
    workspace.add_task(
        "Order the sorter hardware",
        project=project,
        assignee=address(OPERATIONS),
        start=date(2026, 9, 28),
        due=date(2026, 11, 27),
        custom={"Budget approved EUR": Decimal(0)},
        created=_CREATED,
        gid=SORTER_HARDWARE,
    )
    for name, due in (
        ("Clear the hall for the sorter", date(2026, 11, 13)),
        ("Train the night shift", date(2026, 12, 4)),
    ):
        workspace.add_task(name, project=project, assignee=address(OPERATIONS), due=due, created=_CREATED)
