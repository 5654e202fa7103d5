"""How a date slipped, from what its source tells of its moves."""

from datetime import date, timedelta

from digest.language import ENGLISH
from digest.plots.slip import SlipHistory, slip_history, svg
from model.records import Move
from tests.digest.editions import NOW, ZONE

TODAY = date(2026, 9, 8)
AUG, SEP, OCT, NOV = date(2026, 8, 31), date(2026, 9, 15), date(2026, 9, 30), date(2026, 11, 16)
PROMISED = date(2026, 9, 30)


def move(days: int, old: date | None, new: date | None, field: str = "due") -> Move:
    return Move(field, old, new, NOW - timedelta(days=days))


def history(*moves: Move, forecast: date = NOV) -> SlipHistory | None:
    return slip_history(moves, forecast=forecast, promised=PROMISED, name="AUR-118", end=TODAY, zone=ZONE)


def test_the_date_is_followed_from_move_to_move():
    told = history(move(40, AUG, SEP), move(20, SEP, OCT), move(1, OCT, NOV))
    assert told is not None
    assert [forecast for _, forecast in told.forecasts] == [AUG, SEP, OCT, NOV]
    assert [(TODAY - day).days for day, _ in told.forecasts] == [45, 40, 20, 1]
    assert (told.moves, told.first, told.last) == (3, AUG, NOV)


def test_a_single_move_is_a_sentence():
    assert history(move(1, OCT, NOV)) is None
    assert history(move(1, SEP, OCT), move(1, OCT, NOV)) is None


def test_only_the_date_that_is_now_the_forecast_is_followed():
    moves = (move(40, AUG, SEP, "start"), move(20, SEP, OCT, "start"))
    assert history(*moves, move(1, OCT, NOV)) is None
    assert history(*moves, forecast=OCT) is not None


def test_a_date_that_was_set_for_the_first_time_has_not_moved():
    assert history(move(40, None, OCT), move(1, OCT, NOV)) is None


def test_what_is_older_than_a_year_is_left_out():
    told = history(move(500, AUG, SEP), move(20, SEP, OCT), move(1, OCT, NOV))
    assert told is not None
    assert (told.first, told.moves) == (SEP, 2)


def test_the_picture_names_the_dates_and_keeps_a_hostile_name_a_text():
    told = SlipHistory('<script>"', TODAY, ((AUG, SEP), (SEP - timedelta(9), OCT), (TODAY, NOV)), PROMISED)
    drawn, height = svg(told, ENGLISH)
    assert height == 272
    assert "&lt;script&gt;&quot;" in drawn
    for word in (">16 Nov<", ">30 Sep<", ">15 Sep<", ">promised<", ">8 Sep<"):
        assert word in drawn
    assert drawn.count("<circle") == 2
