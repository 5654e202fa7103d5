"""Texts and links from the sources are hostile until cleaned: titles, names, cell texts, addresses (M5, M6, M13)."""

import re
import unicodedata
from urllib.parse import quote, urlsplit

_JOINERS = "\u200c\u200d"  # scripts and emoji need them, and they reorder nothing
_SPACES = re.compile(r"\s+")
_URL_UNSAFE = re.compile(r"[\x00-\x20\x7f<>\"\\^`{|}]")
_MARKS_IN_A_ROW = 4
_FIRST_MARK = "\u0300"
"""The first character that joins the one before it."""


def clean(text: str, limit: int | None = None) -> str:
    """Make one line of visible text: controls, line breaks, direction overrides and surrogates cannot pass.

    White space collapses to one space and is kept at the ends. Beyond ``limit`` characters the text is cut with "…".
    """
    cleaned = _SPACES.sub(" ", text if _is_plain(text) else _visible(text))
    if limit is not None:
        cleaned = cleaned.strip()
        if len(cleaned) > limit:
            cleaned = cleaned[: limit - 1].rstrip() + "…"
    return cleaned


def _is_plain(text: str) -> bool:
    """Whether every character is a visible one that stands alone; most texts are, and need no second look."""
    return text.isprintable() and (not text or max(text) < _FIRST_MARK)


def _visible(text: str) -> str:
    pieces: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if category in ("Cc", "Zl", "Zp"):
            pieces.append(" ")
        elif category == "Cs" or _is_noncharacter(character):
            pieces.append("\ufffd")
        elif category == "Cf" and character not in _JOINERS:
            continue
        elif marks <= _MARKS_IN_A_ROW:
            pieces.append(character)
    return "".join(pieces)


def _is_noncharacter(character: str) -> bool:
    point = ord(character)
    return point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF


def safe_url(url: str) -> str | None:
    """Give the address in plain ASCII when it is http or https with a host and no sign-in part; None otherwise."""
    if not url or len(url) > 2000 or _URL_UNSAFE.search(url):
        return None
    try:
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            return None
        parts.netloc.encode("ascii")
        quoted = quote(url, safe=":/?#[]@!$&'()*+,;=%-._~")
    except (ValueError, UnicodeError):
        return None
    return quoted
