"""The picture of the money at risk in the mail, and that the mail does without."""

from dataclasses import replace
from datetime import timedelta

import pytest

from digest.base import Edition, News, Picture
from digest.brief import sort_edition
from digest.language import Language
from digest.sections import trend
from model.findings import Transition, TransitionKind
from tests.digest.editions import NOW, aurora, edition, opened, tracked

pytest.importorskip("resvg_py")


def three_months(**options: object) -> Edition:
    lives = [tracked(each) for each in aurora()]
    past = [
        News(
            life,
            (
                Transition(
                    fingerprint=life.fingerprint,
                    kind=TransitionKind.OPENED,
                    at=NOW - timedelta(days=9 * number),
                    after=life.finding.impact,
                ),
            ),
        )
        for number, life in enumerate(lives, start=1)
    ]
    return replace(edition([opened(each) for each in aurora(1)], lives, **options), past=tuple(past))


def shown(given: Edition) -> list[Picture]:
    blocks = trend.compose(sort_edition(given))
    assert all(isinstance(block, Picture) for block in blocks)
    return list(blocks)  # type: ignore[arg-type]


def drawn(given: Edition) -> Picture:
    pictures = shown(given)
    if not pictures:
        pytest.skip("this machine has no fonts")
    return pictures[0]


def test_a_picture_shows_what_was_at_risk_and_says_it_in_words():
    picture = drawn(three_months())
    assert picture.alt == "Revenue at risk: EUR 0 on 10 Jun, EUR 2.4M today; 6 findings opened, 0 resolved."
    assert (picture.name, picture.width) == ("money-at-risk", 520)
    assert len(picture.png) < 30_000
    assert drawn(three_months()) == picture


def test_it_speaks_the_readers_language():
    german = drawn(replace(three_months(), language=Language("de", "de")))
    assert "2,4 Mio. EUR heute; 6 Befunde neu, 0 erledigt." in german.alt


def test_it_can_be_switched_off_and_needs_something_to_show():
    assert shown(three_months(plots=False)) == []
    assert shown(edition([opened(each) for each in aurora()])) == []
    assert shown(replace(three_months(), past=three_months().past[:2])) == []


def test_an_audience_sees_only_its_own():
    assert shown(three_months(objectives=["P-COST"])) == []


def test_without_a_way_to_draw_the_mail_goes_without(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trend, "png", lambda drawing: None)
    assert shown(three_months()) == []
