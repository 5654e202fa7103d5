"""The decision paper: the question, both claims, the price of waiting, the options, and what follows the decision."""

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from digest.base import Digest
from digest.catalogues import languages
from digest.language import Language
from digest.markdown import render_markdown
from digest.papers.paper import Paper, compose_paper
from digest.render import render_paper, render_text
from model.findings import (
    Account,
    Amount,
    Claim,
    Decided,
    DecisionOption,
    Evidence,
    Finding,
    FindingState,
    Impact,
    OptionKind,
    Share,
    Step,
    TrackedFinding,
)
from model.money import Money
from model.objectives import ObjectiveTree
from tests.digest.editions import DEALS, NOW, SAVINGS, TREE, ZONE, aurora, early_saving, late_deal, savings, tracked
from tests.digest.reading import page, without_addresses, words

HOSTILE = "<script>alert(1)</script> [x](javascript:1) | `a` **b** \u202e\n# c @channel http://evil.example"


def options(finding: Finding) -> tuple[DecisionOption, ...]:
    shares = finding.impact.shares
    return (
        DecisionOption(
            kind=OptionKind.BRING_FORWARD,
            says="Bring AUR-118 forward by 47 days, to 30 Sep 2026: the date is kept",
            record_id="jira:10118",
            acts="ben.kuhn@acme.example",
            days=47,
            day=date(2026, 9, 30),
            until=date(2026, 9, 25),
        ),
        DecisionOption(
            kind=OptionKind.MOVE_PROMISE,
            says="Move the promise from 30 Sep 2026 to 16 Nov 2026",
            acts="Dana Petrov",
            day=date(2026, 11, 16),
            costs=shares,
            until=date(2026, 9, 15),
        ),
        DecisionOption(kind=OptionKind.ACCEPT, says="Accept it until 16 Nov 2026", acts="Priya Nair", costs=shares),
        DecisionOption(kind=OptionKind.STOP, says="Stop Aurora", acts="Priya Nair", costs=shares),
    )


def deal(**changes: object) -> TrackedFinding:
    finding = aurora(1)[0]
    return tracked(replace(finding, **{"options": options(finding), **changes}))


def paper(life: TrackedFinding, **given: object) -> Paper:
    return Paper(tracked=life, now=NOW, zone=ZONE, currency="EUR", **{"tree": TREE, **given})  # type: ignore[arg-type]


def text(life: TrackedFinding, **given: object) -> str:
    """The text in one line, without addresses."""
    return " ".join(without_addresses(render_text(compose_paper(paper(life, **given)))).split())


def test_it_begins_with_a_question_that_has_a_date_with_who_decides_and_what_happens_otherwise():
    composed = compose_paper(paper(deal()))
    assert composed.title == f"Decision paper {deal().fingerprint[:8]}, Tue 8 Sep 2026"
    assert composed.subject == (
        "Move the promise of Aurora 4.0 to 16 Nov, or bring AUR-118 forward by 47 days? "
        "To be decided by Tue 15 Sep 2026."
    )
    said = text(deal())
    assert "Decides: Priya Nair by Tue 15 Sep, 7 days left" in said
    assert "If nobody decides: the promise breaks on 30 Sep" in said


def test_without_a_proposal_or_a_last_day_it_is_still_a_question():
    bare = deal(advice="", decide_by=None)
    assert "OPP-1041 promises Aurora 4.0 47 days before it can be delivered: what is to be done?" in text(bare)


def test_both_claims_the_cause_since_when_and_the_evidence_are_told_with_links():
    said = text(deal())
    assert "Salesforce: OPP-1041 promises 30 Sep" in said
    assert "Jira: AUR-118 is due 16 Nov, 47 days late; moved from 30 Sep on 7 Sep by Ben Kuhn" in said
    assert "Since: Mon 7 Sep, when Driftline first saw it" in said
    assert "Evidence: AUR-118 due 16 Nov, before 30 Sep, on 7 Sep by Ben Kuhn" in said
    assert "https://acme.atlassian.net/browse/AUR-118" in page(render_paper(compose_paper(paper(deal())))).links
    assert "Since: before Driftline first looked, on Mon 7 Sep" in text(replace(deal(), baseline=True))


