"""False alarms: of a healthy company nothing is found, day after day; of what is not healthy in it, just that."""

import os
import sys
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from model.findings import TrackedFinding
from model.records import Deal, Measurement, Outcome, Record, Saving, WorkItem
from reconcile.checks import checks
from tests.proofs.living import Living
from tests.proofs.teams import START, Company, Team

WHOLE = bool(os.environ.get("DRIFTLINE_WHOLE_COMPANY"))
"""Whether the company has its full size: 20,000 records, and 60 days."""
TEAMS, DAYS = (190, 60) if WHOLE else (7, 15)


def told(found: list[TrackedFinding]) -> list[str]:
    return [f"{each.opened_at:%d %b} {each.finding.check}: {each.finding.title}" for each in found]


def test_in_a_healthy_company_nothing_is_found_on_any_day(tmp_path: Path) -> None:
    """Neither for leaders nor for those who look after the data."""
    with Living(tmp_path, Company(TEAMS)) as living:
        for _day in living.live(DAYS):
            pass
        figures = living.figures(DAYS)
        found = living.found()
    sys.stdout.write(f"{figures}: {len(found)} findings\n")
    assert figures.records >= (20_000 if WHOLE else 600)
    assert figures.readings > figures.records
    assert not told([each for each in found if not each.finding.upkeep])
    assert not told([each for each in found if each.finding.upkeep])


def release_name(team: int, increment: int) -> str:
    return f"T{team} {Team(Company(7), team).increment(increment).begin:%Y.%m.%d}"


def late(deal: Deal) -> Deal:
    """It was promised a release a week before that comes out."""
    return replace(deal, promised=release_name(0, 0), promised_date=START + timedelta(18))


def unheard_of(deal: Deal) -> Deal:
    return replace(deal, promised="A release that nobody plans", promised_date=START + timedelta(90))


def halved(saving: Saving) -> Saving:
    return replace(saving, forecast=tuple(replace(each, amount=each.amount / 2) for each in saving.forecast))


def booked_as_nothing(saving: Saving) -> Saving:
    return replace(saving, actual=tuple(replace(each, amount=Decimal(0)) for each in saving.actual))


def doubled(measurement: Measurement) -> Measurement:
    return replace(measurement, value=(measurement.value or Decimal(0)) * 2)


def two_of_one_month(measurement: Measurement) -> Measurement:
    return replace(measurement, period="2026-01")


def asks_for_nothing_known(item: WorkItem) -> WorkItem:
    return replace(item, needs=(*item.needs, replace(item.needs[0], wanted="T0-NOWHERE")))


def about_what_is_to_come(item: WorkItem) -> WorkItem:
    return replace(item, labels=(release_name(4, 0).replace(" ", "_"),))


UNHEALTHY: dict[str, tuple[str, Any]] = {
    "D-0-4": ("late-commitment", late),
    "D-1-4": ("unsupported-commitment", unheard_of),
    "M-0-0": ("value-slip", halved),
    "M-1-0": ("unrealised-saving", booked_as_nothing),
    "T2 budget spent": ("burn-ahead-of-progress", doubled),
    "T0 lead time 2025-12": ("conflicting-number", two_of_one_month),
    "T2-report": ("stale-record", lambda item: replace(item, changed=item.created)),
    "T1-4-6": ("unknown-status", lambda item: replace(item, status="Parked", category=None)),
    "T0-4-5": ("broken-need", asks_for_nothing_known),
    "T3-5": ("schedule-slip", lambda item: replace(item, due=date(2027, 1, 8), releases=())),
    "D-2-3": ("no-owner", lambda deal: replace(deal, owner=None, outcome=Outcome.OPEN)),
    "D-3-3": ("inactive-owner", lambda deal: replace(deal, owner_active=False, outcome=Outcome.OPEN)),
    **{f"T4-S{week}": ("tickets-for-unshipped", about_what_is_to_come) for week in range(8, 16)},
}
"""By the key of a record: the check that is to find it, and what is wrong with it."""


def unhealthy_objectives(objectives: dict[str, dict[str, Any]]) -> None:
    objectives["O-1"]["review"] = START - timedelta(3)  # expired-assumption
    del objectives["ACME"]["decision_rights"]["stop"]  # no-stop-authority
    objectives["O-4"]["budget"] = "0 EUR"  # unfunded-objective


def test_one_unhealthy_thing_of_each_family_is_found_in_it(tmp_path: Path) -> None:
    """The negative control: what keeps silent about the healthy company is not deaf."""

    def spoil(_day: date, record: Record) -> Record:
        wrong = UNHEALTHY.get(record.key)
        spoiled: Record = wrong[1](record) if wrong else record
        return spoiled

    with Living(tmp_path, Company(6), spoil=spoil, files=unhealthy_objectives) as living:
        for _day in living.live(2):
            pass
        found = living.found()
        spoiled = {key for seen in living.store.records() for each in seen if (key := each.record.key) in UNHEALTHY}
    counts = Counter(each.finding.check for each in found)
    wanted = {check for check, _ in UNHEALTHY.values()}
    wanted |= {"expired-assumption", "no-stop-authority", "unfunded-objective"}
    assert spoiled == UNHEALTHY.keys()
    assert wanted <= counts.keys(), told(found)
    assert {checks()[name].family for name in wanted} == {check.family for check in checks().values()}
