import threading
from collections.abc import Iterator

import pytest

from connectors.http.early import Begun, Early
from model.errors import SourceUnavailableError


def test_a_question_is_asked_before_anybody_wants_its_answer() -> None:
    asked = threading.Event()
    early = Early(asked.set)
    assert asked.wait(10)
    early.drop()


def test_the_answer_and_what_went_wrong_come_to_whoever_wants_them() -> None:
    def down() -> int:
        raise SourceUnavailableError("down")

    good, bad = Early(lambda: 7), Early(down)
    assert good.answer() == 7
    assert good.answer() == 7
    with pytest.raises(SourceUnavailableError):
        bad.answer()
    good.drop()
    bad.drop()


def test_an_answer_that_nobody_takes_is_lost_without_a_word() -> None:
    def down() -> int:
        raise SourceUnavailableError("down")

    Early(down).drop()


def test_a_walk_that_has_begun_gives_every_page_once_and_in_order() -> None:
    begun = threading.Event()

    def walk() -> Iterator[int]:
        begun.set()
        yield from range(4)

    with Begun(walk()) as pages:
        assert begun.wait(10)
        assert list(pages) == [0, 1, 2, 3]


def test_a_walk_without_pages_ends() -> None:
    with Begun(iter(())) as pages:
        assert list(pages) == []


def test_a_walk_whose_first_page_fails_raises_where_it_is_wanted() -> None:
    def walk() -> Iterator[int]:
        raise SourceUnavailableError("down")
        yield 1

    with Begun(walk()) as pages, pytest.raises(SourceUnavailableError):
        list(pages)


def test_leaving_early_ends_the_walk() -> None:
    ended = threading.Event()

    def walk() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            ended.set()

    with Begun(walk()) as pages:
        assert next(pages) == 0
    assert ended.is_set()


def test_what_goes_wrong_meanwhile_ends_the_walk() -> None:
    ended = threading.Event()

    def walk() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            ended.set()

    with pytest.raises(SourceUnavailableError), Begun(walk()):
        raise SourceUnavailableError("down")
    assert ended.is_set()