def test_evidence_that_changed_comes_first_and_the_rest_is_counted():
    same = [Evidence("jira:1", "AUR-1", f"field {number}", "x", "book.xlsx!Plan!F6") for number in range(7)]
    said = text(deal(evidence=(*same, *aurora(1)[0].evidence)))
    assert "Evidence: AUR-118 due 16 Nov" in said
    assert said.count("(book.xlsx!Plan!F6)") == 4
    assert "and 3 more" in said
    numbered = Evidence("asana:1", "1208000000000401", "due_on", "", old="2026-10-01")
    chain = (Step("asana:1", "1208000000000401", "Order the sorter", "due"),)
    assert "Order the sorter due_on nothing, before 1 Oct" in text(deal(evidence=(numbered,), chain=chain))
    assert "Evidence" not in text(deal(evidence=()))


def test_the_price_of_waiting_stands_per_week_within_the_year_and_in_a_whole_year():
    """Half of it falls into this year; what is not known is not zero."""
    part = savings("tracker:14", 400_000, ("2026-10", "2027-01"))
    week = savings("tracker:14", 90_000, ("2026-10",))
    impact = Impact(21, (part,), weekly=(week,), yearly=(savings("tracker:14", 4_680_000, ("2026-10",)),))
    saving = replace(early_saving(*SAVINGS[0]), impact=impact)
    [row] = [line for line in render_text(compose_paper(paper(tracked(saving)))).splitlines() if "Savings lost" in line]
    assert row.split() == ["Savings", "lost", "400,000", "90,000", "200,000", "4,680,000"]
    assert "Revenue at risk 620,000 not known not known not known Weighted by probability: EUR 496,000." in text(deal())


def test_what_is_not_priced_deferred_or_without_a_rate_says_so():
    assert "Not priced: no amount is linked." in text(deal(impact=Impact(3)))
    foreign = Share("salesforce:9", unconverted=Money(Decimal(300_000), "USD"))
    later = (Share("salesforce:9", (Amount(Account.REVENUE, Money(Decimal(40_000), "EUR")),)),)
    said = text(deal(impact=Impact(3, (foreign,), deferred=later)))
    assert "Moved to later months: EUR 40,000 revenue. Not converted: USD 300,000." in said


def test_the_others_of_the_same_cause_are_counted_with_the_money_of_all():
    others = tuple(map(tracked, aurora()[1:]))
    assert "5 more findings have the same cause; together EUR 2,400,000 revenue." in text(deal(), others=others)


def test_what_it_hangs_on_is_the_record_that_binds_with_who_acts_or_a_budget():
    assert "AUR-118 Ledger cut-over, with ben.kuhn: due 16 Nov" in text(deal())
    fund = DecisionOption(kind=OptionKind.FUND, says="Fund Sorter hardware, whose budget is EUR 0")
    assert "hangs on ---------------- Money: Fund Sorter hardware, whose budget is EUR 0" in text(
        deal(options=(fund,), chain=())
    )
    assert "Not known: no record is known to bind." in text(deal(options=(), chain=()))


def test_each_option_has_its_price_its_day_and_who_acts():
    rows = compose_paper(paper(deal())).blocks[4].blocks[0]
    table = [["".join(piece.text for piece in cell) for cell in row] for row in rows.rows]  # type: ignore[union-attr]
    assert [column.head for column in rows.columns] == [  # type: ignore[union-attr]
        *("no.", "option", "gives up (EUR)", "new date", "who acts", "open until"),
    ]
    assert table == [
        [
            *("1", "Bring AUR-118 forward by 47 days, to 30 Sep: the date is kept", "not priced", "30 Sep", "ben.kuhn"),
            "25 Sep",
        ],
        ["2", "Move the promise from 30 Sep to 16 Nov", "620,000 revenue", "16 Nov", "Dana Petrov", "15 Sep"],
        ["3", "Accept it until 16 Nov (can be taken back at any time)", "620,000 revenue", "–", "Priya Nair", "–"],
        ["4", "Stop Aurora", "620,000 revenue", "–", "Priya Nair", "–"],
    ]
    assert "What of it falls into 2026 is not known where the money has no months." in text(deal())


