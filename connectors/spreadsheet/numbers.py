"""Numbers as people type them into text cells, read by locale and never guessed (X6, X7, X8)."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from connectors.spreadsheet.units import Unit, parse_unit

NumberLocale: TypeAlias = Literal["de", "en"]
"""``de`` writes 1.234,56 and ``en`` writes 1,234.56."""

_GROUPED = {
    "de": re.compile(r"\d{1,3}(?:[.\s']\d{3})+(?:,\d+)?|\d+(?:,\d+)?"),
    "en": re.compile(r"\d{1,3}(?:[,\s']\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"),
}
_WHOLE = 1e15
"""Below it a float that is whole is exactly the number that was typed."""
_SHORT = 14
"""A number of so many characters has no more than twelve decimals."""
_DIGITS = re.compile(r"\d[\d.,'\s]*\d|\d")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number found in a text. ``scale`` is None when the text names none; ``currencies`` are those it may be in."""

    number: Decimal
    scale: Decimal | None = None
    currencies: frozenset[str] = frozenset()
    percent: bool = False


def exact(number: int | float) -> Decimal:
    """The decimal that a person meant: 0.30000000000000004 is 0.3 (X8)."""
    if isinstance(number, int):
        return Decimal(number)
    if -_WHOLE < number < _WHOLE:
        if number.is_integer():
            return Decimal(int(number))
        text = repr(number)
        if len(text) <= _SHORT and "e" not in text:
            return Decimal(text)
    return tidy(Decimal(repr(round(number, 12))))


def exact_all(numbers: Sequence[int | float]) -> list[Decimal]:
    """As ``exact`` for each of them; most are written down together."""
    if not numbers:
        return []
    # A whole float is written 5.0 and becomes 5.
    texts = f"{[*numbers]!r},"[1:].replace("],", ",").replace(".0,", ",")[:-1].split(", ")
    if max(map(len, texts)) <= _SHORT and "-0" not in texts and not any("e" in text for text in texts):
        return list(map(Decimal, texts))
    return [exact(number) for number in numbers]


def tidy(number: Decimal) -> Decimal:
    """One way to write each number, so that 1250.0 and 1250 make no revision."""
    if number == number.to_integral_value():
        return number.quantize(Decimal(1)) if abs(number) < Decimal(10) ** 20 else number
    return number.normalize()


def parse_amount(text: str, locale: NumberLocale | None) -> Amount:
    """Read ``1.234,56 €``, ``(1.234)``, ``250-``, ``1.2 Mio EUR``; raise ValueError with the reason.

    Without a locale only what both locales read alike is accepted: ``1.234`` alone is ambiguous.
    """
    folded = _fold(text)
    found = _DIGITS.search(folded)
    if found is None:
        raise ValueError(f"{text!r} is not a number")
    before, after = folded[: found.start()], folded[found.end() :]
    negative = _is_negative(before, after, text)
    number = _digits(found.group(), locale, text)
    in_front, behind = _unit(before, text), _unit(after.replace("%", ""), text)
    if in_front and not in_front.currencies:
        raise ValueError(f"{text!r} is not a number")
    units = [unit for unit in (in_front, behind) if unit]
    scales = {unit.scale for unit in units} - {Decimal(1)}
    currencies = frozenset[str]().union(*(unit.currencies for unit in units))
    if len(scales) > 1 or (in_front and behind and behind.currencies):
        raise ValueError(f"{text!r} names two units")
    return Amount(tidy(-number if negative else number), next(iter(scales), None), currencies, "%" in after)


def _fold(text: str) -> str:
    """NFKC makes no-break and thin spaces plain; typographic minus signs and apostrophes become the typed ones."""
    folded = unicodedata.normalize("NFKC", text).replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-")
    return folded.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").strip()


def _is_negative(before: str, after: str, text: str) -> bool:
    """A minus in front, a minus behind or parentheses around it make a number negative (X6)."""
    marks = "".join(re.findall(r"[-+()]", f"{before}0{after}"))
    if marks not in ("", "+", "-", "()"):
        raise ValueError(f"{text!r} is not a number")
    return marks in ("-", "()")


def _digits(digits: str, locale: NumberLocale | None, text: str) -> Decimal:
    """Read the digits by one locale, or by both when none is named."""
    readings = {
        name: _plain(digits, name)
        for name in ("de", "en")
        if locale in (None, name) and _GROUPED[name].fullmatch(digits)
    }
    if not readings:
        how = f"as a {locale} number" if locale else "as a number"
        raise ValueError(f"{text!r} cannot be read {how}")
    if len(set(readings.values())) > 1:
        raise ValueError(f"{text!r} is ambiguous: {readings['de']} in German, {readings['en']} in English")
    return next(iter(readings.values()))


def _plain(digits: str, locale: str) -> Decimal:
    separators, decimal_mark = (r"[.\s']", ",") if locale == "de" else (r"[,\s']", ".")
    return Decimal(re.sub(separators, "", digits).replace(decimal_mark, "."))


def _unit(words: str, text: str) -> Unit | None:
    """Read what stands in front of or behind the digits."""
    bare = re.sub(r"[-+()]", " ", words).strip()
    if not bare:
        return None
    try:
        return parse_unit(bare)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a number: {bare!r} is not understood") from error
