"""How long something that failed is left alone."""

from datetime import UTC, datetime, timedelta

from pipeline.pauses import LONGEST_PAUSE, Pauses

NOW = datetime(2026, 9, 15, 7, tzinfo=UTC)


def minutes_after(pauses: Pauses, what: object) -> int:
    return next(minute for minute in range(200) if pauses.over(what, NOW + timedelta(minutes=minute)))


def test_each_failure_doubles_the_pause_up_to_an_hour():
    """M1."""
    pauses = Pauses()
    assert pauses.over("mail", NOW)
    seen = []
    for _ in range(9):
        pauses.failed("mail", NOW)
        seen.append(minutes_after(pauses, "mail"))
    assert seen == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_the_count_goes_on_from_what_is_stored():
    pauses = Pauses()
    pauses.failed(7, NOW, attempts=4)
    assert minutes_after(pauses, 7) == 8
    pauses.failed(7, NOW, attempts=10_000)
    assert minutes_after(pauses, 7) == 60


def test_what_worked_begins_anew_and_one_thing_does_not_keep_back_another():
    pauses = Pauses()
    for _ in range(5):
        pauses.failed("a", NOW)
    assert pauses.over("b", NOW)
    pauses.forget("a")
    assert pauses.over("a", NOW)
    pauses.failed("a", NOW)
    assert minutes_after(pauses, "a") == 1


def test_a_clock_that_was_set_back_does_not_stretch_a_pause():
    """C13."""
    pauses = Pauses()
    pauses.failed("mail", NOW)
    assert pauses.over("mail", NOW - LONGEST_PAUSE - timedelta(minutes=5))
