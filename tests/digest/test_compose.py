"""What makes a mail, what does not, and what it says at its head."""

import pkgutil
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import digest.sections
from digest.base import DecisionCard, Digest, Edition, Table
from digest.brief import sort_edition
from digest.compose import all_sections, compose
from digest.render import render_html, render_text
from model.findings import (
    Account,
    Finding,
    FindingState,
    Impact,
    Severity,
    Slip,
    TransitionKind,
    Triage,
)
from tests.digest import editions
from tests.digest.editions import (
    NOW,
    accepted,
    aurora,
    coverage,
    early_saving,
    edition,
    erp,
    failed_source,
    happened,
    late_deal,
    old_deal,
    opened,
    resolved,
    revenue,
    three_causes,
    tracked,
    two_causes,
    unsupported_rollout,
)
from tests.digest.reading import count_words

TOP = ("bottom_line", "data_health", "decisions")


def cards(digest: Digest) -> list[DecisionCard]:
    return [block for section in digest.blocks for block in section.blocks if isinstance(block, DecisionCard)]


def said(digest: Digest, *names: str) -> str:
    """The text of some sections, without the title."""
    kept = tuple(section for section in digest.blocks if not names or section.name in names)
    return render_text(replace(digest, title="", blocks=kept))


def test_each_module_of_the_sections_folder_is_a_section_and_they_come_in_order():
    modules = {module.name for module in pkgutil.iter_modules(digest.sections.__path__)}
    assert {section.name for section in all_sections()} == modules
    assert [section.name for section in all_sections()] == [
        "bottom_line",
        "meeting",
        "agenda",
        "data_health",
        "decisions",
        "slip",
        "last_decisions",
        "news",
        "resolved",
        "numbers",
        "trend",
        "watchlist",
        "foot",
    ]


class TestWhatIsNews:
    """Design 5.11: a finding is told when something happened to it, and once."""

    def test_nothing_happened_so_there_is_no_mail_and_the_reason_says_so(self):
        composed = compose(edition([], [tracked(f) for f in aurora()]))
        assert composed.empty is True
        assert composed.blocks == ()
        assert composed.reason == "no news since Mon 7 Sep 07:00"

    @pytest.mark.parametrize(
        "kind",
        [
            TransitionKind.OPENED,
            TransitionKind.WORSENED,
            TransitionKind.IMPROVED,
            TransitionKind.REOPENED,
            TransitionKind.EXPIRED,
        ],
    )
    def test_what_a_reader_must_know_makes_a_mail(self, kind: TransitionKind):
        assert compose(edition([happened(tracked(old_deal()), kind)])).empty is False

    @pytest.mark.parametrize(
        "kind", [TransitionKind.HELD, TransitionKind.RELEASED, TransitionKind.ACKNOWLEDGED, TransitionKind.ACCEPTED]
    )
    def test_what_people_or_a_failed_source_did_makes_none_alone(self, kind: TransitionKind):
        assert compose(edition([happened(tracked(old_deal()), kind)])).empty is True

    def test_what_was_there_on_the_first_run_is_no_news(self):
        """The first run is a baseline: nobody is told of everything at once."""
        life = tracked(old_deal(), baseline=True)
        news = happened(life, TransitionKind.OPENED)
        news = replace(news, transitions=tuple(replace(step, baseline=True) for step in news.transitions))
        composed = compose(edition([news], since=None))
        assert composed.empty is True
        assert "from the start" in composed.reason

    def test_a_baseline_finding_that_worsens_is_news(self):
        life = tracked(old_deal(), baseline=True)
        assert compose(edition([happened(life, TransitionKind.WORSENED)])).empty is False

    def test_a_heartbeat_is_one_line_with_the_health_of_the_sources(self):
        composed = compose(edition([], [tracked(f) for f in aurora()], heartbeat=True))
        assert composed.empty is False
        assert [section.name for section in composed.blocks] == ["bottom_line", "data_health", "foot"]
        assert "No news. 6 findings stand, with EUR 2.4M of revenue at risk." in said(composed)
        assert composed.subject == "No news, EUR 2.4M revenue still at risk - 8 Sep, week 37"
        assert composed.reason.startswith("heartbeat")

    def test_an_acceptance_is_brought_up_once_when_its_end_comes_near(self):
        today = date(2026, 9, 8)
        due = compose(edition([], [accepted(old_deal(), until=today + timedelta(days=14))]))
        assert due.empty is False
        assert "[acceptance ends Tue 22 Sep] OPP-0988" in said(due, "resolved").replace("\n  ", " ")
        assert due.subject == "1 acceptance ends soon, nothing to decide - 8 Sep, week 37"
        assert compose(edition([], [accepted(old_deal(), until=today + timedelta(days=13))])).empty is True
        assert compose(edition([], [accepted(old_deal(), until=today + timedelta(days=15))])).empty is True

    def test_the_reason_counts_what_happened(self):
        assert compose(two_causes()).reason == "10 new, 1 resolved"


