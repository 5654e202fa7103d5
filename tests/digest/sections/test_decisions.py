from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from digest.base import Edition
from model.findings import (
    Account,
    Amount,
    Claim,
    DecisionOption,
    Finding,
    Impact,
    OptionKind,
    Severity,
    Share,
    Slip,
    TransitionKind,
    Triage,
)
from model.money import Money
from tests.digest.editions import (
    accepted,
    aurora,
    early_saving,
    edition,
    erp,
    failed_source,
    happened,
    late_deal,
    opened,
    revenue,
    savings,
    tracked,
    two_causes,
)
from tests.digest.saying import section_text


def of(*findings: Finding) -> str:
    return section_text("decisions", edition([opened(finding) for finding in findings]))


def test_a_card_holds_question_claims_money_cause_decider_day_and_default():
    """Domain 4.2, row 3."""
    assert of(*aurora()).strip() == (
        "1. Move the promise of Aurora 4.0 to 16 Nov, or bring AUR-118 forward by 47 days? [new] a235a962 "
        "Salesforce OPP-1041 promises 30 Sep "
        "Jira AUR-118 is due 16 Nov, 47 days late; moved from 30 Sep on 7 Sep by Ben Kuhn "
        "Touches Growth "
        "Revenue at risk EUR 2,400,000 full, 1,637,000 weighted, 6 deals "
        "Decides Priya Nair by Tue 15 Sep, 7 days left "
        "Otherwise promises break from 30 Sep"
    )
    saving = of(*erp())
    assert "Savings tracker row 14 books from 1 Oct (savings.xlsx!Plan!F14)" in saving
    assert "Savings lost EUR 965,000 in Oct 2026, 4 savings" in saving
    assert "Otherwise the tracker books EUR 965,000 that cannot come" in saving


def test_one_of_several_cards_tells_the_same_in_few_words():
    """A screen of a phone holds three of them (domain 4.2); how it came about stands with the news."""
    first, second = section_text("decisions", two_causes()).split("2. Re-plan")
    assert first.strip() == (
        "1. Move the promise of Aurora 4.0 to 16 Nov, or bring AUR-118 forward by 47 days? [new] a235a962 "
        "Disagree Salesforce OPP-1041 30 Sep; Jira AUR-118 is due 16 Nov, 47 days late "
        "At risk EUR 2.4M revenue (1.6M weighted) "
        "Decides Priya Nair by Tue 15 Sep; otherwise promises break from 30 Sep"
    )
    assert "Disagree Savings tracker row 14 1 Oct; " in second
    assert second.endswith("otherwise EUR 970k of the bookings cannot come")
    assert "AUR-118 Ledger cut-over: 6 findings, 47 days late, moved from 30 Sep on 7 Sep by Ben Kuhn, owner" in (
        section_text("news", two_causes())
    )


def test_in_few_words_options_of_one_price_stand_together_and_what_is_recommended_is_said():
    """To bring forward and to fund have no price; of what keeps the date only cutting scope costs nothing."""
    free = OptionKind.CUT_SCOPE
    options = tuple(
        DecisionOption(
            kind=kind,
            says=kind.value,
            days=47 if kind is OptionKind.BRING_FORWARD else None,
            day=date(2026, 9, 30),
            costs_nothing=kind is free,
        )
        for kind in (OptionKind.BRING_FORWARD, OptionKind.FUND, free)
    )
    text = of(replace(aurora(1)[0], options=options), *erp())
    assert "Options bring forward 47 days, fund: not priced; cut scope (recommended): costs nothing Decides" in text


def test_in_few_words_a_last_day_that_is_near_is_marked_and_a_triage_too():
    deal = replace(aurora(1)[0], decide_by=date(2026, 9, 9), triage=Triage(Slip.VALUE, Decimal(18)))
    assert "[new] [triage 18 %] [1 day left] " in of(deal, *erp())


def test_in_few_words_what_is_not_priced_is_said_to_be_that():
    assert "At risk not priced: no amount is linked Decides" in of(replace(aurora(1)[0], impact=Impact(47)), *erp())


