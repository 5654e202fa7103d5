"""The demo company's stories, day by day, with the figures of docs/concepts/demo-company.md."""

from datetime import date
from decimal import Decimal
from email import message_from_bytes, policy

import pytest

from model.deliveries import DeliveryState
from model.findings import Account, TrackedFinding, TransitionKind, combined
from model.runs import RunOutcome
from tests.acceptance.conftest import Story
from tests.digest.reading import count_words


def revenue(tracked: TrackedFinding) -> tuple[Decimal, Decimal]:
    impact = tracked.finding.impact
    return impact.full(Account.REVENUE), impact.weighted(Account.REVENUE)


@pytest.fixture
def tuesday_alone(story: Story) -> Story:
    """At day 1 everything is read; on day 2 the world moves and everything is read again; nobody else gets mails."""
    story.sync()
    story.world.move_to_tuesday()
    story.sync()
    return story


def test_on_monday_the_first_run_is_the_baseline_and_no_news(story: Story):
    run = story.sync()
    assert (run.outcome, run.baseline, run.opened) == (RunOutcome.DONE, True, 3)
    assert {tracked.finding.check: key for key, tracked in story.standing().items()} == {
        "late-commitment": "OPP-0009",
        "missing-enabler": "M-401",
        "unfunded-objective": "M-402",
    }
    assert story.send("2026-09-14") == []
    assert story.world.mail.mails() == []


def test_story_f1_sold_launch_date_that_jira_no_longer_supports(tuesday: Story):
    """F1.1: AUR-118 moved to 16 November, the release's own date did not."""
    late = tuesday.standing("late-commitment")
    assert {key: tracked.finding.impact.days for key, tracked in late.items()} == {
        "OPP-0001": 47,
        "OPP-0002": 47,
        "OPP-0003": 32,
        "OPP-0004": 46,
        "OPP-0005": 16,
    }
    assert revenue(late["OPP-0001"]) == (Decimal(480_000), Decimal(384_000))
    assert revenue(late["OPP-0005"]) == (Decimal(310_000), Decimal(310_000))
    together = combined([tracked.finding.impact for tracked in late.values()])
    assert together.full(Account.REVENUE) == Decimal(2_040_000)
    assert together.weighted(Account.REVENUE) == Decimal(1_611_000)
    [cause] = {tracked.finding.cause for tracked in late.values()}
    [aur_118] = tuesday.store.find("AUR-118")
    assert cause == aur_118.record.id


def test_story_f1_names_who_moved_the_date_and_from_when(tuesday: Story):
    finding = tuesday.standing("late-commitment")["OPP-0001"].finding
    [move] = [proof for proof in finding.evidence if proof.key == "AUR-118" and proof.at is not None]
    assert (move.old, move.value, move.by) == ("2026-09-18", "2026-11-16", "tomas.silva@meridian.example")
    assert finding.commitment is not None
    assert finding.commitment.day == date(2026, 9, 30)
    assert finding.forecast is not None
    assert finding.forecast.day == date(2026, 11, 16)
    assert finding.decider == "Paul Novak (VP Sales)"


def test_story_f1_a_promised_feature_that_was_cancelled_names_who_did_it(tuesday: Story):
    dropped = tuesday.standing("dropped-scope")
    assert list(dropped) == ["OPP-0010"]
    assert dropped["OPP-0010"].finding.impact.days is None
    assert revenue(dropped["OPP-0010"]) == (Decimal(220_000), Decimal(110_000))
    [proof] = [proof for proof in dropped["OPP-0010"].finding.evidence if proof.at is not None]
    assert (proof.key, proof.field, proof.value) == ("AUR-140", "status", "Won't Do")
    assert proof.by
    assert not tuesday.standing("unsupported-commitment")


def test_story_f5_erp_go_live_slips_while_the_workbook_still_books_the_savings(tuesday: Story):
    """F5.1: the rehearsal moved by 21 days; the go-live that needs it was never touched."""
    early = tuesday.standing("early-saving")
    assert {
        key: (tracked.finding.impact.days, tracked.finding.impact.full(Account.SAVINGS))
        for key, tracked in early.items()
    } == {
        "M-201": (21, Decimal(420_000)),
        "M-202": (21, Decimal(315_000)),
        "M-203": (21, Decimal(210_000)),
        "M-204": (4, Decimal(20_000)),
        "P-11": (7, Decimal(14_000)),
    }
    together = combined([tracked.finding.impact for tracked in early.values()])
    assert together.full(Account.SAVINGS) == Decimal(979_000)
    [cause] = {tracked.finding.cause for tracked in early.values()}
    [erp_90] = tuesday.store.find("ERP-90")
    assert cause == erp_90.record.id
    [proof] = [proof for proof in early["M-201"].finding.evidence if proof.field == "plan.2026-10"]
    assert proof.where.startswith("Einsparungen_2026.xlsx!")


