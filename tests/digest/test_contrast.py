"""Colours: every pair of words and background that the style sheet makes, by the formula of WCAG 2.1."""

import re
from pathlib import Path

import pytest

import digest

CSS = (Path(digest.__file__).parent / "templates" / "digest.css").read_text()
LEAST = 4.5
"""The contrast that small words need (level AA)."""
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


def colours(css: str) -> dict[str, dict[str, str]]:
    """By selector what it sets of ``color`` and ``background-color``."""
    found: dict[str, dict[str, str]] = {}
    for selectors, body in _RULE.findall(css):
        set_here = dict(re.findall(r"(?<![-\w])(color|background-color):\s*(#[0-9a-f]{6})", body))
        for selector in selectors.split(","):
            found.setdefault(selector.strip(), {}).update(set_here)
    return found


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


LIGHT, _, REST = CSS.partition("@media (prefers-color-scheme: dark) {")
DARK = REST.partition("@media")[0]
PLAIN = colours(LIGHT)
NIGHT = {selector: {**PLAIN.get(selector, {}), **set_here} for selector, set_here in colours(DARK).items()}


def pairs(scheme: dict[str, dict[str, str]], grounds: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Each colour of words on each ground that it may stand on; chips stand on their own."""
    found = []
    for selector, set_here in scheme.items():
        if "color" not in set_here:
            continue
        own = set_here.get("background-color")
        found += [(selector, set_here["color"], ground) for ground in ((own,) if own else grounds)]
    return found


@pytest.mark.parametrize(
    ("selector", "words", "ground"),
    [
        *pairs(PLAIN, (PLAIN["td.page"]["background-color"], PLAIN["td.card"]["background-color"])),
        *pairs(NIGHT, (NIGHT["td.page"]["background-color"], NIGHT["td.card"]["background-color"])),
    ],
)
def test_words_can_be_told_from_their_background(selector: str, words: str, ground: str):
    """M8, light and dark."""
    assert contrast(words, ground) >= LEAST, selector


def test_the_formula_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#999999", "#ffffff") < LEAST
