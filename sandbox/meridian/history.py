"""What happened at Meridian in the two quarters before the story begins, as the changelogs of its tools tell it.

Every change ends at what the tools hold on Monday, 14 September 2026.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from sandbox.asana import AsanaWorkspace
from sandbox.jira import JiraSite
from sandbox.meridian.asana import SORTER_HARDWARE
from sandbox.meridian.clock import MONDAY, DemoClock
from sandbox.meridian.people import ACCOUNT_MANAGER, IT, OPERATIONS, SALES, address
from sandbox.salesforce import SalesforceOrg


class History:
    """Moves dates at moments of the past; what did not begin as it ends is first put to what it was."""

    def __init__(
        self,
        clock: DemoClock,
        jira: JiraSite,
        asana: AsanaWorkspace,
        salesforce: SalesforceOrg,
        deals: Mapping[str, str],
    ) -> None:
        self._clock = clock
        self._jira = jira
        self._asana = asana
        self._salesforce = salesforce
        self._deals = deals

    def play(self) -> None:
        """Let the two quarters pass, and set the clock to Monday again."""
        self._put_promise("OPP-0009", date(2026, 12, 15))
        self._put_task(SORTER_HARDWARE, date(2026, 9, 11))
        # One deal is promised two weeks before its release comes; six weeks later somebody puts that right.
        self._on(date(2026, 6, 2), self._promise, "OPP-0013", date(2026, 10, 16), SALES)
        # The ERP go-live slips by three weeks, and is brought back five weeks later.
        self._on(date(2026, 6, 9), self._issue, "ERP-100", date(2026, 10, 22), IT)
        # Another deal is promised too early, and stays so.
        self._on(date(2026, 7, 6), self._promise, "OPP-0009", date(2026, 11, 30), SALES)
        # The hardware that nobody funded is ordered later.
        self._on(date(2026, 7, 8), self._task, SORTER_HARDWARE, date(2026, 11, 27), OPERATIONS)
        self._on(date(2026, 7, 14), self._issue, "ERP-100", date(2026, 10, 1), IT)
        self._on(date(2026, 7, 17), self._promise, "OPP-0013", date(2026, 11, 30), ACCOUNT_MANAGER)
        self._clock.set(MONDAY)

    def _on(self, day: date, move: Callable[[str, date, str], None], what: str, to: date, who: str) -> None:
        self._clock.set(datetime(day.year, day.month, day.day, 9, 0, tzinfo=UTC))
        move(what, to, address(who))

    def _put_promise(self, number: str, was: date) -> None:
        self._salesforce.opportunities[self._deals[number]]["Promised_Date__c"] = was

    def _put_task(self, gid: str, was: date) -> None:
        self._asana.tasks[gid].due = was

    def _issue(self, key: str, to: date, by: str) -> None:
        self._jira.move_due(key, to, by=by)

    def _promise(self, number: str, to: date, by: str) -> None:
        self._salesforce.move_promise(self._deals[number], to, by=by)

    def _task(self, gid: str, to: date, by: str) -> None:
        self._asana.move_due(gid, to, by=by)
