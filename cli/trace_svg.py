"""A trace as a picture: causes on the left, where the walk began in the middle, what it hits on the right.

Hand-laid SVG without scripts, links or foreign markup, so that a hostile title is never more than a text.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from cli.trace_view import MOST_BRANCHES, effect_of, late, name_of, place_of, summary
from cli.wording import clean, day

if TYPE_CHECKING:
    from model.traces import Branch, Trace

WIDTH, HEIGHT = 264, 66
ACROSS, DOWN = 324, 82
"""From box to box, across and down."""
MARGIN, HEAD, LINE = 24, 76, 18
LETTERS, BOLD = 38, 31
"""So many letters fit into a box, plain and bold."""

LEGEND = "left: what causes it; right: what it hits; dashed: hangs on it, but is not decided by it"
_STYLE = """
text{font-family:system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;font-size:12px;fill:#1f2933}
.title{font-size:17px;font-weight:600}.sub{fill:#52606d}.key{font-weight:600}
.box{fill:#fff;stroke:#9aa5b1}.start{fill:#e6f0fb;stroke:#2563ab;stroke-width:2}
.late{fill:#fdecea;stroke:#c0392b}.cause{fill:#fff7e0;stroke:#b7791f}
.way{fill:none;stroke:#7b8794;stroke-width:1.5}.loose{stroke-dasharray:4 4}
.bad{fill:#a61b1b;font-weight:600}
"""


@dataclass(slots=True)
class _Place:
    """One box: in which column it stands, how far down its middle is, and what hangs behind it."""

    branch: "Branch"
    column: int
    middle: float = 0.0
    behind: list["_Place"] = field(default_factory=list)

    def all(self) -> Iterator["_Place"]:
        yield self
        for each in self.behind:
            yield from each.all()


def svg(trace: "Trace", currency: str) -> str:
    """Draw one trace; the file stands alone."""
    causes, hits = _placed(trace.causes, -1), _placed(trace.hits, 1)
    shift = hits.middle - causes.middle
    for place in causes.all():
        place.middle += shift
    places = [*hits.all(), *(place for each in causes.behind for place in each.all())]
    top = min(place.middle for place in places)
    first, last = min(place.column for place in places), max(place.column for place in places)
    notes = list(summary(trace, currency))
    for place in places:
        place.column -= first
        place.middle += HEAD + HEIGHT / 2 - top
    causes.column, causes.middle = hits.column, hits.middle
    width = max(2 * MARGIN + (last - first) * ACROSS + WIDTH, 640)
    foot = max(place.middle for place in places) + HEIGHT / 2 + 34
    height = foot + len(notes) * LINE + MARGIN
    parts = [
        _opening(width, height),
        f"<title>{_text(name_of(trace.causes))}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height:.0f}" fill="#fafbfc"/>',
        _label(MARGIN, 32, name_of(trace.causes), "title", letters=70),
        _label(MARGIN, 54, LEGEND, "sub", letters=len(LEGEND)),
        *(_way(place, each, toward_causes=False) for place in hits.all() for each in place.behind),
        *(_way(place, each, toward_causes=True) for place in causes.all() for each in place.behind),
        *(_box(each, currency, _class(each, hits), toward_causes=each.column <= hits.column) for each in places),
        *(_label(MARGIN, foot + number * LINE, note, "sub", letters=140) for number, note in enumerate(notes)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _opening(width: int, height: float) -> str:
    size = f'width="{width}" height="{height:.0f}" viewBox="0 0 {width} {height:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'


def _placed(root: "Branch", step: int) -> _Place:
    """Lay a tree out: ends below each other in their order, every other node in the middle of what is behind it."""
    row = 0.0

    def laid(branch: "Branch", column: int) -> _Place:
        nonlocal row
        place = _Place(branch, column)
        place.behind = [laid(each, column + step) for each in branch.branches[:MOST_BRANCHES]]
        if place.behind:
            place.middle = (place.behind[0].middle + place.behind[-1].middle) / 2
        else:
            place.middle = row
            row += DOWN
        return place

    return laid(root, 0)


def _class(place: _Place, start: _Place) -> str:
    branch = place.branch
    if place is start:
        return "start"
    if place.column < start.column:
        return "cause" if not place.behind and branch.binds else "box"
    return "late" if branch.effect is not None and late(branch.effect) else "box"


def _box(place: _Place, currency: str, kind: str, *, toward_causes: bool) -> str:
    branch = place.branch
    left, top = MARGIN + place.column * ACROSS, place.middle - HEIGHT / 2
    more = len(branch.branches) - MOST_BRANCHES
    below = [f"{more} more not shown"] if more > 0 else []
    below += [f"{branch.skipped} steps between left out"] if branch.skipped else []
    effect = effect_of(branch, currency) if kind in ("late", "start") else ""
    forecast = f"now {day(branch.day)}" if branch.day else ""
    third = effect or (branch.says if toward_causes else forecast or branch.says)
    where = place_of(branch) + (", shown elsewhere" if branch.again else "")
    second = f"{where}, {below[0]}" if below else where
    return (
        f"<g><title>{_text(f'{name_of(branch)}: {branch.says}')}</title>"
        f'<rect class="{kind}" x="{left}" y="{top:.1f}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        + _label(left + 10, top + 20, name_of(branch), "key", letters=BOLD)
        + _label(left + 10, top + 38, second, "sub")
        + _label(left + 10, top + 56, third, "bad" if effect and kind == "late" else "")
        + "</g>"
    )


def _way(one: _Place, other: _Place, *, toward_causes: bool) -> str:
    """A curve from the right side of what comes first to the left side of what follows."""
    before, after = (other, one) if toward_causes else (one, other)
    x1, x2 = MARGIN + before.column * ACROSS + WIDTH, MARGIN + after.column * ACROSS
    bend = (x1 + x2) / 2
    kind = "way" if other.branch.binds else "way loose"
    return (
        f'<path class="{kind}" d="M{x1} {before.middle:.1f} C{bend} {before.middle:.1f} '
        f'{bend} {after.middle:.1f} {x2} {after.middle:.1f}"/>'
    )


def _label(x: float, y: float, text: str, kind: str, *, letters: int = LETTERS) -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.1f}">{_text(_cut(clean(text), letters))}</text>'


def _cut(text: str, letters: int) -> str:
    """As much of a text as has room; a wide letter takes the room of two."""
    room = letters
    for number, letter in enumerate(text):
        room -= 2 if east_asian_width(letter) in "WF" else 1
        if room < 0:
            return f"{text[: max(0, number - 1)]}…"
    return text


def _text(text: str) -> str:
    return escape(clean(text), quote=True)
