"""The money at risk over time, followed back through what happened to each finding."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from digest.base import PAST, News
from digest.language import ENGLISH, Language
from digest.plots.axes import named_days, scale
from digest.plots.money_at_risk import RiskHistory, risk_history, svg
from digest.sentences import STAKES
from model.findings import Account, Finding, FindingState, Impact, TrackedFinding, Transition, TransitionKind
from tests.digest.editions import NOW, ZONE, accepted, aurora, early_saving, late_deal, tracked

TODAY = date(2026, 9, 8)
START = TODAY - PAST
DEAL, OTHER, *_ = aurora()
SMALLER = replace(DEAL, impact=replace(DEAL.impact, shares=late_deal("OPP-1041", "", 400_000, "0.8").impact.shares))


def step(kind: TransitionKind, days: int, **known: object) -> Transition:
    return Transition(fingerprint="", kind=kind, at=NOW - timedelta(days=days), **known)  # type: ignore[arg-type]


def news(life: TrackedFinding, *steps: Transition) -> News:
    return News(life, tuple(replace(each, fingerprint=life.fingerprint) for each in steps))


def opened(finding: Finding, days: int, **known: object) -> Transition:
    return step(TransitionKind.OPENED, days, after=finding.impact, **known)


def history(*past: News, standing: tuple[TrackedFinding, ...] = ()) -> RiskHistory:
    lives = (*standing, *(each.tracked for each in past if each.tracked.standing))
    return risk_history(past, lives, start=START, end=TODAY, zone=ZONE)


def amounts(told: RiskHistory, account: Account = Account.REVENUE) -> list[tuple[int, int]]:
    """How many days ago, and how much in thousands."""
    return [((TODAY - day).days, int(amount) // 1000) for day, amount in told.amounts.get(account, ())]


def test_an_amount_stands_from_the_day_its_finding_opened():
    assert amounts(history(news(tracked(DEAL), opened(DEAL, 20)))) == [(90, 0), (20, 620), (0, 620)]


def test_what_resolved_counted_until_then():
    life = tracked(DEAL, FindingState.RESOLVED)
    told = history(news(life, opened(DEAL, 30), step(TransitionKind.RESOLVED, 10, before=DEAL.impact)))
    assert amounts(told) == [(90, 0), (30, 620), (10, 0), (0, 0)]
    assert (sum(told.opened.values()), sum(told.resolved.values())) == (1, 1)


def test_what_stood_before_the_time_counts_from_its_beginning():
    resolved = news(tracked(DEAL, FindingState.RESOLVED), step(TransitionKind.RESOLVED, 10, before=DEAL.impact))
    assert amounts(history(resolved, standing=(tracked(OTHER),))) == [(90, 1160), (10, 540), (0, 540)]


def test_what_worsens_counts_more_from_then_on_and_the_end_is_what_stands_now():
    worse = step(TransitionKind.WORSENED, 10, before=SMALLER.impact, after=SMALLER.impact)
    assert amounts(history(news(tracked(DEAL), worse))) == [(90, 400), (0, 620)]


def test_an_accepted_finding_counts_until_it_was_accepted_and_again_once_that_has_expired():
    taken = step(TransitionKind.ACCEPTED, 20, before=DEAL.impact)
    assert amounts(history(news(accepted(DEAL, TODAY), taken))) == [(90, 620), (20, 0), (0, 0)]
    back = step(TransitionKind.EXPIRED, 5, after=DEAL.impact)
    expired = tracked(DEAL, acceptance=accepted(DEAL, TODAY).acceptance)
    assert amounts(history(news(expired, taken, back))) == [(90, 620), (20, 0), (5, 620), (0, 620)]


def test_a_record_that_two_findings_name_counts_once():
    twin = replace(DEAL, check="hidden-red", impact=SMALLER.impact)
    told = history(news(tracked(DEAL), opened(DEAL, 20)), news(tracked(twin), opened(twin, 40)))
    assert amounts(told) == [(90, 0), (40, 400), (20, 620), (0, 620)]


def test_the_picture_begins_where_driftline_began_to_look():
    """What was there before is not known, and is not drawn as nothing."""
    told = history(news(tracked(DEAL), opened(DEAL, 30, baseline=True)), news(tracked(OTHER), opened(OTHER, 9)))
    assert amounts(told) == [(30, 620), (9, 1160), (0, 1160)]
    assert told.opened.total() == 1  # type: ignore[attr-defined]


def test_the_end_is_what_the_mail_calls_open():
    told = history(*(news(tracked(each), opened(each, 5 * n)) for n, each in enumerate(aurora(), start=1)))
    assert amounts(told)[-1] == (0, 2400)


def test_accounts_are_never_added_and_one_that_did_not_change_is_left_out():
    saving = tracked(early_saving("row 14", "Licences", 390_000))
    told = history(news(tracked(DEAL), opened(DEAL, 20)), standing=(saving,))
    assert list(told.amounts) == [Account.REVENUE]


def test_a_few_days_or_a_single_step_are_told_in_words():
    first, second, third = (news(tracked(each), opened(each, 10 * n)) for n, each in enumerate(aurora(3), start=1))
    assert not history(first, second).telling
    assert history(first, second, third).telling
    assert not history(news(tracked(DEAL), opened(DEAL, 6, baseline=True))).telling
    assert not history(news(tracked(replace(DEAL, impact=Impact(3))), opened(DEAL, 9))).telling


def test_the_picture_names_its_amounts_and_days_in_the_readers_words():
    told = history(*(news(tracked(each), opened(each, 9 * n)) for n, each in enumerate(aurora(), start=1)))
    names = {account: ENGLISH.say(name) for account, name in STAKES.items()}
    english, height = svg(told, names, "EUR", ENGLISH)
    assert height < 260
    for word in ("Revenue at risk, EUR", ">2.5M<", ">1 Aug<", "6 findings opened", "0 resolved"):
        assert word in english
    german, _ = svg(told, names, "EUR", Language("de", "de"))
    assert ">2,5 Mio.<" in german
    assert ">1. Aug<" in german


def test_a_scale_ends_on_a_round_figure_in_a_few_steps():
    assert scale(Decimal(2_400_000)) == (Decimal(2_500_000), Decimal(500_000))
    assert scale(Decimal(0)) == (Decimal(1), Decimal(1))


def test_the_first_days_of_months_are_named_and_thinned_out():
    assert list(named_days(date(2026, 6, 10), TODAY, 4)) == [date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)]
    assert list(named_days(date(2026, 1, 1), TODAY, 4)) == [date(2026, month, 1) for month in (1, 4, 7)]
    assert list(named_days(date(2026, 9, 2), TODAY, 4)) == [date(2026, 9, 2), TODAY]
