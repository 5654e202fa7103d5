"""A notice is short, says the most important thing first and what waits; and crosses its threshold for good reasons."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.base import AtOnce, Digest, Edition
from digest.language import Language
from digest.notice import MOST_CAUSES, NoticeTime, compose_notice, last_near_day, urgent
from digest.options import AtOnceOptions
from digest.render import render_html, render_text
from digest.subject import LONGEST
from model.calendars import Calendar
from model.findings import Finding, Flapping, Severity, TransitionKind
from tests.digest.editions import (
    NOW,
    aurora,
    edition,
    erp,
    happened,
    late_deal,
    opened,
    resolved,
    three_causes,
    tracked,
    unsupported_rollout,
)
from tests.digest.reading import count_words

TOMORROW = NoticeTime(1, 3, date(2026, 9, 9))


def at_once(story: Edition, **options: object) -> Edition:
    told = AtOnceOptions.model_validate({"minimum_severity": "minor", **options})
    return replace(story, options=story.options.model_copy(update={"at_once": told}))


def notice(story: Edition, time: NoticeTime = TOMORROW) -> Digest:
    found = urgent(story)
    assert found is not None
    return compose_notice(found, time)


def crowded() -> Edition:
    """Five causes of long names, each with many findings."""
    findings = [
        replace(
            late_deal(f"OPP-{cause}{number}", "A customer with a long name " * 3, 90_000 * cause + number, "0.5"),
            cause=f"jira:{cause}",
            title="A title that goes on and on " * 6,
            advice=f"Move the promise {cause}, or bring the work forward, or do something else entirely " * 2,
            decide_by=date(2026, 9, 10 + cause),
        )
        for cause in range(1, 6)
        for number in range(8)
    ]
    return at_once(edition([opened(finding) for finding in findings]))


def last_days() -> Digest:
    """Three causes of which nothing is news but that their last days come near."""
    near = [*aurora(), *erp(), unsupported_rollout()]
    story = at_once(edition([], list(map(tracked, near))), decide_within_days=10)
    found = urgent(story, near={finding.fingerprint for finding in near})
    assert found is not None
    return compose_notice(found, TOMORROW)


def test_it_opens_with_the_money_and_what_it_comes_from():
    text = render_text(notice(at_once(edition(list(map(opened, aurora()))))))
    lines = [line for line in text.splitlines() if line]
    assert lines[1] == "EUR 2.4M of revenue at risk."
    assert lines[2] == "The cause of it: AUR-118 Ledger cut-over, 47 days late."


def test_the_subject_is_dated_and_fits():
    subject = notice(at_once(three_causes())).subject
    assert subject == "At once: 3 decisions, EUR 2.6M revenue, first due Thu 10 Sep - 8 Sep"
    assert len(notice(crowded()).subject) <= LONGEST


def test_a_discreet_subject_leaves_the_money_to_the_mail():
    story = at_once(edition(list(map(opened, aurora())), subject="discreet"))
    assert notice(story).subject == "At once: 1 decision, due Tue 15 Sep - 8 Sep"


@pytest.mark.parametrize("language", ["en", "de"])
def test_it_stays_within_the_words_of_a_mail(language: str):
    composed = notice(replace(crowded(), language=Language(language, language)))
    assert count_words(render_text(composed)) <= 450
    assert len(render_html(composed).encode()) < 80_000


def test_what_is_too_much_for_one_mail_waits_and_is_counted():
    found = urgent(crowded())
    assert found is not None
    assert (len(found.told), len(found.waiting)) == (MOST_CAUSES, 2)
    assert "2 more causes wait. The digest of Wed 9 Sep tells the rest." in render_text(compose_notice(found, TOMORROW))


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (NoticeTime(3, 3, date(2026, 9, 9)), "This was the last of 3 notices of today. The digest of Wed 9 Sep tells"),
        (NoticeTime(1, 1, None), "This was the only notice of today. The next digest tells the rest."),
    ],
)
def test_the_last_line_says_when_no_more_come_today(time: NoticeTime, said: str):
    text = " ".join(render_text(notice(at_once(three_causes()), time)).split())
    assert said in text


def test_what_needs_no_decision_is_told_without_a_card():
    plain = replace(unsupported_rollout(), decider=None, decide_by=None, advice="")
    composed = notice(at_once(edition([opened(plain)])))
    assert [section.name for section in composed.blocks] == ["bottom_line", "news", "foot"]


def test_what_resolved_or_eased_is_never_told_at_once():
    assert (
        urgent(at_once(edition([resolved(aurora()[0]), happened(tracked(erp()[0]), TransitionKind.IMPROVED)]))) is None
    )


def test_what_is_less_grave_than_asked_for_is_not_told_whatever_its_money():
    minor = replace(aurora()[0], severity=Severity.MINOR)
    assert urgent(at_once(edition([opened(minor)]), minimum_severity="major", minimum_money=1)) is None


class TestCrossing:
    def worse(self, before: int, after: int) -> Edition:
        old, new = late_deal("OPP-1", "A", before, "0.5"), late_deal("OPP-1", "A", after, "0.5")
        return edition([happened(tracked(new), TransitionKind.WORSENED, before=old.impact)])

    @pytest.mark.parametrize(
        ("before", "after", "told"),
        [(90, 110, True), (110, 130, False), (110, 220, True), (80, 99, False), (100, 199, False), (99, 100, True)],
    )
    def test_money_crosses_once_and_again_when_it_rose_by_as_much(self, before: int, after: int, told: bool):
        found = urgent(at_once(self.worse(before, after), minimum_money=100))
        assert (found is not None) is told

    def test_what_comes_to_a_cause_that_was_above_already_is_told_when_it_weighs_enough(self):
        known, more = aurora()[:2]
        story = edition([opened(more)], [tracked(known), tracked(more)])
        assert urgent(at_once(story, minimum_money=500_000)) is not None
        assert urgent(at_once(story, minimum_money=600_000)) is None

    @pytest.mark.parametrize(("days", "told"), [(6, False), (7, True)])
    def test_a_near_last_day_is_told_whatever_its_money(self, days: int, told: bool):
        story = edition([opened(aurora()[0])])
        found = urgent(at_once(story, minimum_money=10**9, decide_within_days=days))
        assert (found is not None) is told

    def test_what_a_notice_told_before_is_not_told_again_for_its_last_day_alone(self):
        story = at_once(self.worse(100, 110), decide_within_days=30)
        assert urgent(story) is not None
        [print_] = [news.tracked.fingerprint for news in story.news]
        told = {print_: AtOnce(1, datetime(2026, 9, 7, tzinfo=UTC))}
        assert urgent(replace(story, told_at_once=told)) is None

    def test_only_causes_with_news_of_the_run_are_looked_at(self):
        story = at_once(three_causes())
        assert urgent(story, among=()) is None
        fresh = next(news.tracked.fingerprint for news in story.news if news.tracked.finding.cause == "jira:30003")
        found = urgent(story, among={fresh})
        assert found is not None
        assert [cause.key for cause in found.told] == ["jira:30003"]


class TestLastDay:
    """The six deals of aurora are to be decided on Tuesday, 15 September; today is the 8th."""

    STANDING = staticmethod(lambda *findings, **life: edition([], [tracked(each, **life) for each in findings]))

    def composed(self, story: Edition, near: list[Finding], **options: object) -> Digest:
        found = urgent(at_once(story, **options), near={each.fingerprint for each in near})
        assert found is not None
        return compose_notice(found, TOMORROW)

    def test_it_opens_with_the_days_that_are_left(self):
        mail = self.composed(self.STANDING(*aurora()), aurora(), decide_within_days=7, minimum_money=10**9)
        lines = [line for line in render_text(mail).splitlines() if line]
        assert lines[1] == "The last day to decide comes near: 7 days left."
        assert " ".join(lines[2:4]).startswith("EUR 2.4M of revenue at risk. The cause of it: AUR-118 Ledger cut-over")
        assert "[open since 7 Sep]" in render_text(mail)
        assert mail.subject == "At once: 1 decision, EUR 2.4M revenue, due Tue 15 Sep - 8 Sep"
        assert [section.name for section in mail.blocks] == ["bottom_line", "decisions"]

    def test_german(self):
        story = replace(self.STANDING(*aurora(), *erp()), language=Language("de", "de"))
        text = render_text(self.composed(story, aurora(), decide_within_days=7))
        assert "Die Frist zur Entscheidung naht: noch 7 Tage." in text
        both = " ".join(render_text(self.composed(story, [*aurora(), *erp()], decide_within_days=10)).split())
        assert "Mehrere Entscheidungsfristen nahen, die erste: noch 7 Tage." in both

    @pytest.mark.parametrize(
        ("day", "said"),
        [(8, "The last day to decide is today."), (6, "The last day to decide has passed: 2 days over.")],
    )
    def test_a_day_that_has_come_or_passed_is_called_so(self, day: int, said: str):
        due = replace(aurora()[0], decide_by=date(2026, 9, day))
        assert said in render_text(self.composed(self.STANDING(due), [due], decide_within_days=2))

    def test_of_a_cause_only_what_is_near_is_told(self):
        first, second, *others = aurora()
        later = [replace(each, decide_by=date(2026, 10, 1)) for each in others]
        story = self.STANDING(first, second, *later)
        text = render_text(self.composed(story, aurora(), decide_within_days=7))
        assert "2 deals" in text
        assert "6 deals" not in text
        assert urgent(at_once(story, decide_within_days=6), near={first.fingerprint}) is None

    def test_what_comes_and_goes_is_left_to_the_digest(self):
        flapping = Flapping(since=NOW, last=NOW, told_standing=True)
        story = self.STANDING(*aurora(), flapping=flapping)
        assert urgent(at_once(story, decide_within_days=7), near={each.fingerprint for each in aurora()}) is None

    def test_what_has_its_last_day_today_waits_for_no_other(self):
        many = [replace(late_deal(f"OPP-{n}", "A", 90_000 * (n + 1), "0.5"), cause=f"jira:{n}") for n in range(5)]
        due = [replace(many[0], decide_by=NOW.date()), *many[1:]]
        story = self.STANDING(*due)
        found = urgent(at_once(story, decide_within_days=7), near={each.fingerprint for each in due})
        assert found is not None
        assert [cause.key for cause in found.told] == ["jira:0", "jira:4", "jira:3"]

    def test_the_first_day_comes_first(self):
        near = [*aurora(), unsupported_rollout()]
        text = render_text(self.composed(self.STANDING(*near), near, decide_within_days=7))
        assert "First of all: SCAN-3" in " ".join(text.split())
        assert text.index("1. Fund SCAN-3") < text.index("2. Move the promise")

    def test_all_that_is_told_is_laid_out(self):
        story = edition([], list(map(tracked, [*aurora(), *erp(), unsupported_rollout()])), max_decisions=1)
        near = [*aurora(), *erp(), unsupported_rollout()]
        text = render_text(self.composed(story, near, decide_within_days=10))
        assert text.count("Decides") == 3
        assert "more decision" not in text


@pytest.mark.parametrize(
    ("today", "days", "last"),
    [
        (date(2026, 9, 10), 1, date(2026, 9, 13)),
        (date(2026, 9, 11), 0, date(2026, 9, 13)),
        (date(2026, 9, 11), 1, date(2026, 9, 14)),
        (date(2026, 9, 12), 2, date(2026, 9, 15)),
    ],
)
def test_near_is_what_has_so_few_working_days_left(today: date, days: int, last: date):
    """Over the weekend of 12 and 13 September; without a calendar every day counts."""
    options, week = AtOnceOptions(decide_within_days=days), Calendar()
    assert last_near_day(options, week, today) == last
    assert (week.left(today, last), week.left(today, last + timedelta(days=1))) == (days, days + 1)
    assert last_near_day(options, None, today) == today + timedelta(days=days)


def test_the_same_news_gives_the_same_notice_whatever_the_order_of_its_parts():
    story = at_once(three_causes())
    turned = replace(story, news=story.news[::-1], standing=story.standing[::-1])
    assert notice(turned) == notice(story)


def test_without_the_option_nothing_is_urgent():
    assert urgent(three_causes()) is None


def test_it_is_told_at_the_moment_of_the_business_zone():
    later = replace(at_once(three_causes()), now=NOW + timedelta(hours=7))
    assert notice(later).title == "Driftline notice for leaders, Tue 8 Sep 2026, 14:00"
