"""SVG to PNG, where the library for it is installed and finds letters to write with."""

from functools import cache

from digest.plots.axes import FONTS

SHARPNESS = 2
"""Pixels of the picture per pixel shown, for today's screens."""
MOST_BYTES = 30_000
_PROBE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24">'
    f'<text y="20" font-family="{FONTS}">{{letters}}</text></svg>'
)


def png(svg: str, *, system_fonts: bool = True) -> bytes | None:
    """The picture as PNG; None where it cannot be drawn so that it can be read and carried, and the mail goes without.

    The library leaves letters out without a word when the machine has no font. Lines that run straight need no smoothed
    edges, which would weigh more than they show.
    """
    if not _can_write(system_fonts):
        return None
    import resvg_py

    drawn = resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=SHARPNESS,
        skip_system_fonts=not system_fonts,
        shape_rendering="crisp_edges",
    )
    return drawn if len(drawn) <= MOST_BYTES else None


@cache
def _can_write(system_fonts: bool) -> bool:
    try:
        import resvg_py
    except ImportError:
        return False
    with_letters, without = (
        resvg_py.svg_to_bytes(svg_string=_PROBE.format(letters=letters), skip_system_fonts=not system_fonts)
        for letters in ("M", "")
    )
    return with_letters != without