def test_what_falls_into_the_year_and_what_it_costs_have_columns_where_they_are_known():
    part = savings("tracker:14", 400_000, ("2026-10", "2027-01"))
    cost = Share("x", (Amount(Account.COST, Money(Decimal(120_000), "EUR")),))
    chosen = (
        DecisionOption(kind=OptionKind.MOVE_PROMISE, says="Book it later", costs=(part,)),
        DecisionOption(kind=OptionKind.FUND, says="Fund it", costs=(cost,)),
        DecisionOption(kind=OptionKind.CUT_SCOPE, says="Cut it", costs_nothing=True),
    )
    said = text(deal(options=chosen))
    assert (
        "1 Book it later; gives up (EUR) 400,000 savings; of it in 2026 200,000 savings; who acts nobody named" in said
    )
    assert "2 Fund it; costs (EUR) 120,000; who acts nobody named" in said
    assert "3 Cut it; gives up (EUR) nothing; who acts nobody named" in said


def test_four_options_are_shown_under_the_numbers_that_the_command_takes():
    first = options(aurora(1)[0])
    said = text(
        deal(options=(first[3], first[2], *first[:2], replace(first[0], kind=OptionKind.CUT_SCOPE, says="Cut it")))
    )
    assert [said.index(each) for each in ("1 Stop", "3 Bring", "4 Move", "5 Cut")] == sorted(
        said.index(each) for each in ("1 Stop", "3 Bring", "4 Move", "5 Cut")
    )
    assert f"1 more option: driftline show {deal().fingerprint[:8]}." in said


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ((0, 1, 2, 3), "[a trade-off: at least two options give something up]"),
        ((0, 1), "[an instruction, no trade-off: no two options are known to give something up]"),
        ((), "None was computed from the records: ask for the smallest scope that protects the outcome."),
        ((0,), "Only one is known: there is nothing to choose from."),
    ],
)
def test_it_is_a_trade_off_only_if_two_options_give_something_up(chosen: tuple[int, ...], told: str):
    offered = options(aurora(1)[0])
    assert told in text(deal(options=tuple(offered[number] for number in chosen)))


def test_nothing_is_recommended_unless_the_rule_gives_one():
    assert "No recommendation: what keeps the date is not priced." in text(deal())
    free = replace(options(aurora(1)[0])[0], costs_nothing=True)
    assert (
        "Option 1, Bring AUR-118 forward by 47 days, to 30 Sep: the date is kept: it keeps the date and costs nothing."
        in text(deal(options=(free,)))
    )


def test_before_the_decision_it_says_how_it_is_recorded_and_who_hears_of_it():
    review = replace(TREE.objectives[2], review=date(2026, 10, 1), owner="Dana Petrov", sponsor="Lena Fischer")
    tree = ObjectiveTree((*TREE.objectives[:2], review, *TREE.objectives[3:]))
    said = text(deal(), tree=tree)
    assert "Review: Thu 1 Oct 2026; Driftline asks again after the due day unless the effect is seen" in said
    assert "Told: Priya Nair, Dana Petrov, ben.kuhn, Lena Fischer" in said
    assert f"Record it: driftline decide {deal().fingerprint[:8]} --option NUMBER --by NAME" in said


def test_after_the_decision_it_says_what_was_decided_by_whom_and_until_when():
    decision = Decided("Bring AUR-118 forward", "Priya Nair", "Ben Kuhn", date(2026, 9, 25), NOW - timedelta(days=1))
    said = text(replace(deal(), state=FindingState.ACKNOWLEDGED, decision=decision))
    assert "Decided: Bring AUR-118 forward (Priya Nair on Mon 7 Sep 2026)" in said
    assert "Owner: Ben Kuhn - Due: Fri 25 Sep 2026" in said
    assert "[decided]" in said
    assert "Record it" not in said
    gone = text(replace(deal(), state=FindingState.RESOLVED))
    assert "[resolved: nothing is to be decided any more]" in gone
    assert "Record it" not in gone


