"""One pause for all threads of a source, told as the source asked for it."""

from concurrent.futures import ThreadPoolExecutor

from connectors.http.pause import SharedPause


def test_others_wait_for_what_is_left_of_the_longest_and_hear_how_long_it_was_asked_for() -> None:
    """J35: a pause is no shorter for those who hear of it later, and its length is what the source said."""
    now = 0.0
    pause = SharedPause(lambda: now)
    with ThreadPoolExecutor(1) as another:
        for seconds in (100.0, 10.0):
            another.submit(pause.ask, seconds).result()
    now = 40.0
    assert 60 <= pause.left() <= 61
    assert pause.asked == 100
    now = 100.0
    assert pause.left() == 0
