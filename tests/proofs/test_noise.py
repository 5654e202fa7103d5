"""Noise: dates that say a day sooner or later in every run do not fill anybody's mail."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from digest.sections.news import MAX_CAUSES
from tests.proofs.jitter import Jitter
from tests.proofs.living import Living, Spoil
from tests.proofs.readers import Readers, mail_settings, told_steps
from tests.proofs.teams import Company
from tests.proofs.tight import Tight

BUDGET = MAX_CAUSES
"""How many causes may be new or worse in one mail: as many as it lists."""
WHOLE = bool(os.environ.get("DRIFTLINE_WHOLE_COMPANY"))
"""Whether the company has its full size: 20,000 records and 30 runs."""
TEAMS, RUNS = (190, 30) if WHOLE else (4, 6)
MOST_TOLD = 8
"""How often one finding may be told in 30 runs: two times there and back, and how it then stands once a week."""
PROGRAMME = 8
UNDAMPED: dict[str, Any] = {
    "materiality_percent": 0,
    "materiality_floor": 0,
    "flapping": {"flips": 1_000_000},
    "checks": {"schedule-slip": {"saving_days": 0}},
}


def lived(folder: Path, teams: int, runs: int, spoil: Spoil, reconcile: dict[str, Any]) -> tuple[Readers, Living]:
    """So many runs with a mail to every reader after each."""
    settings = mail_settings(-(-teams // PROGRAMME))
    readers = Readers()
    with Living(folder, Company(teams), spoil=spoil, reconcile=reconcile, **settings) as living:
        for day in living.live_noisily(runs):
            readers.read(living, day)
        readers.told = told_steps(living)
    return readers, living


def test_with_one_date_in_twenty_a_day_off_every_mail_stays_within_its_budget(tmp_path: Path) -> None:
    """Leaders read everything, and each programme its own; nothing is told again and again."""
    jitter = Jitter(0.05)
    readers, living = lived(tmp_path, TEAMS, RUNS, jitter, {})
    most = max(max(fresh) for fresh in readers.fresh.values())
    sys.stdout.write(
        f"{jitter.moved:,} of {jitter.dates:,} dates moved in {RUNS} runs, {living.read:,} readings; "
        f"leaders: {readers.fresh['leaders']}; most in one mail: {most}; tellings: {readers.told.total()}\n"
    )
    assert 0.04 < jitter.moved / jitter.dates < 0.06
    assert most <= BUDGET
    assert max(readers.told.values(), default=0) <= MOST_TOLD


def test_the_same_noise_undamped_exceeds_the_budget(tmp_path: Path) -> None:
    """The negative control. A small company needs more noise for it: half of its dates."""
    teams, runs, share = (TEAMS, 6, 0.05) if WHOLE else (10, 3, 0.5)
    fresh = {}
    for name, reconcile in (("damped", {}), ("undamped", UNDAMPED)):
        (tmp_path / name).mkdir()
        readers, _ = lived(tmp_path / name, teams, runs, Jitter(share), reconcile)
        fresh[name] = max(readers.fresh["leaders"])
    assert fresh["damped"] <= BUDGET < fresh["undamped"]


@pytest.mark.skipif(not WHOLE, reason="thirty runs: make proof")
def test_a_programme_without_any_slack_stays_within_its_budget_too(tmp_path: Path) -> None:
    """Where each promise holds on its last day or is late already, noise is news; still nobody is flooded."""
    tight, jitter = Tight(Company(PROGRAMME)), Jitter(0.05)
    readers, _ = lived(tmp_path, PROGRAMME, RUNS, lambda day, record: jitter(day, tight(day, record)), {})
    sys.stdout.write(f"without slack: {readers.fresh['leaders']}; tellings: {readers.told.total()}\n")
    assert 0 < max(readers.fresh["p0"]) <= BUDGET
    assert max(readers.told.values()) <= MOST_TOLD
