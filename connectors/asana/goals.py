"""Reads the goals of the configured projects' workspaces as measurements, where the plan has goals (A18)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.asana.client import AsanaClient, NotInPlanError, NotSharedError, Row
from connectors.storable import require_storable
from model.errors import Problem, RecordError, SourceContentError, SourceGoneError
from model.reading import Container, Missing, Page, SetAside
from model.records import Absence, Measurement

GOALS = "goals"
"""The container of all goals."""
_PREFIX = "goal:"
_PAGE_RECORDS = 100
_FIELDS = (
    "gid,name,owner.email,owner.name,start_on,due_on,time_period.display_name,time_period.start_on,time_period.end_on,"
    "metric.resource_subtype,metric.unit,metric.currency_code,metric.current_number_value,metric.target_number_value,"
    "metric.progress_source"
)
_PLAN_HINT = "upgrade the Asana plan, or write goals: false"
_SHARE_HINT = (
    "let the account that the token belongs to see goals (a token with scopes needs goals:read), or write goals: false"
)
_PROJECT_HINT = "share one of the projects with the account that the token belongs to, or write goals: false"


@dataclass(frozen=True, slots=True)
class Goals:
    """The goals of one run by native id, complete; or a container that is lost, and none."""

    container: Container
    rows: Mapping[str, Row]

    def census(self) -> Iterator[str]:
        """Raise SourceGoneError when they are not available: that is not the same as none."""
        if self.container.problem:
            raise SourceGoneError(self.container.problem)
        return iter(self.rows)


def is_goal(native_id: str) -> bool:
    """Whether an id may be that of a goal; Asana answers 400 to a gid that is no number."""
    return native_id.startswith(_PREFIX) and native_id.removeprefix(_PREFIX).isdecimal()


def find_goals(source: str, workspaces: Sequence[str], client: AsanaClient) -> Goals:
    """Read every goal of these workspaces; the container is lost when one of them does not show us its goals (A18)."""
    if not workspaces:
        return _lost(source, f"{source} shows us no project, so that their workspace is not known", _PROJECT_HINT)
    try:
        rows = [row for workspace in workspaces for page in client.goals(workspace, _FIELDS) for row in page]
    except NotInPlanError:
        return _lost(source, f"the plan of {source} does not include them", _PLAN_HINT)
    except (NotSharedError, SourceGoneError):
        return _lost(source, f"{source} does not show them to our account", _SHARE_HINT)
    # A list that began anew tells some rows twice (A6).
    return Goals(Container(GOALS, "Goals"), {f"{_PREFIX}{row['gid']}": row for row in rows})


def goal_pages(source: str, goals: Goals) -> Iterator[Page]:
    """The goals as measurements; one that cannot be understood is set aside."""
    rows = list(goals.rows.items())
    for start in range(0, len(rows), _PAGE_RECORDS):
        told = [_told(source, native_id, row) for native_id, row in rows[start : start + _PAGE_RECORDS]]
        yield Page(
            [one for one in told if isinstance(one, Measurement)], [one for one in told if isinstance(one, SetAside)]
        )


def fetch_goal(source: str, native_id: str, client: AsanaClient) -> Measurement | Missing | None:
    """Ask for one goal; None when there is none. One that Asana refuses with 402 or 403 is there, but not for us."""
    try:
        return goal_record(source, client.goal(native_id.removeprefix(_PREFIX), _FIELDS))
    except SourceGoneError:
        return None
    except (NotInPlanError, NotSharedError):
        return Missing(native_id, Absence.ACCESS_LOST)
    except RecordError as error:
        # It is there, so leaving it out would tell that it is gone.
        raise SourceContentError(*error.problems) from error


def goal_record(source: str, row: Row) -> Measurement:
    """Normalise one goal. Raise RecordError when it cannot be understood.

    Without a metric, or while nobody entered a number, value and target are unknown. A percentage of 0.25 is 25 with
    the unit % (A15). The owner reports what is entered by hand; what Asana works out nobody reports.
    """
    try:
        record = _measurement(source, row)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise RecordError(f"a field cannot be read: {error}", location=f"{source}:{_PREFIX}{row.get('gid')}") from error
    require_storable(record)
    return record


def _lost(source: str, why: str, hint: str) -> Goals:
    problem = Problem(f"goals are not available: {why}", source, hint)
    return Goals(Container(GOALS, "Goals", "lost", problem), {})


def _told(source: str, native_id: str, row: Row) -> Measurement | SetAside:
    try:
        return goal_record(source, row)
    except RecordError as error:
        return SetAside(native_id, error.summary)


def _measurement(source: str, row: Row) -> Measurement:
    metric = _number_metric(row)
    owner = row.get("owner") or {}
    by_hand = (metric.get("progress_source") or "manual") == "manual"
    who = owner.get("email") or owner.get("name")
    period, period_from = _period(row)
    unit, unit_from = _unit(metric)
    values = {ours: _number(metric.get(theirs), unit) for ours, theirs in _NUMBERS.items()}
    told_by = {ours: f"metric.{theirs}" for ours, theirs in _NUMBERS.items() if values[ours] is not None}
    told_by |= {"title": "name", "metric": "name"} if row["name"] else {}
    told_by |= {"period": period_from} if period else {}
    told_by |= {"unit": unit_from} if unit else {}
    told_by |= {"owner": "owner"} if who else {}
    told_by |= {"reporter": "owner"} if who and by_hand and metric else {}
    return Measurement(
        source=source,
        native_id=f"{_PREFIX}{row['gid']}",
        key=row["gid"],
        title=row["name"] or "",
        owner=who,
        container=GOALS,
        provenance=told_by,
        metric=row["name"] or "",
        value=values["value"],
        target=values["target"],
        unit=unit,
        period=period,
        reporter=who if by_hand and metric else None,
    )


_NUMBERS = {"value": "current_number_value", "target": "target_number_value"}


def _number_metric(row: Row) -> Mapping[str, Any]:
    """The metric; none when the goal has none, or one that does not count in numbers."""
    metric: Mapping[str, Any] = row.get("metric") or {}
    return metric if metric.get("resource_subtype", "number") == "number" else {}


def _unit(metric: Mapping[str, Any]) -> tuple[str, str]:
    """The unit, and which field tells it; a unit that we do not know is Asana's own word."""
    unit = metric.get("unit")
    if unit == "percentage":
        return "%", "metric.unit"
    if unit == "currency" and metric.get("currency_code"):
        return metric["currency_code"], "metric.currency_code"
    return ("" if unit in (None, "none") else str(unit)), "metric.unit"


def _number(told: Any, unit: str) -> Decimal | None:
    """The number as people see it, in its shortest form."""
    if told is None:
        return None
    number = Decimal(str(told))
    if not number.is_finite():
        raise ValueError(f"not a number: {told}")
    return Decimal(f"{(number.scaleb(2) if unit == '%' else number).normalize() + 0:f}")


def _period(row: Row) -> tuple[str, str]:
    """For which time the goal is set, and which field tells it: its time period, or else its own dates."""
    period = row.get("time_period") or {}
    if period.get("display_name"):
        return period["display_name"], "time_period.display_name"
    if period.get("start_on") and period.get("end_on"):
        return f"{period['start_on']} to {period['end_on']}", "time_period"
    if row.get("due_on"):
        start = row.get("start_on")
        return (f"{start} to {row['due_on']}", "start_on, due_on") if start else (f"until {row['due_on']}", "due_on")
    return "", ""
