"""The C library is told once where to take memory from, and only the one that understands it; a judgement is not
looked through while it grows."""

import ctypes
import gc
import os
from collections.abc import Iterator

import pytest

from pipeline.memory import WithoutCollecting, spare_memory


@pytest.fixture(autouse=True)
def _untold() -> Iterator[None]:
    spare_memory.cache_clear()
    yield
    spare_memory.cache_clear()


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
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: pytest.fail("it was told"))
    spare_memory()


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