def test_story_f3_and_f2_records_and_needs_are_there_for_their_checks(tuesday: Story):
    """The roll-out in which every part is green, and the enabler that nobody funded: stored, linked, needed."""
    [whole] = tuesday.store.find("1208000000000301")
    with tuesday.store.view(objective_ids=["M-402"]) as view:
        needs = list(view.needs())
    assert sum(1 for need in needs if need.dependent == whole.record.id) == 3
    [sorting] = tuesday.store.find("RTE-30")
    [hardware] = tuesday.store.find("1208000000000401")
    assert [need.prerequisites for need in needs if need.dependent == sorting.record.id] == [(hardware.record.id,)]
    assert hardware.record.custom["budget_approved"] == Decimal(0)
    assert [need.prerequisites for need in needs if need.dependent == "objective:M-401"] == [("objective:M-402",)]


def test_story_f3_every_region_is_green_and_the_roll_out_is_late(tuesday: Story):
    """F3.2, F3.3: 30 October to 4 December is 1 + 30 + 4 = 35 days; Iberia is 22 + 30 + 4 = 56 behind DACH."""
    hidden = tuesday.standing("hidden-red")
    assert list(hidden) == ["ROLL-OUT"]
    finding = hidden["ROLL-OUT"].finding
    assert finding.impact.days == 35
    assert "the worst part is Iberia live, 56 days behind the first" in finding.title
    assert finding.decider == "Martin Keller (COO)"


def test_story_f2_the_software_is_nearly_done_and_the_hardware_has_no_budget(tuesday: Story):
    """F2.1: 25 September to 12 February is 5 + 31 + 30 + 31 + 31 + 12 = 140 days; 4 of 5 pieces of EUR 500,000."""
    missing = tuesday.standing("missing-enabler")
    assert len(missing) == 1
    [tracked] = missing.values()
    assert tracked.finding.impact.days == 140
    assert tracked.finding.impact.full(Account.COST) == Decimal(400_000)
    assert tracked.finding.decider == "Martin Keller (COO)"


def test_targets_that_slip_are_told_with_their_percentage_and_what_counts_on_them(tuesday: Story):
    """2 March to 30 September are 212 days: 47 of them are 22.1 %; 16 February to 1 October are 227: 21 are 9.2 %."""
    slips = tuesday.standing("schedule-slip")
    assert {key: tracked.finding.impact.days for key, tracked in slips.items()} == {
        "AURORA-4": 47,
        "ERP-EUROPE": 21,
        "SAME-DAY": 77,
        "ROLL-OUT": 35,
    }
    assert {key: bool(tracked.finding.triage) for key, tracked in slips.items()} == {
        "AURORA-4": True,
        "ERP-EUROPE": False,
        "SAME-DAY": False,
        "ROLL-OUT": False,
    }
    # The rows whose enabler is the go-live, without P-11, which serves procurement: 420 + 315 + 210 + 20 thousand.
    assert slips["ERP-EUROPE"].finding.impact.full(Account.SAVINGS) == Decimal(965_000)
    assert revenue(slips["AURORA-4"]) == (Decimal(2_040_000), Decimal(1_611_000))


def test_the_promise_that_was_put_right_resolves(tuesday: Story):
    [resolved] = [step for step in tuesday.store.transitions() if step.kind is TransitionKind.RESOLVED]
    [lund] = tuesday.store.find("OPP-0009")
    assert tuesday.store.tracked()[resolved.fingerprint].finding.subjects[0] == lund.record.id
    assert resolved.reason


def test_the_digest_reaches_each_leader_once_with_the_amounts(tuesday_alone: Story):
    sent = tuesday_alone.send("2026-09-15")
    assert [row.state for row in sent] == [DeliveryState.SENT, DeliveryState.SENT]
    assert tuesday_alone.send("2026-09-15") == []
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in tuesday_alone.world.mail.mails()]
    assert {mail["To"].addresses[0].addr_spec for mail in mails} == {
        "martin.keller@meridian.example",
        "claire.dubois@meridian.example",
    }
    text = mails[0].get_body(("plain",)).get_content()
    for told in ("2,260,000", "1,721,000", "979,000", "AUR-118", "ERP-90", "Paul Novak", "Claire Dubois"):
        assert told in text
    assert count_words(text) <= 450


def test_on_wednesday_nothing_moves_and_nobody_is_mailed(tuesday_alone: Story):
    tuesday_alone.send("2026-09-15")
    run = tuesday_alone.sync()
    assert (run.opened, run.resolved) == (0, 0)
    assert tuesday_alone.send("2026-09-16") == []
    assert len(tuesday_alone.world.mail.mails()) == 2


def test_the_same_day_and_lost_deals_are_no_findings(tuesday: Story):
    standing = tuesday.standing()
    assert {"OPP-0006", "OPP-0007", "OPP-0008"}.isdisjoint(standing)


def test_incremental_and_full_reading_come_to_the_same_findings(tuesday: Story):
    before = {key: tracked.finding.impact for key, tracked in tuesday.standing().items()}
    run = tuesday.sync(full=True)
    assert (run.opened, run.resolved) == (0, 0)
    assert {key: tracked.finding.impact for key, tracked in tuesday.standing().items()} == before
