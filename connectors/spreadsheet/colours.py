"""What a cell's fill says about a light: by the exact colour where it is configured, else by its hue."""

import colorsys
from collections.abc import Mapping

from model.records import Light

_HUES = ((0, 20, Light.RED), (20, 70, Light.YELLOW), (70, 170, Light.GREEN), (335, 360, Light.RED))
"""Degrees of the colour circle; Excel's orange counts as yellow."""
_LEAST_SATURATION = 0.35
_LEAST_DIFFERENCE = 16
"""Below these a fill is white, grey, black or the beige of a theme: it shades the row and says nothing."""


def light_of(colour: str, exact: Mapping[str, Light]) -> Light | None:
    """The light that a fill ``RRGGBB`` means; None for a shade of grey, which is no light.

    Raise ValueError for a colour that is neither green, yellow nor red and is not configured.
    """
    if colour in exact:
        return exact[colour]
    parts = [int(colour[start : start + 2], 16) for start in (0, 2, 4)]
    hue, _, saturation = colorsys.rgb_to_hls(*(part / 255 for part in parts))
    if saturation < _LEAST_SATURATION or max(parts) - min(parts) < _LEAST_DIFFERENCE:
        return None
    degrees = hue * 360
    found = next((light for low, high, light in _HUES if low <= degrees < high), None)
    if found is None:
        raise ValueError(f"the colour {colour} is neither green, yellow nor red")
    return found
