"""The C library is told once where to take memory from, and only the one that understands it."""

import ctypes
import os
from collections.abc import Iterator

import pytest

from pipeline.memory import share_one_arena


@pytest.fixture(autouse=True)
def _untold() -> Iterator[None]:
    share_one_arena.cache_clear()
    yield
    share_one_arena.cache_clear()


class Library:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []

    def mallopt(self, option: int, value: int) -> int:
        self.told.append((option, value))
        return 1


def test_glibc_is_told_once_however_many_passes_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    monkeypatch.setattr(os, "confstr", lambda _name: "glibc 2.36")
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: library)
    share_one_arena()
    share_one_arena()
    assert library.told == [(-8, 1)], "M_ARENA_MAX of malloc.h"


@pytest.mark.parametrize("answer", [None, "musl", ValueError("unrecognized configuration name")])
def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch, answer: str | Exception | None) -> None:
    def confstr(_name: str) -> str | None:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(os, "confstr", confstr)
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: pytest.fail("it was told"))
    share_one_arena()
