"""The few words of JQL that the stand-in understands; anything else is refused as Jira refuses it."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sandbox.jira.content import Issue
from sandbox.jira.site import JiraSite

Test = Callable[[Issue], bool]


class JqlError(Exception):
    """The query is refused with status 400; the text is what Jira says."""


_ORDER = re.compile(r"\s*\border\s+by\b.*$", re.IGNORECASE | re.DOTALL)
_IN = re.compile(r"(project|id|key|issuekey)\s+in\s*\(([^)]*)\)", re.IGNORECASE)
_EQUALS = re.compile(r"(project|id|key|issuekey)\s*=\s*(\S+)", re.IGNORECASE)
_UPDATED = re.compile(r"updated\s*>=\s*(.+)", re.IGNORECASE)
_DATES = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")


def search(site: JiraSite, jql: str) -> list[Issue]:
    """Find issues in the order in which they were created. Raise JqlError."""
    clauses = [clause for clause in re.split(r"\s+and\s+", _ORDER.sub("", jql).strip(), flags=re.IGNORECASE) if clause]
    if not clauses:
        raise JqlError("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
    tests = [_test(site, clause.strip()) for clause in clauses]
    shown = (issue for issue in site.issues.values() if site.shows(issue) and issue.archived is None)
    found = [issue for issue in shown if all(test(issue) for test in tests)]
    return sorted(found, key=position)


def position(issue: Issue) -> tuple[datetime, int]:
    """Where an issue stands in ``ORDER BY created ASC, key ASC``."""
    return issue.created, int(issue.id)


def _test(site: JiraSite, clause: str) -> Test:
    listed = _IN.fullmatch(clause) or _EQUALS.fullmatch(clause)
    if listed:
        return _membership(site, listed[1].lower(), [_unquoted(value) for value in listed[2].split(",")])
    since = _UPDATED.fullmatch(clause)
    if since:
        moment = _moment(_unquoted(since[1]), ZoneInfo(site.time_zone))
        return lambda issue: issue.updated.replace(second=0, microsecond=0) >= moment
    raise JqlError(f"Error in the JQL Query: cannot understand '{clause}'.")


def _membership(site: JiraSite, name: str, values: Iterable[str]) -> Test:
    wanted = set(values)
    if name == "project":
        wanted = {site.former_project_keys.get(key, key) for key in wanted}
        visible = {known.key for known in site.projects.values() if known.live}
        unknown = sorted(wanted - visible)
        if unknown:
            raise JqlError(f"The value '{unknown[0]}' does not exist for the field 'project'.")
        return lambda issue: issue.project in wanted
    return lambda issue: issue.id in wanted or issue.key in wanted


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """Epoch milliseconds, or a date in the account's zone (J15); to the minute (J16)."""
    if text.isdecimal():
        return datetime.fromtimestamp(int(text) / 1000, UTC).replace(second=0, microsecond=0)
    for form in _DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
    raise JqlError(f"Date value '{text}' for field 'updated' is invalid.")


def _unquoted(text: str) -> str:
    return text.strip().strip("\"'")
