"""The fast stand-in of the benchmarks, for a company in which every other deal was promised a release: what slips there
breaks promises in proportion to the records. Started as ``python -m tests.proofs.load_stand_in ISSUES DEALS``.
"""

import sys
from typing import Any

import orjson

from benchmarks import stand_in
from benchmarks.jira_rows import PROJECTS
from benchmarks.salesforce_rows import SalesforceRows


class ManyPromises(SalesforceRows):
    """Every other deal waits for one of fifty releases."""

    def _add(self, place: int, chance: Any) -> None:
        super()._add(place, chance)
        if place % 2:
            release = f"{PROJECTS[place % len(PROJECTS)]} {place % 10}.0"
            self._fields[place]["Promised__c"] = b'"Promised__c":' + orjson.dumps(release)


if __name__ == "__main__":
    stand_in.SalesforceRows = ManyPromises  # type: ignore[misc]
    stand_in.main(int(sys.argv[1]), int(sys.argv[2]), 1)
