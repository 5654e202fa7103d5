"""A company without slack: every promise holds on its last day, or is late already."""

from dataclasses import replace
from datetime import date, timedelta

from model.records import Deal, Outcome, Record
from tests.proofs.teams import FIRST, Company, Team


class Tight:
    """Promises each deal its release for the very day on which that comes out; one in four for some days before."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def __call__(self, _day: date, record: Record) -> Record:
        if not isinstance(record, Deal) or record.promised is None:
            return record
        team, number = (int(part) for part in record.key.split("-")[1:])
        chance = self._company.chance("tight", record.key)
        early = timedelta(chance.randrange(5, 20)) if chance.random() < 0.25 else timedelta(0)
        increment = Team(self._company, team).increments[number - first_number(self._company, team)]
        return replace(record, outcome=Outcome.OPEN, promised_date=increment.release_day - early)


def first_number(company: Company, team: int) -> int:
    """The number that the first increment of a team has in its keys."""
    return Team(company, team).first - FIRST
