"""The C library is told once where to take memory from, and only the one that understands it; a judgement is not
looked through while it grows."""

import ctypes
import gc
import os
from collections.abc import Iterator
from datetime import date

import pytest

from pipeline.memory import WithoutCollecting, collect_once, spare_memory


@pytest.fixture(autouse=True)
def _untold() -> Iterator[None]:
    for told in (spare_memory, collect_once):
        told.cache_clear()
    yield
    for told in (spare_memory, collect_once):
        told.cache_clear()


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
    spare_memory()
    spare_memory()
    told = [(-8, 1), (-3, 1 << 20), (-1, 2 << 20)]
    assert library.told == told, "M_ARENA_MAX, M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h"


@pytest.mark.parametrize("answer", [None, "musl", ValueError("unrecognized configuration name")])
def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch, answer: str | Exception | None) -> None:
    def confstr(_name: str) -> str | None:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(os, "confstr", confstr)
    libraries: list[object] = []
    monkeypatch.setattr(ctypes, "CDLL", libraries.append)
    spare_memory()
    assert libraries == [], "none was even opened"


def test_what_nobody_can_reach_is_looked_for_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """F9: a quiet daemon's oldest generation would wait for it for weeks."""
    looks: list[None] = []
    monkeypatch.setattr(gc, "collect", lambda: looks.append(None))
    for day in (14, 14, 15, 15, 16):
        collect_once(date(2026, 9, day))
    assert len(looks) == 3


def test_nothing_is_collected_inside_and_it_goes_on_after_the_last_of_several() -> None:
    without_collecting = WithoutCollecting()
    with without_collecting:
        assert not gc.isenabled()
        with without_collecting:
            assert not gc.isenabled()
        assert not gc.isenabled(), "another goes on"
    assert gc.isenabled()


def test_collecting_goes_on_after_a_failure() -> None:
    with pytest.raises(ValueError, match="broken"), WithoutCollecting():
        raise ValueError("broken")
    assert gc.isenabled()


def test_who_does_without_collecting_anyway_is_left_alone() -> None:
    gc.disable()
    try:
        with WithoutCollecting():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
