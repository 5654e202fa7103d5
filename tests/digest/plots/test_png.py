"""Pictures as PNG: sharp, light, and never without letters."""

import builtins
import struct

import pytest

from digest.plots import png as drawing
from digest.plots.axes import document, label
from digest.plots.png import MOST_BYTES, png

pytest.importorskip("resvg_py")
SVG = document(60, iter([label(10, 30, "Größe 4,0 Mio.")]))


@pytest.fixture(autouse=True)
def _asked_anew():
    drawing._can_write.cache_clear()
    yield
    drawing._can_write.cache_clear()


def size(picture: bytes) -> tuple[int, int]:
    return struct.unpack(">II", picture[16:24])  # type: ignore[return-value]


def test_a_picture_has_two_pixels_for_each_that_is_shown():
    drawn = png(SVG)
    if drawn is None:
        pytest.skip("this machine has no fonts")
    assert size(drawn) == (1040, 120)
    assert len(drawn) < MOST_BYTES
    assert png(SVG) == drawn


def test_without_fonts_there_is_no_picture():
    """The library leaves letters out without a word."""
    assert png(SVG, system_fonts=False) is None


def test_without_the_library_there_is_no_picture(monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def missing(name: str, *arguments: object, **named: object) -> object:
        if name == "resvg_py":
            raise ImportError(name)
        return real(name, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", missing)
    assert png(SVG) is None


def test_a_picture_that_weighs_too_much_is_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(drawing, "MOST_BYTES", 100)
    assert png(SVG) is None
