"""What the pictures share: a round scale for amounts, the days to name below, and plain SVG."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from html import escape

from digest.hostile import clean

WIDTH = 520
"""Pixels; on a narrow phone it shrinks to two thirds, and its letters are still read."""
LETTERS = 15
FONTS = "Segoe UI, Helvetica Neue, Helvetica, Arial, Liberation Sans, Roboto, Noto Sans, DejaVu Sans, sans-serif"
INK, FAINT, GRID, EDGE = "#1b2430", "#596474", "#e3e7eb", "#c2c9d1"
BAD, GOOD = "#b34a00", "#0060a0"
"""Two colours that stay apart for colour-blind eyes; place and words say the same."""


def scale(most: Decimal) -> tuple[Decimal, Decimal]:
    """A round ceiling over the largest amount, and the round step that leads there in two to five."""
    if most <= 0:
        return Decimal(1), Decimal(1)
    unit = Decimal(10) ** (len(str(int(most))) - 1)
    for part in (Decimal("0.5"), Decimal(1), Decimal(2)):
        steps = (most / (unit * part)).to_integral_value(ROUND_CEILING)
        if steps <= 5:
            return unit * part * steps, unit * part
    return unit * 10, unit * 5


def named_days(start: date, end: date, most: int) -> Iterator[date]:
    """The first days of months, thinned out to at most so many; for a few weeks, the first and the last day."""
    months = [start + timedelta(n) for n in range((end - start).days + 1) if (start + timedelta(n)).day == 1]
    if len(months) < 2:
        yield from dict.fromkeys((start, end))
        return
    yield from months[:: -(-len(months) // most)]


def document(height: float, parts: Iterator[str]) -> str:
    """A picture that stands alone on any background: opaque, with an edge."""
    size = f'width="{WIDTH}" height="{height:g}" viewBox="0 0 {WIDTH} {height:g}"'
    frame = f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:g}" fill="#ffffff" stroke="{EDGE}"/>'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONTS}" font-size="{LETTERS}">'
    return "\n".join([opening, frame, *parts, "</svg>"])


def label(
    x: float, y: float, text: str, *, anchor: str = "start", colour: str = FAINT, bold: bool = False, limit: int = 64
) -> str:
    weight = ' font-weight="600"' if bold else ""
    said = escape(clean(text, limit), quote=True)
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{weight}>{said}</text>'


def stroke(path: str, colour: str, *, width: float = 1, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-linejoin="round"{dashed}/>'


def bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'
