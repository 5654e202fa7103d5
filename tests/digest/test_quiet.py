"""What is kept as quiet is no news: findings that come and go, and those below something that was stopped."""

from dataclasses import replace

from digest.base import News
from digest.causes import Verdict, judge
from digest.compose import compose
from model.findings import FindingState, TransitionKind
from tests.digest.editions import edition, happened, old_deal, tracked


def quiet(news: News) -> News:
    return replace(news, transitions=tuple(replace(each, quiet="it comes and goes") for each in news.transitions))


def test_a_quiet_transition_is_no_news():
    news = quiet(happened(tracked(old_deal()), TransitionKind.REOPENED))
    assert judge(news) is None
    assert compose(edition([news])).empty


def test_what_is_told_beside_it_still_is():
    one, other = tracked(old_deal()), TransitionKind.WORSENED
    silent = quiet(happened(one, TransitionKind.REOPENED)).transitions
    news = News(one, (*silent, *happened(one, other).transitions))
    told = judge(news)
    assert told is not None
    assert told.verdict is Verdict.WORSENED


def test_a_settled_finding_is_told_as_it_stands_now():
    stands = judge(happened(tracked(old_deal()), TransitionKind.SETTLED))
    gone = judge(happened(tracked(old_deal(), FindingState.RESOLVED), TransitionKind.SETTLED))
    assert stands is not None
    assert gone is not None
    assert (stands.verdict, gone.verdict) == (Verdict.REOPENED, Verdict.RESOLVED)


def test_below_a_stopped_objective_there_is_nothing_to_decide():
    silent = replace(tracked(old_deal()), inhibited_by="P-1 above it is on hold")
    news = quiet(happened(silent, TransitionKind.OPENED))
    digest = compose(edition([news], [silent]))
    assert digest.empty
    assert digest.subject == compose(edition([], [])).subject
