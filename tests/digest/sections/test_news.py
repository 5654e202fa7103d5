from dataclasses import replace
from datetime import timedelta

from model.findings import Finding, TransitionKind
from tests.digest.editions import (
    NOW,
    aurora,
    edition,
    erp,
    failed_source,
    happened,
    late_deal,
    old_deal,
    opened,
    resolved,
    tracked,
    two_causes,
    unsupported_rollout,
)
from tests.digest.saying import section_text


def test_one_line_per_cause_with_the_findings_behind_it():
    text = section_text("news", two_causes())
    assert text.startswith(
        "[new] AUR-118 Ledger cut-over: 6 findings, 47 days late, moved from 30 Sep on 7 Sep by Ben Kuhn, "
        "owner Dana Petrov Promise EUR full Weighted "
        "OPP-1041 Northwind Logistics a235a962 620,000 496,000"
    )
    assert "[new] ERP-7 ERP go-live: 4 findings, 21 days late, moved from 1 Oct on 7 Sep by Ines Wolf, " in text
    assert "owner Tom Albers Promise EUR lost" in text
    assert "and 3 more" in text
    assert "and 2 more" in text


def test_a_lone_finding_stands_in_its_line_with_its_code():
    text = section_text("news", edition([opened(unsupported_rollout())]))
    assert text == (
        "[new] SCAN-3 Buy hand scanners: Roll-out South, no date, EUR 150,000 revenue full, 45,000 weighted, "
        f"owner Maria Rossi {unsupported_rollout().fingerprint[:8]}"
    )


def test_what_worsened_says_what_it_was_before():
    assert (
        "[worsened] ERP-7 ERP go-live: 4 findings, 28 days late, moved from 1 Oct on 7 Sep by Ines Wolf, "
        "owner Tom Albers, before: 21 days late, EUR 965,000" in section_text("news", failed_source())
    )


def test_findings_of_one_cause_that_differ_in_days_show_them():
    mixed = [late_deal("OPP-1", "A", 2000, "0.5", days=47), late_deal("OPP-2", "B", 1000, "0.5", days=10)]
    text = section_text("news", edition([opened(finding) for finding in mixed]))
    assert "2 findings, up to 47 days late" in text
    assert "Promise Days EUR full Weighted" in text


def test_different_owners_are_not_shortened_to_one():
    first, second = aurora(2)
    text = section_text("news", edition([opened(first), opened(replace(second, owner="Ines Wolf"))]))
    assert "owner" not in text


def test_a_finding_that_was_not_rechecked_is_marked():
    """Design 5.12."""
    life = tracked(old_deal(), held_since=NOW - timedelta(hours=2))
    assert "[not re-checked]" in section_text("news", edition([happened(life, TransitionKind.WORSENED)]))


def test_reopened_and_expired_say_their_own_word():
    assert section_text("news", edition([happened(tracked(old_deal()), TransitionKind.REOPENED)])).startswith(
        "[reopened]"
    )
    expired = edition([happened(tracked(old_deal()), TransitionKind.EXPIRED)])
    assert section_text("news", expired).startswith("[acceptance expired]")


def test_opened_and_worsened_since_the_last_mail_is_still_new():
    news = happened(tracked(old_deal()), TransitionKind.OPENED, TransitionKind.WORSENED)
    assert section_text("news", edition([news])).startswith("[new]")


def test_causes_beyond_the_cap_are_counted():
    """Three of the eleven are decisions, and five have a line."""
    news = [
        opened(replace(deal, subjects=(str(n), str(m)), cause=f"jira:{n}"))
        for n in range(11)
        for m, deal in enumerate(aurora(2))
    ]
    text = section_text("news", edition(news))
    assert text.count("[new]") == 5
    assert text.endswith("3 more causes with 6 findings")


def third_cause() -> list[Finding]:
    deals = [late_deal("OPP-1", "A", 10, "0.5"), late_deal("OPP-2", "B", 20, "0.5")]
    return [replace(deal, subjects=(str(n),), cause="jira:77", chain=(), title="T") for n, deal in enumerate(deals)]


def test_a_cause_whose_lines_have_no_room_keeps_its_money_and_code():
    news = [opened(finding) for finding in [*aurora(), *erp(), *third_cause()]]
    text = section_text("news", edition(news, max_decisions=2))
    assert "by Ben Kuhn, EUR 30 revenue full, 15 weighted, owner Dana Petrov" in text


def test_of_what_one_of_three_decisions_tells_only_how_it_came_about_is_told():
    """Its card says that it is new; whose change has no record that binds is left to the code."""
    news = [opened(finding) for finding in [*aurora(), *erp(), *third_cause()]]
    came = "AUR-118 moved from 30 Sep on 7 Sep by Ben Kuhn; ERP-7 moved from 1 Oct on 7 Sep by Ines Wolf"
    assert section_text("news", edition(news)) == came
    assert section_text("decisions", edition(news)).count("[new]") == 3
    fourth = section_text("news", edition([*news, opened(unsupported_rollout())]))
    assert f"{came} [new] T: 2 findings" in fourth
    assert fourth.count("[new]") == 1


def test_what_resolved_or_only_stands_is_no_news():
    assert section_text("news", edition([resolved(old_deal())], [tracked(f) for f in erp()])) == ""