def test_the_page_says_the_same_words_as_the_text():
    composed = compose_paper(paper(deal(), others=tuple(map(tracked, aurora()[1:]))))
    shown = page(render_paper(composed)).text
    for word in words(without_addresses(render_text(composed))):
        assert word in shown


def everywhere() -> TrackedFinding:
    """Hostile words wherever a source or a person can put some (M5, M6, M13)."""
    proof = Evidence("jira:1", HOSTILE, HOSTILE, HOSTILE, HOSTILE, old=HOSTILE, by=HOSTILE)
    option = replace(options(aurora(1)[0])[1], says=HOSTILE, acts=HOSTILE)
    claim = Claim(HOSTILE, HOSTILE, HOSTILE, None, "javascript:alert(1)")
    return deal(
        title=HOSTILE,
        advice=HOSTILE,
        owner=HOSTILE,
        decider=HOSTILE,
        commitment=claim,
        forecast=claim,
        evidence=(proof,),
        chain=(Step("jira:10118", HOSTILE, HOSTILE, HOSTILE, None, "javascript:1"),),
        options=(option, option),
    )


def harmless() -> TrackedFinding:
    life = everywhere()
    return replace(life, finding=_with(life.finding, "plain words"))


def _with(finding: Finding, plain: str) -> Finding:
    proof = replace(
        finding.evidence[0], key=plain, field=plain, value=plain, where=plain, old=f"{plain} before", by=plain
    )
    claim = Claim(plain, plain, plain, None, "")
    option = replace(finding.options[0], says=plain, acts=plain)
    return replace(
        finding,
        title=plain,
        advice=plain,
        owner=plain,
        decider=plain,
        commitment=claim,
        forecast=claim,
        evidence=(proof,),
        chain=(Step("jira:10118", plain, f"{plain} too", plain, None, ""),),
        options=(option, option),
    )


def test_hostile_words_change_no_tag_of_the_page():
    hostile, plain = (page(render_paper(compose_paper(paper(each)))) for each in (everywhere(), harmless()))
    assert hostile.tags == plain.tags
    assert not [link for link in hostile.links if not link.startswith("https://")]


def test_hostile_words_are_no_markup_in_markdown():
    """Lines, tables and links are those of the paper; nobody is mentioned and nothing becomes an address."""
    composed: Digest = compose_paper(paper(everywhere()))
    written = render_markdown(composed)
    assert "<script>" not in written.replace("\\<", "")
    assert not re.search(r"(?<!\\)\]\((?!<https?://)", written)
    assert "@channel" not in written
    assert "http://evil" not in written
    assert [line for line in written.splitlines() if line.startswith("#")] == [
        line for line in render_markdown(compose_paper(paper(harmless()))).splitlines() if line.startswith("#")
    ]
    [head, *rows] = [line for line in written.splitlines() if line.startswith(("| no. | option", "| **"))]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {len(re.findall(r"(?<!\\)\|", head))}


@pytest.mark.parametrize("code", languages())
def test_every_language_writes_the_whole_paper(code: str):
    said = Language(code, code)
    composed = compose_paper(paper(deal(), words=said))
    assert composed.language == code
    assert len(composed.blocks) == 7
    english = compose_paper(paper(deal()))
    headings = [(one.heading, other.heading) for one, other in zip(composed.blocks, english.blocks, strict=True)]
    assert code == "en" or all(one != other for one, other in headings[1:])


def test_the_weightiest_words_of_a_source_cannot_make_it_long():
    """One page holds it: whatever a key or a name of a source is like, lines are cut."""
    long = "Wide Word " * 60
    life = replace(everywhere(), finding=_with(everywhere().finding, long))
    longest = max(
        (
            sum(len(piece.text) for piece in entry)
            for section in compose_paper(paper(life)).blocks
            for entry in _lines(section)
        ),
    )
    assert longest < 700


def _lines(section: object) -> list[object]:
    blocks = section.blocks  # type: ignore[attr-defined]
    return [content for block in blocks for content in getattr(block, "entries", ()) or [getattr(block, "content", ())]]


def test_another_days_deal_is_another_paper():
    other = late_deal(*DEALS[1])
    assert compose_paper(paper(tracked(other))).title != compose_paper(paper(deal())).title