class TestAudience:
    def test_a_reader_sees_only_the_granted_subtree(self):
        """Reliability X16: nothing of another programme comes through, in any part."""
        composed = compose(edition([*map(opened, aurora()), *map(opened, erp())], objectives=("P-COST",)))
        whole = composed.subject + render_text(composed) + render_html(composed)
        assert "ERP-7" in whole
        for canary in ("Aurora", "OPP-", "AUR-118", "2.4M", "Northwind", "Petrov"):
            assert canary not in whole

    def test_a_finding_without_an_objective_is_only_for_those_who_see_everything(self):
        loose = replace(old_deal(), objective_ids=())
        assert compose(edition([opened(loose)])).empty is False
        assert compose(edition([opened(loose)], objectives=("ORG",))).empty is True

    def test_what_is_less_severe_than_wanted_is_left_out(self):
        minor = replace(old_deal(), severity=Severity.MINOR)
        assert compose(edition([opened(minor)], minimum_severity="major")).empty is True
        assert compose(edition([opened(minor)], minimum_severity="minor")).empty is False

    def test_findings_in_news_and_standing_count_once(self):
        news = [opened(f) for f in aurora()]
        both = edition(news, [n.tracked for n in news])
        neither = edition(news, [])
        assert render_text(compose(both)) == render_text(compose(neither))
        assert sort_edition(both).after.full(Account.REVENUE) == 2_400_000


class TestSubject:
    """The subject carries the news (M9: at most 78 characters; M11: with the date)."""

    def test_it_names_decisions_money_the_first_day_and_the_date(self):
        composed = compose(three_causes())
        assert composed.subject == "3 decisions, EUR 2.6M revenue at risk, first due Thu 10 Sep - 8 Sep, week 37"

    def test_it_leaves_the_money_out_when_others_may_read_it(self):
        composed = compose(edition([*map(opened, aurora())], subject="discreet"))
        assert composed.subject == "1 decision, due Tue 15 Sep - 8 Sep, week 37"

    def test_it_says_how_many_of_the_decisions_are_triage(self):
        """Domain 4.4 and I1: from the trigger on, the agenda turns from status to triage."""
        mark = Triage(Slip.VALUE, Decimal("18.4"))
        marked = [replace(finding, triage=mark) for finding in aurora(1)]
        assert compose(edition([opened(each) for each in marked])).subject.startswith("1 decision (triage), EUR")
        both = compose(edition([opened(each) for each in (*marked, *erp())])).subject
        assert both.startswith("2 decisions (1 triage), EUR")
        assert both.endswith(", due Tue 15 Sep - week 37") or ", first due Tue 15 Sep" in both
        assert len(both) <= 78

    def test_it_says_when_nothing_is_to_decide(self):
        composed = compose(edition([resolved(old_deal())]))
        assert composed.subject == "1 resolved, nothing to decide - 8 Sep, week 37"

    def test_revenue_and_savings_are_never_added(self):
        composed = compose(edition([opened(late_deal("OPP-1", "A", 500_000, "0.5")), *map(opened, erp())]))
        assert "EUR 970k savings at risk" in composed.subject
        assert "1.5M" not in composed.subject

    def test_it_gives_up_the_richest_wording_when_that_does_not_fit(self):
        far = [
            replace(deal, subjects=(str(n),), cause=str(n), decide_by=date(2027, 10, 27))
            for n, deal in enumerate(aurora() * 2)
        ]
        far = [replace(deal, impact=Impact(1, (revenue(f"crm:{n}", 123_456_789, "1"),))) for n, deal in enumerate(far)]
        subject = compose(edition([opened(deal) for deal in far])).subject
        assert subject == "12 decisions, EUR 1.5bn revenue at risk, first due Wed 27 Oct 2027 - week 37"

    @given(st.integers(1, 10**12), st.integers(-400, 4000), st.sampled_from(["amounts", "discreet"]))
    def test_it_never_grows_beyond_78_characters_and_never_says_weekly_update(self, full: int, ahead: int, style: str):
        finding = replace(
            late_deal("OPP-1", "A", full, "0.5"), decide_by=NOW.date() + timedelta(days=ahead), advice="A or B?"
        )
        subject = compose(edition([opened(finding)], subject=style)).subject
        assert len(subject) <= 78
        assert "week 37" in subject
        assert "update" not in subject.lower()
        assert ("EUR" in subject) is (style == "amounts")


