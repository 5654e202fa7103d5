"""Meridian's Jira: four projects with releases, sprints, epics and the needs between them."""

from datetime import UTC, date, datetime

from sandbox.jira import JiraSite
from sandbox.meridian.people import EVERYONE, GATEWAY_LEAD, IT, OPERATIONS, PRODUCT, address

_LONG_AGO = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
_SUMMER = datetime(2026, 7, 20, 8, 0, tzinfo=UTC)


def build_jira(site: JiraSite) -> None:
    """Fill the site with the world as it stands on Monday, 14 September 2026."""
    for name in EVERYONE:
        site.add_person(address(name), name)
    for key, name in (
        ("AUR", "Aurora platform"),
        ("ERP", "One ERP"),
        ("FLD", "Field service app"),
        ("RTE", "Same-day routing"),
    ):
        site.add_project(key, name)
    _releases_and_sprints(site)
    _aurora(site)
    _aurora_later(site)
    _erp(site)
    _field_and_routing(site)


def _releases_and_sprints(site: JiraSite) -> None:
    site.add_version("AUR", "Aurora 3.9", release_date=date(2026, 7, 31), released=True)
    site.add_version("AUR", "Aurora 4.0", release_date=date(2026, 9, 30), start=date(2026, 6, 1))
    site.add_version("AUR", "Aurora 4.1", release_date=date(2026, 12, 15))
    site.add_version("FLD", "Field 2.0", release_date=date(2026, 10, 30))
    site.add_version("RTE", "Routing 1.0", release_date=date(2026, 9, 25))
    site.add_sprint("AUR", "AUR Sprint 18", start=date(2026, 8, 31), end=date(2026, 9, 11), state="closed")
    site.add_sprint("AUR", "AUR Sprint 19", start=date(2026, 9, 14), end=date(2026, 9, 25), state="active")
    site.add_sprint("AUR", "AUR Sprint 20", start=date(2026, 9, 28), end=date(2026, 10, 9), state="future")
    site.add_sprint("FLD", "FLD Sprint 7", start=date(2026, 9, 14), end=date(2026, 9, 25), state="active")


def _stories(site: JiraSite, project: str, first: int, parent: str, version: str, names: list[tuple[str, str]]) -> None:
    """Add numbered stories below an epic; each is a summary and a status. Finished ones were done in August."""
    for offset, (summary, status) in enumerate(names):
        site.add_issue(
            f"{project}-{first + offset}",
            summary=summary,
            status=status,
            parent=parent,
            versions=[version],
            assignee=address(PRODUCT if project == "AUR" else OPERATIONS),
            created=_SUMMER,
            resolved=datetime(2026, 8, 20, 9, 0, tzinfo=UTC) if status == "Done" else None,
        )


def _aurora(site: JiraSite) -> None:
    """Aurora 4.0: three epics, and the certification that holds one of them."""
    epics = [("AUR-100", "Predictive maintenance"), ("AUR-110", "Safety gateway"), ("AUR-130", "Fleet dashboard")]
    for key, summary in epics:
        site.add_issue(
            key,
            type="Epic",
            summary=summary,
            status="In Progress",
            assignee=address(PRODUCT),
            versions=["Aurora 4.0"],
            labels=["aurora-4"],
            created=_LONG_AGO,
        )
    _stories(
        site,
        "AUR",
        101,
        "AUR-100",
        "Aurora 4.0",
        [
            ("Read vibration sensors", "Done"),
            ("Learn the normal pattern", "Done"),
            ("Warn before a bearing fails", "In Review"),
            ("Show remaining lifetime", "In Progress"),
        ],
    )
    _stories(
        site,
        "AUR",
        111,
        "AUR-110",
        "Aurora 4.0",
        [("Sign firmware", "Done"), ("Rotate device keys", "Done"), ("Log every command", "In Review")],
    )
    site.add_issue(
        "AUR-118",
        summary="Certify the safety gateway",
        status="In Progress",
        assignee=address(GATEWAY_LEAD),
        start=date(2026, 8, 24),
        due=date(2026, 9, 18),
        parent="AUR-110",
        versions=["Aurora 4.0"],
        components=["gateway"],
        priority="Highest",
        created=_LONG_AGO,
    )
    _stories(
        site,
        "AUR",
        131,
        "AUR-130",
        "Aurora 4.0",
        [("Fleet map", "Done"), ("Filter by site", "In Progress"), ("Export to Excel", "To Do")],
    )


