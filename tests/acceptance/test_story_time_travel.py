"""Time travel at the demo company: as of a past day is what the run of that day stored."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from model.findings import Account, Finding, TrackedFinding, combined
from pipeline.as_of import reconcile_as_of
from tests.acceptance.conftest import Story


def told(findings: Iterable[TrackedFinding]) -> dict[str, Finding]:
    """Findings by fingerprint, without the time at which each record of the evidence was last confirmed: a run reads
    for some seconds."""
    return {
        each.fingerprint: replace(
            each.finding, evidence=tuple(replace(proof, seen=None) for proof in each.finding.evidence)
        )
        for each in findings
        if each.standing
    }


def test_as_of_monday_after_tuesday_gives_mondays_findings(story: Story):
    story.sync()
    stored = {date(2026, 9, 14): told(story.store.tracked().values())}
    story.world.move_to_tuesday()
    story.sync()
    stored[date(2026, 9, 15)] = told(story.store.tracked().values())
    monday, tuesday = stored.values()
    assert len(monday) < len(tuesday)
    for day, found in stored.items():
        known = reconcile_as_of(story.store, story.configuration, day, now=story.world.clock())
        assert told(known.findings) == found
        assert {each.rolled_back + each.as_first_read + each.left_out for each in known.reconstruction} == {0}


def test_the_changelogs_tell_what_nobody_had_read(story: Story):
    """30 June: ERP-100 is due on 22 October and the two workbooks book 979,000 before; OPP-0013 of 130,000 is promised
    two weeks too early. OPP-0009, promised too early from 6 July on, is still in order."""
    story.sync()
    known = reconcile_as_of(story.store, story.configuration, date(2026, 6, 30), now=story.world.clock())
    whole = combined([each.finding.impact for each in known.findings])
    assert {account: whole.full(account) for account in Account} == {
        Account.REVENUE: Decimal(130_000),
        Account.SAVINGS: Decimal(979_000),
        Account.COST: Decimal(0),
    }
