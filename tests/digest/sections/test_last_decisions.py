"""Last decisions: what came of each, told once, and what is overdue until it is not any more."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from digest.base import News
from digest.compose import compose
from model.findings import (
    Acceptance,
    Decided,
    Finding,
    FindingState,
    Impact,
    OptionKind,
    TrackedFinding,
    TransitionKind,
)
from tests.digest.editions import NOW, aurora, edition, happened, late_deal, old_deal, opened, tracked
from tests.digest.saying import section_text

TODAY = NOW.date()
FORWARD = "Bring AUR-118 forward by 47 days, to 30 Sep 2026: the date is kept"


def decided(
    finding: Finding, days: int = 7, state: FindingState = FindingState.ACKNOWLEDGED, before: int | None = None, **more
) -> TrackedFinding:
    """Decided yesterday, to be seen within so many days; ``before`` is how late it was then."""
    impact = finding.impact if before is None else replace(finding.impact, days=before)
    word = {"says": FORWARD, "by": "Priya Nair", "owner": "Ben Kuhn", **more}
    word |= {} if more else {"kind": OptionKind.BRING_FORWARD}
    decision = Decided(**word, until=TODAY + timedelta(days), at=NOW - timedelta(days=1), before=impact)
    return tracked(finding, state, decision=decision, told=impact)


def said(*news: News, standing: list[TrackedFinding] | None = None) -> str:
    return section_text("last_decisions", edition(list(news), standing))


def test_what_was_decided_since_the_last_mail_says_what_is_done_by_whom_and_until_when():
    """The findings that the same act settles are one decision."""
    news = [happened(decided(finding), TransitionKind.DECIDED) for finding in aurora(3)]
    assert said(*news) == (
        "- [decided] Bring AUR-118 forward by 47 days, to 30 Sep: Priya Nair decided, Ben Kuhn has "
        f"until Tue 15 Sep {news[0].tracked.fingerprint[:8]}"
    )


def test_promises_that_are_moved_together_are_one_decision():
    lives = [
        decided(finding, says=f"Move {finding.subjects[0]} to 16 Nov 2026", kind=OptionKind.MOVE_PROMISE)
        for finding in aurora(3)
    ]
    text = said(*(happened(life, TransitionKind.DECIDED) for life in lives))
    assert "Move salesforce:OPP-1041 to 16 Nov, and 2 of the same cause likewise: Priya Nair decided" in text
    assert text.count("[decided]") == 1


def test_free_words_say_what_they_are_about():
    life = decided(aurora(1)[0], says="Sell the old version with a discount.")
    assert "Sell the old version with a discount (OPP-1041 Northwind Logistics): Priya" in said(
        happened(life, TransitionKind.DECIDED)
    )


def test_a_decision_that_was_told_waits_in_silence_for_its_day():
    waiting = [decided(finding) for finding in aurora(3)]
    quiet = edition([], waiting)
    assert section_text("last_decisions", quiet) == ""
    assert compose(quiet).empty
    assert (
        section_text("decisions", edition([opened(old_deal())], [*waiting, tracked(old_deal())])).count("Decides") == 1
    )


@pytest.mark.parametrize(
    ("life", "kind", "told"),
    [
        (
            decided(aurora(1)[0], days=-3, state=FindingState.OPEN),
            TransitionKind.OVERDUE,
            "[overdue] Bring AUR-118 forward by 47 days, to 30 Sep: Ben Kuhn had until Sat 5 Sep, no effect seen",
        ),
        (
            decided(late_deal("OPP-1", "Wing", 1000, "0.5", days=12), days=-3, state=FindingState.OPEN, before=47),
            TransitionKind.OVERDUE,
            "until Sat 5 Sep, effect seen in part: 12 days late, it was 47 days late",
        ),
        (
            decided(late_deal("OPP-1", "Wing", 1000, "0.5", days=12), before=47),
            TransitionKind.IMPROVED,
            "Ben Kuhn has until Tue 15 Sep, effect seen in part: 12 days late, it was 47 days late",
        ),
        (
            decided(aurora(1)[0], state=FindingState.OPEN, before=20),
            TransitionKind.WORSENED,
            "[worsened] Bring AUR-118 forward by 47 days, to 30 Sep: it is now 47 days late, 20 days late when Priya",
        ),
        (
            decided(aurora(1)[0], state=FindingState.RESOLVED),
            TransitionKind.RESOLVED,
            "[done] Bring AUR-118 forward by 47 days, to 30 Sep: effect seen, Ben Kuhn had until Tue 15 Sep",
        ),
    ],
)
def test_what_came_of_a_decision_is_told(life: TrackedFinding, kind: TransitionKind, told: str):
    assert told in said(happened(life, kind))


def test_what_is_overdue_is_told_in_every_mail_and_first_and_asked_again():
    late = decided(aurora(1)[0], days=-3, state=FindingState.OPEN)
    fresh = happened(decided(old_deal(), says="Move it", by="Zoe"), TransitionKind.DECIDED)
    text = said(fresh, standing=[late, fresh.tracked])
    assert text.index("[overdue]") < text.index("[decided] Move it")
    again = edition([happened(late, TransitionKind.OVERDUE)])
    assert "[decision overdue]" in section_text("decisions", again)
    assert compose(again).empty is False


def test_what_stays_in_part_shows_money_where_the_days_are_the_same():
    smaller = late_deal("OPP-1", "Wing", 1_000_000, "0.5")
    larger = late_deal("OPP-1", "Wing", 3_000_000, "0.5").impact
    life = replace(decided(smaller, days=-1), state=FindingState.OPEN)
    assert life.decision is not None
    life = replace(life, decision=replace(life.decision, before=larger))
    assert "effect seen in part: EUR 1.0M, it was EUR 3.0M" in said(happened(life, TransitionKind.OVERDUE))
    unknown = replace(life.finding, impact=Impact(None))
    assert "no effect seen" in said(happened(replace(life, finding=unknown), TransitionKind.OVERDUE))


def test_an_acceptance_is_a_decision_and_told_once():
    acceptance = Acceptance("Lena Fischer", "no second shift", date(2026, 12, 1))
    lives = [tracked(finding, FindingState.ACCEPTED, acceptance=acceptance) for finding in aurora(2)]
    text = said(*(happened(life, TransitionKind.ACCEPTED) for life in lives))
    assert text.startswith("- [accepted] OPP-1041 promises Aurora 4.0 47 days before it can be deliv")
    assert text.count("Lena Fischer accepts it until Tue 1 Dec") == 1
    assert said(standing=lives) == ""


def test_more_than_five_are_counted():
    news = [
        happened(decided(finding, says="Word", by=f"Ann {number}"), TransitionKind.DECIDED)
        for number, finding in enumerate([*aurora(), old_deal()])
    ]
    text = said(*news)
    assert (text.count("[decided]"), text.endswith("and 2 more")) == (5, True)


def test_a_decision_alone_makes_no_mail():
    """Domain 4.2: no mail if nothing changed; the next one opens with what was decided."""
    taken = [happened(decided(finding), TransitionKind.DECIDED) for finding in aurora(3)]
    alone = compose(edition(taken))
    assert (alone.empty, alone.reason) == (True, "no news since Mon 7 Sep 07:00, 1 decided")
    acceptance = Acceptance("Lena Fischer", "no second shift", date(2026, 12, 1))
    accepted = tracked(old_deal(), FindingState.ACCEPTED, acceptance=acceptance)
    assert compose(edition([happened(accepted, TransitionKind.ACCEPTED)])).empty


def test_a_heartbeat_tells_what_was_decided():
    story = edition([happened(decided(finding), TransitionKind.DECIDED) for finding in aurora(3)], heartbeat=True)
    mail = compose(story)
    assert mail.subject.startswith("1 decided, EUR 1.6M revenue still at risk - ")
    assert mail.reason == "heartbeat, no news since Mon 7 Sep 07:00, 1 decided"
    assert section_text("bottom_line", story) == (
        "3 findings stand, with EUR 1.6M of revenue at risk. 1 decision was taken since the last mail."
    )
    assert "last_decisions" in [section.name for section in mail.blocks]
    overdue = decided(aurora(1)[0], days=-3, state=FindingState.OPEN)
    quiet = compose(edition([], [overdue], heartbeat=True))
    assert "last_decisions" not in [section.name for section in quiet.blocks]


def test_the_next_mail_opens_with_how_many_decisions_were_taken():
    bottom = [happened(decided(old_deal(), says="Move it"), TransitionKind.DECIDED), opened(aurora(1)[0])]
    assert section_text("bottom_line", edition(bottom)).endswith(
        "47 days late. 1 decision was taken since the last mail."
    )
    assert compose(edition(bottom)).reason == "1 new, 1 decided"
