"""The to-do mail of an owner: short, with the way to the money, and what leaders see of it."""

from dataclasses import replace
from datetime import date

import pytest

from digest.causes import group
from digest.language import Language
from digest.render import render_html, render_text
from digest.subject import LONGEST
from digest.to_do import Move, ToDo, compose_to_do
from model.findings import Step
from model.objectives import Tolerance
from tests.digest.editions import NOW, ZONE, aurora, early_saving, erp, late_deal, tracked
from tests.digest.reading import count_words


def to_do(**changes: object) -> ToDo:
    moves = tuple(map(Move, group(map(tracked, aurora()))))
    known = ToDo(
        owner="ben.kuhn@acme.example", moves=moves, mends=(), now=NOW, zone=ZONE, currency="EUR", words=Language()
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def text_of(known: ToDo) -> str:
    return " ".join(render_text(compose_to_do(known)).split())


def full() -> ToDo:
    """More than a mail holds, with long names."""
    deals = [
        replace(
            late_deal(f"OPP-{cause}{n}", "A customer whose name is long " * 3, 1000 * cause, "0.5"),
            cause=f"jira:{cause}",
            chain=tuple(
                Step(f"jira:{cause if s == 5 else s}", f"KEY-{s}", "A title of some length " * 3, "") for s in range(6)
            ),
        )
        for cause in range(1, 9)
        for n in range(5)
    ]
    untidy = [
        replace(
            early_saving(f"row {n}", "A saving", 10),
            upkeep=True,
            title="Something is wrong here " * 9,
            advice="Mend it " * 30,
        )
        for n in range(20)
    ]
    limits = Tolerance(5, None, None)
    moves = tuple(Move(cause, limits) for cause in group(map(tracked, deals)))
    return to_do(moves=moves, mends=tuple(map(tracked, untidy)), leaders_from=date(2026, 9, 11))


def test_the_way_leads_from_the_owners_record_to_the_money():
    assert "AUR-118 › Aurora 4.0 › OPP-1041 Northwind Logistics, EUR 620,000 revenue" in text_of(to_do())
    assert "and 4 more ways" in text_of(to_do())


def test_german_says_und_once_and_gets_the_number_right():
    text = text_of(to_do(words=Language("de", "de")))
    assert "und 4 weitere Wege" in text
    assert "und und" not in text
    assert compose_to_do(to_do(words=Language("de", "de"))).subject == (
        "1 Aufgabe, es geht um 2,4 Mio. EUR Umsatz - 8. Sep"
    )
    saved = tuple(map(Move, group(map(tracked, erp()))))
    mail = compose_to_do(to_do(moves=saved, words=Language("de", "de")))
    assert "es geht um 970 Tsd. EUR Einsparungen" in mail.subject
    assert "hängt" not in mail.subject
    assert "Es geht um 970 Tsd. EUR Einsparungen." in " ".join(render_text(mail).split())


def test_a_long_way_names_its_ends():
    assert "KEY-5 › KEY-4 › … › KEY-1 › KEY-0" in text_of(full())


@pytest.mark.parametrize("language", ["en", "de"])
def test_it_stays_within_the_words_of_a_mail(language: str):
    composed = compose_to_do(replace(full(), words=Language(language, language)))
    assert count_words(render_text(composed)) <= 450
    assert len(render_html(composed).encode()) < 80_000
    assert len(composed.subject) <= LONGEST


def test_what_is_beyond_is_counted():
    text = text_of(full())
    assert "and 5 more records" in text
    assert "and 15 more" in text


def test_it_says_what_leaders_see_and_from_when():
    assert "Leaders see no names, only how many there are, and not before Fri 11 Sep." in text_of(full())
    assert "Leaders" not in text_of(to_do())


def test_money_at_stake_counts_each_record_once():
    deal = late_deal("OPP-1", "A", 100_000, "0.5")
    twice = [tracked(deal), tracked(replace(deal, check="scope", cause="jira:9"))]
    assert "At stake: EUR 100k revenue." in text_of(to_do(moves=tuple(map(Move, group(twice)))))


def test_an_empty_list_is_no_mail():
    composed = compose_to_do(to_do(moves=()))
    assert (composed.empty, composed.reason) == (True, "nothing to do")


def test_what_was_not_re_checked_is_marked():
    held = [tracked(finding, held_since=NOW) for finding in aurora()]
    assert "[not re-checked]" in text_of(to_do(moves=tuple(map(Move, group(held)))))