def _aurora_later(site: JiraSite) -> None:
    """What comes after Aurora 4.0, and the epic that is to be cancelled on Tuesday."""
    site.add_issue(
        "AUR-140",
        type="Epic",
        summary="Offline mode",
        status="In Progress",
        assignee=address(PRODUCT),
        due=date(2026, 10, 20),
        created=_LONG_AGO,
    )
    site.add_issue(
        "AUR-141",
        summary="Cache readings on the device",
        status="In Progress",
        parent="AUR-140",
        sprint="AUR Sprint 19",
        assignee=address(PRODUCT),
        created=_SUMMER,
    )
    site.add_issue(
        "AUR-150",
        type="Epic",
        summary="Multi-site reporting",
        assignee=address(PRODUCT),
        versions=["Aurora 4.1"],
        created=_SUMMER,
    )
    _stories(
        site, "AUR", 151, "AUR-150", "Aurora 4.1", [("Roll up by region", "To Do"), ("Schedule a report", "To Do")]
    )


def _erp(site: JiraSite) -> None:
    """The go-live keeps its seven days of cut-over behind the rehearsal that it needs."""
    rows = [
        ("ERP-60", "Map the chart of accounts", "Done", None, date(2026, 7, 10)),
        ("ERP-70", "Migrate suppliers and materials", "Done", None, date(2026, 8, 14)),
        ("ERP-80", "Connect the warehouse system", "In Progress", date(2026, 8, 17), date(2026, 9, 22)),
        ("ERP-90", "Data migration dress rehearsal", "In Progress", date(2026, 9, 7), date(2026, 9, 24)),
        ("ERP-100", "ERP go-live Europe", "To Do", date(2026, 9, 24), date(2026, 10, 1)),
        ("ERP-120", "Switch off the old ledger", "To Do", date(2026, 11, 2), date(2026, 11, 30)),
    ]
    for key, summary, status, start, due in rows:
        site.add_issue(
            key,
            type="Milestone" if key == "ERP-100" else "Task",
            summary=summary,
            status=status,
            assignee=address(IT),
            start=start,
            due=due,
            labels=["go-live"] if key == "ERP-100" else (),
            created=_LONG_AGO,
            resolved=datetime(due.year, due.month, due.day, 15, 0, tzinfo=UTC) if status == "Done" else None,
        )
    site.block("ERP-70", "ERP-90")
    site.block("ERP-80", "ERP-100")
    site.block("ERP-90", "ERP-100")
    site.block("ERP-100", "ERP-120")
    for number, summary in ((91, "Load open orders"), (92, "Reconcile stock"), (93, "Sign off balances")):
        site.add_issue(
            f"ERP-{number}",
            type="Sub-task",
            summary=summary,
            status="In Progress",
            parent="ERP-90",
            due=date(2026, 9, 23),
            assignee=address(IT),
            created=_SUMMER,
        )


def _field_and_routing(site: JiraSite) -> None:
    site.add_issue(
        "FLD-10",
        type="Epic",
        summary="Field app 2.0",
        status="In Progress",
        assignee=address(OPERATIONS),
        versions=["Field 2.0"],
        created=_LONG_AGO,
    )
    _stories(
        site,
        "FLD",
        11,
        "FLD-10",
        "Field 2.0",
        [
            ("Work orders without a network", "Done"),
            ("Photograph the defect", "Done"),
            ("Sign on the screen", "In Progress"),
            ("Parts from the van", "In Progress"),
            ("Translate into Spanish and Portuguese", "To Do"),
        ],
    )
    site.add_issue(
        "RTE-20",
        type="Epic",
        summary="Routing for same-day sorting",
        status="In Progress",
        assignee=address(IT),
        versions=["Routing 1.0"],
        created=_LONG_AGO,
    )
    _stories(
        site,
        "RTE",
        21,
        "RTE-20",
        "Routing 1.0",
        [
            ("Plan a wave in a minute", "Done"),
            ("Balance the lanes", "Done"),
            ("Re-plan when a truck is late", "Done"),
            ("Show the plan at the gate", "Done"),
            ("Hand over to the sorter", "In Review"),
        ],
    )
    site.add_issue(
        "RTE-30",
        type="Milestone",
        summary="Same-day sorting live",
        start=date(2026, 12, 1),
        due=date(2026, 12, 11),
        assignee=address(IT),
        created=_LONG_AGO,
    )