def test_a_decision_that_waits_from_before_says_since_when():
    text = section_text("decisions", failed_source())
    assert "[open since 7 Sep] [not re-checked since Mon 7 Sep 18:00]" in text
    assert "[worsened]" in text


def test_what_was_accepted_needs_no_decision():
    life = [accepted(finding, until=date(2026, 12, 1)) for finding in aurora()]
    assert section_text("decisions", edition([opened(erp()[0])], life)).count("Decides") == 1


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 9, 8), "by Tue 8 Sep, [last day today]"),
        (date(2026, 9, 9), "by Wed 9 Sep, [1 day left]"),
        (date(2026, 9, 11), "by Fri 11 Sep, [3 days left]"),
        (date(2026, 9, 12), "by Sat 12 Sep, 4 days left"),
        (date(2026, 9, 5), "by Sat 5 Sep, [3 days over]"),
        (date(2027, 1, 4), "by Mon 4 Jan 2027, 118 days left"),
        (None, "Priya Nair, no last day known"),
    ],
)
def test_the_last_day_comes_with_the_days_left(day: date | None, words: str):
    assert words in of(replace(aurora(1)[0], decide_by=day))


def test_a_missing_decider_is_said():
    assert "Decides nobody is named to decide by Tue 15 Sep" in of(replace(aurora(1)[0], decider=None))


def test_a_promise_in_the_past_is_broken_already():
    past = replace(late_deal("OPP-1", "A", 1000, "0.5", days=30, promise=date(2026, 9, 1)), advice="A or B?")
    assert "Otherwise the promise stays broken since 1 Sep" in of(past)


def test_a_cause_with_revenue_and_savings_shows_both_apart_and_both_consequences():
    saving = replace(early_saving("row 14", "A", 90_000), cause="jira:10118")
    text = of(aurora(1)[0], saving)
    assert "Revenue at risk EUR 620,000 full, 496,000 weighted, 1 deal" in text
    assert "Savings lost EUR 90,000 in Oct 2026, 1 saving" in text
    assert "710,000" not in text
    assert "that cannot come" in text


@pytest.mark.parametrize(
    ("months", "words"),
    [
        (("2026-10",), "EUR 1,200 in Oct 2026"),
        (("2026-10", "2026-11"), "EUR 1,200 (Oct 2026 600, Nov 2026 600)"),
        (("2026-10", "2026-11", "2026-12", "2027-01"), "EUR 1,200 (Q4 2026 900, Q1 2027 300)"),
        (tuple(f"2026-{m:02d}" for m in range(1, 13)), "EUR 1,200 in 2026"),
    ],
)
def test_savings_lost_are_shown_by_period_and_summed_up_when_there_are_many(months: tuple[str, ...], words: str):
    finding = replace(early_saving("row 14", "A", 0), impact=Impact(21, (savings("tracker:1", 1200, months),)))
    assert words in of(finding)


def test_an_objective_that_lacks_money_is_not_counted_among_the_savings():
    lacking = Share("objective:ERP", (Amount(Account.SAVINGS, Money(Decimal(500), "EUR")),))
    finding = early_saving("row 14", "A", 0)
    both = replace(finding, impact=Impact(None, (savings("tracker:1", 1200, ("2026-10",)), lacking)))
    assert "Savings lost EUR 1,700 (Oct 2026 1,200), 1 saving" in of(both)
    alone = of(replace(finding, impact=Impact(None, (lacking,))))
    assert "Savings lost EUR 500" in alone
    assert "0 saving" not in alone


def test_money_without_a_rate_is_named_and_never_zero():
    """Design 5.8."""
    dollars = Share("crm:2", unconverted=Money(Decimal(300_000), "USD"))
    finding = replace(aurora(1)[0], impact=Impact(47, (revenue("crm:1", 1000, "0.5"), dollars, dollars)))
    assert "Other money not converted: USD 300,000" in of(finding)


def test_a_change_without_a_name_or_time_says_only_what_is_known():
    finding = aurora(1)[0]
    bare = replace(finding, evidence=(replace(finding.evidence[0], by=None, at=None),))
    assert "47 days late; moved from 30 Sep Touches" in of(bare)