class TestLength:
    """Domain 4.2: read in a minute, decided in two."""

    @pytest.mark.parametrize(("story", "most"), [("two_causes", 150), ("three_causes", 200)])
    def test_the_first_three_sections_stay_short(self, story: str, most: int):
        """Domain 4.2: one screen of a phone, about 150 words; each decision takes about 45 with its figures."""
        composed = compose(getattr(editions, story)())
        assert count_words(said(composed, *TOP)) <= most

    @pytest.mark.parametrize("story", ["two_causes", "three_causes", "failed_source"])
    def test_a_whole_mail_stays_within_450_words(self, story: str):
        composed = compose(getattr(editions, story)())
        assert count_words(render_text(composed)) <= 450

    def test_forty_causes_with_ten_findings_each_make_no_longer_mail_than_its_caps(self):
        """M6: under 80 KB, because Gmail clips at about 102."""
        composed = compose(many_causes())
        html = render_html(composed)
        assert len(html.encode()) < 80_000
        assert count_words(render_text(composed)) < 650
        assert len(cards(composed)) == 3
        text = said(composed, "decisions")
        assert "37 more decisions wait, first due Tue 8 Sep" in text

    def test_the_longest_titles_do_not_break_the_size(self):
        news = [
            opened(replace(late_deal(f"OPP-{n}", "T" * 5000, 1000 + n, "0.5"), advice="A" * 5000, title="X" * 5000))
            for n in range(30)
        ]
        assert len(render_html(compose(edition(news))).encode()) < 80_000


def many_causes() -> Edition:
    findings = []
    for cause in range(40):
        for number in range(10):
            base = late_deal(f"OPP-{cause}-{number}", f"Customer {number}", 1000 * cause + number + 1, "0.5")
            findings.append(
                replace(
                    base,
                    subjects=(f"salesforce:{cause}-{number}",),
                    cause=f"jira:{cause}",
                    impact=Impact(3, (revenue(f"salesforce:{cause}-{number}", 1000 * cause + number + 1, "0.5"),)),
                    decide_by=date(2026, 9, 8) + timedelta(days=cause),
                )
            )
    return edition([opened(finding) for finding in findings])


class TestGrouping:
    def test_forty_deals_on_one_release_are_one_piece_of_news_and_one_decision(self):
        """Design 5.11."""
        news = [opened(late_deal(f"OPP-{n}", f"Customer {n}", 10_000, "0.5")) for n in range(40)]
        composed = compose(edition(news))
        assert len(cards(composed)) == 1
        text = said(composed, "news")
        assert "AUR-118 Ledger cut-over: 40 findings, 47 days late" in text
        assert text.count("Customer") == 3
        assert "and 37 more" in text

    def test_decisions_are_ranked_by_money_and_then_by_the_last_day(self):
        composed = compose(three_causes())
        assert [card.question.split()[0] for card in cards(composed)] == ["Move", "Re-plan", "Fund"]
        early = replace(unsupported_rollout(), impact=erp()[0].impact)
        late = replace(erp()[0], cause="jira:z", decide_by=date(2026, 9, 30))
        composed = compose(edition([opened(late), opened(early)]))
        assert [card.question.split()[0] for card in cards(composed)] == ["Fund", "Re-plan"]

    def test_at_most_as_many_decisions_as_asked_for(self):
        composed = compose(edition(list(three_causes().news), max_decisions=1))
        assert len(cards(composed)) == 1
        assert "2 more decisions wait, first due Thu 10 Sep" in said(composed, "decisions")

    def test_a_finding_without_a_cause_stands_alone(self):
        lonely = [replace(f, cause=None) for f in aurora(2)]
        assert len(cards(compose(edition([opened(f) for f in lonely])))) == 2


