"""The options on a decision card: few, short, each with its price and its last day."""

from dataclasses import replace
from datetime import date

from digest.base import Edition
from digest.compose import compose
from digest.render import render_html, render_text
from model.findings import DecisionOption, Finding, OptionKind
from tests.digest.editions import aurora, edition, erp, opened
from tests.digest.reading import page, without_addresses, words
from tests.digest.saying import section_text

BRING = OptionKind.BRING_FORWARD
MOVE = OptionKind.MOVE_PROMISE
SEP_30, NOV_16 = date(2026, 9, 30), date(2026, 11, 16)


def bring(days: int, until: date) -> DecisionOption:
    says = f"Bring AUR-118 forward by {days} days, to 30 Sep 2026: the date is kept"
    return DecisionOption(kind=BRING, says=says, record_id="jira:10118", days=days, day=SEP_30, until=until)


def with_options(finding: Finding, days: int = 47) -> Finding:
    move = DecisionOption(
        kind=MOVE,
        says="Move the promise to Northwind from 30 Sep 2026 to 16 Nov 2026",
        days=days,
        day=NOV_16,
        costs=finding.impact.shares,
        until=date(2026, 9, 16),
    )
    accept = DecisionOption(
        kind=OptionKind.ACCEPT,
        says="Accept it until 16 Nov 2026, when the work is to be there",
        day=NOV_16,
        costs=finding.impact.shares,
    )
    stop = DecisionOption(kind=OptionKind.STOP, says="Stop Aurora", costs=finding.impact.shares)
    return replace(finding, options=(bring(days, date(2026, 9, 25)), move, accept, stop))


def decisions(*findings: Finding) -> str:
    return section_text("decisions", edition([opened(finding) for finding in findings]))


def test_each_option_has_its_price_and_its_last_day():
    text = decisions(with_options(aurora(1)[0]))
    assert "Options Bring AUR-118 forward by 47 days, to 30 Sep; not priced; by Fri 25 Sep" in text
    assert (
        "or Move the promise to Northwind from 30 Sep to 16 Nov; gives up EUR 620k revenue; by Wed 16 Sep Decides"
        in text
    )


def test_to_live_with_it_is_offered_only_where_there_is_nothing_else_to_choose_from():
    finding = with_options(aurora(1)[0])
    assert "Accept it" not in decisions(finding)
    few = replace(finding, options=finding.options[2:])
    assert "Options Accept it until 16 Nov; gives up EUR 620k revenue or Stop Aurora; gives up" in decisions(few)
    one = replace(finding, options=finding.options[1:])
    assert "or Accept it until 16 Nov; gives up" in decisions(one)
    assert "Stop Aurora" not in decisions(one)


def test_the_options_of_a_cause_hold_for_all_its_findings_and_count_each_record_once():
    """620,000 and 540,000 are 1.2 million; the nearest promise needs most days; the first day that closes counts."""
    first, second = aurora(2)
    later = with_options(second, days=12)
    later = replace(later, options=(replace(later.options[0], until=date(2026, 9, 20)), *later.options[1:]))
    text = decisions(with_options(first), later)
    assert "Options Bring AUR-118 forward by 47 days, to 30 Sep; not priced; by Sun 20 Sep" in text
    assert "or Move both; gives up EUR 1.2M revenue; by Wed 16 Sep" in text


def test_without_options_nothing_is_said_of_them():
    assert "Options" not in decisions(aurora(1)[0])


def three_cards() -> Edition:
    return edition([*(opened(with_options(each)) for each in aurora()), *map(opened, erp())])


def test_text_and_html_offer_the_same_in_the_same_words():
    digest = compose(three_cards())
    text, html = render_text(digest), page(render_html(digest)).text
    assert "bring forward 47 days" in text
    assert words(without_addresses(text)) == words(html)


def test_a_hostile_title_in_an_option_stays_text():
    finding = with_options(aurora(1)[0])
    hostile = replace(finding.options[1], says="Move </td><script>alert(1)</script>\u202e\x1b[2J")
    html = render_html(compose(edition([opened(replace(finding, options=(finding.options[0], hostile)))])))
    assert "<script" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html


def test_what_one_more_week_costs_stands_with_the_consequence():
    saving = erp()[0]
    weekly = replace(saving.impact, weekly=saving.impact.shares)
    assert "that cannot come; EUR 390k savings more each week" in decisions(replace(saving, impact=weekly))