def test_a_change_of_another_record_names_field_and_values():
    finding = aurora(1)[0]
    other = replace(finding.evidence[0], record_id="jira:1", key="AUR-9", field="fix_version", old="4.0", value="4.1")
    assert "Cause AUR-9 fix version changed from 4.0 to 4.1 on 7 Sep by Ben Kuhn" in of(
        replace(finding, evidence=(other,))
    )


def test_what_stayed_as_it_was_is_no_change():
    finding = aurora(1)[0]
    same = replace(finding.evidence[0], field="work left", old="12", value="12")
    assert "changed from" not in of(replace(finding, evidence=(same,)))


def test_what_lies_between_is_named_unless_the_question_names_it():
    finding = replace(aurora(1)[0], advice="Move the promise or bring the work forward?")
    assert "by Ben Kuhn, through Aurora 4.0" in of(finding)


def test_dates_in_claims_are_written_like_all_others():
    claim = Claim("Salesforce", "OPP-1", "Salesforce OPP-1 promises 2026-09-30", date(2026, 9, 30))
    assert "Salesforce OPP-1 promises 30 Sep Jira" in of(replace(aurora(1)[0], commitment=claim))


def test_a_moved_date_of_another_record_names_both_dates():
    finding = aurora(1)[0]
    other = replace(finding.evidence[0], key="AUR-9", old="2026-09-18", value="2026-11-16", by="ben.kuhn@acme.example")
    assert "Cause AUR-9 moved from 18 Sep to 16 Nov on 7 Sep by ben.kuhn Decides" in of(
        replace(finding, evidence=(other,))
    )


def test_advice_becomes_a_question_with_short_dates():
    assert "1. Move it to 16 Nov, or to 4 Jan 2027? [new]" in of(
        replace(aurora(1)[0], advice="Move it to 16 Nov 2026, or to 4 Jan 2027.")
    )


def test_a_cause_whose_findings_have_different_options_gets_those_that_hold_for_all():
    deals = [replace(deal, advice=f"Move {deal.subjects}") for deal in aurora(2)]
    assert "1. Move 2 promises to 16 Nov, or bring AUR-118 forward by 47 days?" in of(*deals)
    other = replace(late_deal("OPP-9", "X", 10, "1", days=10), advice="Else")
    assert "1. Move 3 promises, or bring AUR-118 forward by up to 47 days?" in of(*deals, other)
    saving = replace(early_saving("row 14", "A", 10), cause="jira:10118", advice="Else again")
    assert "1. Move 2 promises to 16 Nov and re-plan 1 saving from 22 Oct, or bring AUR-118" in of(*deals, saving)
    undated = [replace(deal, impact=replace(deal.impact, days=None), advice=deal.title) for deal in aurora(2)]
    assert "or give AUR-118 a date that holds?" in of(*undated)


def offering(finding: Finding, *kinds: OptionKind, days: int | None = None) -> Finding:
    options = tuple(DecisionOption(kind=kind, says=f"{kind.value.title()} it", days=days) for kind in kinds)
    return replace(finding, options=options, advice=finding.title)


def test_an_objective_is_a_target_and_no_saving_and_what_goes_to_one_day_is_told_together():
    deals = [offering(deal, OptionKind.MOVE_PROMISE, OptionKind.BRING_FORWARD, days=47) for deal in aurora(2)]
    late = replace(deals[0], subjects=("objective:ERP",), impact=erp()[0].impact, title="The target slips")
    assert "1. Move 2 promises and 1 target to 16 Nov, or bring AUR-118 forward?" in of(
        *deals, replace(late, advice="Approve it")
    )


def test_the_request_follows_the_options_of_the_findings():
    """Nobody is asked to move a promise where there is none, nor to bring forward what cannot be any more."""
    fund = DecisionOption(kind=OptionKind.FUND, says="Fund Sorter hardware, whose budget is EUR 0")
    idle = replace(aurora(1)[0], subjects=("objective:A", "asana:1"), options=(fund,), advice="Fund it", title="Idle")
    moved = offering(replace(aurora(1)[0], subjects=("objective:B",)), OptionKind.MOVE_PROMISE)
    assert "1. Move 1 target to 16 Nov, or fund Sorter hardware?" in of(idle, moved)
    assert "promise" not in of(idle, moved).partition("?")[0]