class TestMoney:
    """Design 1: roll-ups are sums over distinct records, never sums over findings."""

    def test_a_deal_under_three_findings_counts_once_everywhere(self):
        deal = late_deal("OPP-1", "A", 100_000, "0.5")
        three = [
            replace(deal, check=check, cause=f"jira:{check}", title=f"{check} on OPP-1")
            for check in ("late-commitment", "plan-version", "scope")
        ]
        composed = compose(edition([opened(f) for f in three]))
        numbers = next(b for s in composed.blocks if s.name == "numbers" for b in s.blocks if isinstance(b, Table))
        assert [piece.text for cell in numbers.rows[0] for piece in cell] == [
            "Revenue at risk, full",
            "100,000",
            "100,000",
        ]
        assert "EUR 100k revenue at risk" in composed.subject

    def test_what_is_at_risk_already_through_another_finding_does_not_raise_the_value(self):
        deal = late_deal("OPP-1", "A", 100_000, "0.5")
        other = replace(deal, check="scope", cause="jira:9")
        brief = sort_edition(edition([opened(other)], [tracked(deal), tracked(other)]))
        assert brief.before.full(Account.REVENUE) == brief.after.full(Account.REVENUE) == 100_000

    @given(
        st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.sampled_from(["new", "same", "gone"])), max_size=12)
    )
    def test_the_change_is_always_the_difference_of_two_sums_over_records(self, moves: list[tuple[int, int, str]]):
        news, standing, before, after = [], [], set(), set()
        for number, (record, check, fate) in enumerate(moves):
            finding = replace(
                late_deal("OPP", "A", 100 * (record + 1), "0.5"),
                check=f"check-{check}",
                subjects=(str(number),),
                impact=Impact(1, (revenue(f"crm:{record}", 100 * (record + 1), "0.5"),)),
            )
            if fate != "new":
                before.add(record)
            if fate != "gone":
                after.add(record)
            news += [opened(finding)] if fate == "new" else [resolved(finding)] if fate == "gone" else []
            standing += [tracked(finding)] if fate == "same" else []
        brief = sort_edition(edition(news, standing))
        assert brief.before.full(Account.REVENUE) == sum(100 * (record + 1) for record in before)
        assert brief.after.full(Account.REVENUE) == sum(100 * (record + 1) for record in after)

    def test_an_accepted_finding_is_not_at_risk_and_its_resolution_frees_nothing(self):
        life = accepted(old_deal(), until=date(2026, 12, 1))
        news = happened(replace(life, state=FindingState.RESOLVED), TransitionKind.RESOLVED, before=life.finding.impact)
        brief = sort_edition(edition([news]))
        assert brief.before.full(Account.REVENUE) == 0

    def test_what_opened_and_resolved_between_two_mails_changed_nothing(self):
        news = happened(tracked(old_deal(), FindingState.RESOLVED), TransitionKind.OPENED, TransitionKind.RESOLVED)
        brief = sort_edition(edition([news]))
        assert brief.before.full(Account.REVENUE) == brief.after.full(Account.REVENUE) == 0
        assert "[resolved]" in said(compose(edition([news])), "resolved")


def test_the_same_edition_gives_the_same_mail_whatever_the_order_of_its_parts():
    story = three_causes()
    turned = replace(story, news=story.news[::-1], standing=story.standing[::-1], coverage=story.coverage[::-1])
    assert render_text(compose(turned)) == render_text(compose(story))
    assert render_html(compose(turned)) == render_html(compose(story))


def test_what_the_reader_gets_is_said_in_the_foot():
    text = said(compose(two_causes()), "foot")
    assert "News since Mon 7 Sep 07:00." in text
    assert "driftline show" in text


def test_a_mail_with_unpriced_findings_invents_no_money():
    bare = Finding(check="unsupported-commitment", check_version=1, subjects=("a:1",), title="Nothing supports X")
    bare = replace(bare, severity=Severity.MAJOR, decider="Priya Nair")
    composed = compose(edition([opened(bare)]))
    assert composed.subject == "1 decision - 8 Sep, week 37"
    assert "not priced: no amount is linked" in said(composed, "decisions")
    assert "EUR" not in said(composed)


def test_names_of_sources_and_times_are_those_of_the_business_zone():
    composed = compose(edition([opened(old_deal())], sources=(coverage("jira"),)))
    assert "jira as of 06:55. 92 % of records linked." in said(composed, "data_health")


def test_the_worst_of_a_day_with_a_failed_source_is_still_told():
    text = said(compose(failed_source()))
    assert "EUR 160k more savings at risk, now EUR 1.1M." in text
    assert "Of Open, EUR 2,400,000 revenue: not re-checked since Mon 7 Sep 18:00." in text


def test_decimals_are_never_lost_in_floats():
    cent = replace(old_deal(), impact=Impact(1, (revenue("crm:1", 10**15 + 1, "1"),)))
    assert sort_edition(edition([opened(cent)])).after.full(Account.REVENUE) == Decimal(10**15 + 1)
    assert "1,000,000,000,000,001" in said(compose(edition([opened(cent)])), "numbers")


def test_an_early_saving_shows_the_cell_it_was_read_from():
    assert "savings.xlsx!Plan!F14" in said(compose(edition([opened(early_saving("row 14", "A", 1000))])))
