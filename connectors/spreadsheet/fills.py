"""The fill of each cell as openpyxl tells it, with theme and palette colours worked out to ``RRGGBB``."""

import colorsys
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from connectors.spreadsheet.cells import Position, Range

if TYPE_CHECKING:
    from openpyxl.styles.colors import Color
    from openpyxl.worksheet.worksheet import Worksheet

_SCHEME = re.compile(r"<a:clrScheme.*?</a:clrScheme>", re.DOTALL)
_SLOT = re.compile(
    r"<a:(dk1|lt1|dk2|lt2|accent[1-6]|hlink|folHlink)>.*?(?:lastClr|srgbClr val)=\"([0-9A-Fa-f]{6})\"", re.DOTALL
)
_ORDER = ("lt1", "dk1", "lt2", "dk2", *(f"accent{number}" for number in range(1, 7)), "hlink", "folHlink")
"""The order in which cells count the colours of a theme, which is not the order of its file."""


def theme_colours(theme: bytes | None) -> Sequence[str]:
    """The colours that cells name by number; empty when the workbook brings no theme."""
    scheme = _SCHEME.search(theme.decode("utf-8", "replace")) if theme else None
    slots = dict(_SLOT.findall(scheme.group())) if scheme else {}
    return [slots.get(name, "").upper() for name in _ORDER] if slots else []


def solid_fills(worksheet: "Worksheet", theme: bytes | None) -> dict[Position, str]:
    """Every cell with a solid fill whose colour can be worked out. Patterns are no light."""
    colours = theme_colours(theme)
    found = {}
    for position, cell in worksheet._cells.items():
        fill = cell.fill if cell.has_style else None
        if fill is not None and (colour := _solid(fill, colours)):
            found[position] = colour
    return found


def solid_colours(workbook: Any) -> dict[int, str]:
    """The colour of every style with a solid fill, by the style's number."""
    colours = theme_colours(workbook.loaded_theme)
    by_fill = {number: _solid(fill, colours) for number, fill in enumerate(workbook._fills)}
    styles = enumerate(workbook._cell_styles)
    return {number: colour for number, style in styles if (colour := by_fill.get(style.fillId, ""))}


def _solid(fill: Any, theme: Sequence[str]) -> str:
    """A gradient or a pattern is no colour."""
    return _rgb(fill.start_color, theme) if getattr(fill, "fill_type", None) == "solid" else ""


def painted_by_rules(worksheet: "Worksheet") -> list[Range]:
    """Where conditional formats paint; what they show there is not in the file."""
    return [
        Range(area.min_row, area.min_col, area.max_row, area.max_col)
        for formatting in worksheet.conditional_formatting
        for area in formatting.sqref.ranges
    ]


def _rgb(colour: "Color", theme: Sequence[str]) -> str:
    from openpyxl.styles.colors import COLOR_INDEX

    base = ""
    if colour.type == "rgb" and isinstance(colour.rgb, str):
        base = colour.rgb[-6:].upper()
    elif colour.type == "theme" and colour.theme is not None and colour.theme < len(theme):
        base = theme[colour.theme]
    elif colour.type == "indexed" and colour.indexed is not None and colour.indexed < len(COLOR_INDEX):
        base = COLOR_INDEX[colour.indexed][-6:].upper()
    return _tinted(base, colour.tint or 0.0) if re.fullmatch(r"[0-9A-F]{6}", base) else ""


def _tinted(base: str, tint: float) -> str:
    """A theme's colour made lighter (tint above 0) or darker, the way Excel does: in its lightness."""
    if not tint:
        return base
    hue, lightness, saturation = colorsys.rgb_to_hls(*(int(base[start : start + 2], 16) / 255 for start in (0, 2, 4)))
    lightness = lightness * (1 + tint) if tint < 0 else lightness * (1 - tint) + tint
    parts = colorsys.hls_to_rgb(hue, min(1.0, max(0.0, lightness)), saturation)
    return "".join(f"{round(part * 255):02X}" for part in parts)
