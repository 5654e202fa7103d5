"""A healthy company, day by day: every record through its life, from the number of its team and a seed alone.

A team delivers one measure in increments of four weeks: an epic with six stories, two sprints and a release that comes
out on its Friday; epics and releases are planned in the week after the approval, stories three weeks ahead. Its bugs
and support requests are closed within a week. Deals are promised a release after its day and are won or lost when they
said; savings begin after their epic, are forecast as planned and booked in the first days of the next month; figures
are reported in time. People start up to two days late, finish up to three days early, and now and then plan a date anew
before it comes.
"""

from collections.abc import Iterator

from tests.proofs.money import deal, figures, savings
from tests.proofs.teams import Company, Life, Team
from tests.proofs.work import delivery, report, tickets


def lives_of(company: Company) -> Iterator[Life]:
    """Every record that there ever is."""
    for number in range(company.teams):
        team = Team(company, number)
        for increment in team.increments:
            yield from delivery(team, increment)
            yield deal(team, increment)
        yield from tickets(team)
        yield from savings(team)
        yield from figures(team)
        yield report(team)