def test_what_funding_takes_stands_with_the_option():
    """80,000 and 40,000 are 120,000."""
    amounts = (Amount(Account.COST, Money(Decimal(amount), "EUR")) for amount in (80_000, 40_000))
    costs = tuple(Share(f"savings:{number}", (amount,)) for number, amount in enumerate(amounts))
    fund = DecisionOption(kind=OptionKind.FUND, says="Fund Sorter hardware, whose budget is EUR 0", costs=costs)
    idle = replace(aurora(1)[0], subjects=("objective:A", "asana:1"), options=(fund,), advice="Fund it", title="Idle")
    moved = offering(replace(aurora(1)[0], subjects=("objective:B",)), OptionKind.MOVE_PROMISE)
    assert "Options Fund Sorter hardware, whose budget is EUR 0; costs EUR 120k" in of(idle, moved)
    small = [replace(each, cause="asana:1", impact=Impact(5)) for each in (idle, moved)]
    asked = of(*aurora(), *erp(), *small)
    assert "3. Move 1 target to 16 Nov, or fund Sorter hardware?" in asked
    assert "Options fund: costs EUR 120k; move: not priced Decides" in asked


def test_where_nothing_but_living_with_it_is_open_the_check_words_the_request():
    one, other = (offering(deal, OptionKind.ACCEPT) for deal in aurora(2))
    text = of(replace(one, advice="Set the light by the evidence."), replace(other, advice="Else."))
    assert "1. Set the light by the evidence? [new]" in text


def test_a_slip_beyond_the_trigger_is_marked_for_triage_with_the_largest_of_its_cause():
    marks = [Triage(Slip.VALUE, Decimal("15.1")), Triage(Slip.SCHEDULE, Decimal("22.8"))]
    marked = [replace(deal, triage=mark) for deal, mark in zip(aurora(2), marks, strict=True)]
    assert "[triage: schedule slip 22.8 %]" in of(*marked)
    assert "triage" not in of(*aurora(2))


def test_the_gap_shown_is_that_of_the_promise_shown():
    weighty, later = aurora(1)[0], late_deal("OPP-9", "X", 10, "1", days=60)
    assert "Jira AUR-118 is due 16 Nov, 47 days late" in of(weighty, later)


def test_without_advice_the_question_is_the_gap():
    assert "1. OPP-1041 promises Aurora 4.0 47 days before it can be delivered: move the promise" in of(
        replace(aurora(1)[0], advice="")
    )


def test_notices_need_no_decision():
    assert of(replace(aurora(1)[0], severity=Severity.NOTICE)) == ""


def test_without_decisions_there_is_no_section():
    nothing: Edition = edition([], [])
    assert section_text("decisions", nothing) == ""
    assert section_text("decisions", edition([], [tracked(f) for f in erp()])) != ""


def test_everything_that_is_news_about_a_decision_is_on_its_card():
    worse = happened(tracked(aurora(2)[1]), TransitionKind.WORSENED)
    assert "[new] [worsened] " in section_text("decisions", edition([opened(aurora(1)[0]), worse]))


def test_work_whose_key_is_but_a_number_is_called_by_its_title():
    """What moved and what binds is the same task, whose title the forecast gives: its change is told once, there."""
    finding = aurora(1)[0]
    chain = tuple(
        replace(step, key="1208000000000323", title="Train partners") if step.node == finding.cause else step
        for step in finding.chain
    )
    proof = replace(finding.evidence[0], record_id=finding.cause or "", key="1208000000000323")
    forecast = Claim("Asana", "Train partners", "is due 16 Nov", date(2026, 11, 16))
    task = replace(finding, chain=chain, evidence=(proof,), forecast=forecast)
    assert "Asana Train partners is due 16 Nov, 47 days late; moved from 30 Sep on 7 Sep by Ben Kuhn" in of(task)
    other = replace(task, forecast=replace(forecast, key="Aurora 4.0"))
    assert "Cause Train partners moved from 30 Sep to 16 Nov on 7 Sep" in of(other)
    assert "120800" not in of(task) + of(other) + section_text("news", edition([opened(task)]))
