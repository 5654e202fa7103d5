"""``driftline reconcile --as-of``: the demo company on past days."""

from pathlib import Path

from sandbox.world import Meridian
from tests.cli.console import driftline


def test_as_of_monday_after_tuesday_gives_mondays_findings_and_says_on_what_they_rest(tuesday: Meridian):
    said = driftline("reconcile", "--as-of", "2026-09-14", folder=tuesday.folder)
    assert (said.code, said.err) == (0, "")
    assert said.lines[0] == "as of the end of 14 Sep 2026"
    told = [line for line in said.lines if "Lund Foods was promised Aurora 4.1 for 30 Nov 2026" in line]
    assert len(told) == 1
    assert "Nordwind" not in said.out
    assert "driftline show" not in said.out
    assert "jira                      50            0              0           0  due, status" in said.lines
    assert said.lines[-1].startswith("Rules, objectives and approved dates are those of today; ")


def test_before_the_first_reading_it_is_rolled_back(tuesday: Meridian):
    """On 30 June ERP-100 was due on 22 October: the rows behind it lose 979,000. OPP-0013 was promised too early."""
    told = driftline("reconcile", "--as-of", "2026-06-30", "--json", folder=tuesday.folder).json
    assert (told["as_of"], told["moment"], told["rules"]) == ("2026-06-30", "2026-06-30T21:59:59+00:00", "today")
    money = {
        each["finding"]["check"]: each["totals"]
        for each in told["findings"]
        if each["finding"]["check"] in ("late-commitment", "schedule-slip")
    }
    assert money == {
        "late-commitment": {"revenue": {"full": "130000.00", "weighted": "78000.00"}},
        "schedule-slip": {"savings": {"full": "965000.00", "weighted": None}},
    }
    of_jira = next(each for each in told["reconstruction"] if each["source"] == "jira")
    assert of_jira == {
        "source": "jira",
        "own": 0,
        "rolled_back": 14,
        "as_first_read": 9,
        "left_out": 27,
        "told": ["due", "status"],
    }


def test_a_day_to_come_and_a_state_without_a_past_are_refused(tuesday: Meridian, unread: Path):
    said = driftline("reconcile", "--as-of", "2026-10-01", folder=tuesday.folder)
    assert (said.code, said.out) == (2, "")
    assert said.err == "error: 1 Oct 2026 has not come yet\nhint: name a day up to 2026-09-15\n"
    said = driftline("reconcile", folder=unread)
    assert (said.code, said.err) == (
        2,
        "error: there is no past to look at: nothing was read yet\nhint: run driftline sync\n",
    )
