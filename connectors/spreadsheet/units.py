"""Units of amounts as people write them: ``kEUR``, ``T€``, ``Mio. EUR``; and the currencies that symbols may mean."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

_THOUSAND, _MILLION, _BILLION = Decimal(1000), Decimal(1_000_000), Decimal(1_000_000_000)

SCALES: Mapping[str, Decimal] = {
    "k": _THOUSAND,
    "t": _THOUSAND,
    "tsd": _THOUSAND,
    "thsd": _THOUSAND,
    "tausend": _THOUSAND,
    "thousand": _THOUSAND,
    "thousands": _THOUSAND,
    "m": _MILLION,
    "mn": _MILLION,
    "mio": _MILLION,
    "million": _MILLION,
    "millions": _MILLION,
    "millionen": _MILLION,
    "mrd": _BILLION,
    "bn": _BILLION,
    "billion": _BILLION,
}
"""What a word before or behind an amount multiplies it with."""

_DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"})
SYMBOLS: Mapping[str, frozenset[str]] = {
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP"}),
    "$": _DOLLARS,
    "¥": frozenset({"JPY", "CNY"}),
    "fr.": frozenset({"CHF"}),
}
"""The currencies that a symbol may stand for; only a set of one settles it."""

_CODES = (
    "EUR USD GBP CHF JPY CNY CAD AUD NZD SGD HKD MXN SEK NOK DKK PLN CZK HUF RON BGN TRY INR BRL ZAR AED SAR KRW ILS"
    " THB IDR MYR PHP VND CLP COP ARS PEN EGP MAD UAH RSD ISK TWD"
)
CODES = frozenset(_CODES.split())
"""ISO codes that are recognised next to an amount."""

_UNIT = re.compile(r"(?P<scale>[a-z]*?)\.?\s*(?P<currency>[€$£¥]|[a-z]{3})?", re.IGNORECASE)
_MONEY = "[€$£¥]|" + "|".join(code.casefold() for code in _CODES.split())
_MANY = r"k|t|tsd\.?|thsd\.?|m|mn|mio\.?|mrd\.?|bn|thousands?|tausend|millions?|millionen"
_START, _END = r"(?:^|[\s(\[/,])", r"(?=$|[\s)\],/:*])"
_FORMS = (
    rf"(?P<scale>{_MANY})\s?(?:of\s)?(?P<currency>{_MONEY})",
    rf"(?P<currency>{_MONEY})\s?(?:in\s)?(?P<scale>{_MANY})",
    rf"(?P<scale>1?[.,'\u2019\s]?000)\s?(?P<currency>{_MONEY})",
    rf"(?P<currency>{_MONEY})\s?(?P<scale>['\u2019]000|1[.,]000)",
)
_IN_HEADER = tuple(re.compile(f"{_START}{form}{_END}", re.IGNORECASE) for form in _FORMS)
_BARE_IN_HEADER = re.compile(rf"(?:\bin\s|[(\[/]\s?)(?P<currency>{_MONEY}){_END}", re.IGNORECASE)
_AT_THE_END = tuple(
    re.compile(rf"[\s,/\-]*(?:[(\[]\s*)?(?:\bin\s+)?(?<![^\s(\[/,]){form}\s*[)\]]?[\s:*]*$", re.IGNORECASE)
    for form in (*_FORMS, rf"(?:\bin\s|[(\[/]\s?)(?P<currency>{_MONEY})")
)


@dataclass(frozen=True, slots=True)
class Unit:
    """What one in a cell stands for: a multiple of one unit of a currency (empty: not told)."""

    scale: Decimal = Decimal(1)
    currencies: frozenset[str] = frozenset()


def parse_unit(text: str) -> Unit:
    """Read ``EUR``, ``kEUR``, ``T€``, ``Mio. EUR``, ``k`` or ``thousand``; raise ValueError for anything else."""
    folded = unicodedata.normalize("NFKC", text).strip()
    for match in (_UNIT.fullmatch(folded), re.fullmatch(r"(?P<scale>[a-z]+)\.?(?P<currency>)", folded, re.IGNORECASE)):
        if match is None or not folded:
            continue
        scale, currency = match["scale"].casefold(), match["currency"] or ""
        if (not scale or scale in SCALES) and (not currency or currency_codes(currency)):
            return Unit(SCALES.get(scale, Decimal(1)), currency_codes(currency))
    raise ValueError(f"no such unit: {text!r}; write EUR, kEUR, TEUR, MEUR, or k, Mio without a currency")


def currency_codes(text: str) -> frozenset[str]:
    """The currencies that a code or symbol may mean; empty when it is neither."""
    stripped = text.strip()
    if stripped.upper() in CODES:
        return frozenset({stripped.upper()})
    return SYMBOLS.get(stripped.casefold(), frozenset())


def unit_in_header(header: str) -> Unit | None:
    """The unit that a header such as ``Run-rate in kEUR``, ``Plan 2026 (T€)``, ``EUR '000`` or ``[USD]`` names."""
    folded = unicodedata.normalize("NFKC", header)
    for pattern in _IN_HEADER:
        if match := pattern.search(folded):
            scale = SCALES.get(match["scale"].casefold().rstrip("."), _THOUSAND)
            return Unit(scale, currency_codes(match["currency"]))
    bare = _BARE_IN_HEADER.search(folded)
    return Unit(Decimal(1), currency_codes(bare["currency"])) if bare else None


def without_unit(header: str) -> str:
    """The header without the unit at its end."""
    folded = unicodedata.normalize("NFKC", header).strip()
    for pattern in _AT_THE_END:
        if found := pattern.search(folded):
            return folded[: found.start()].strip()
    return folded


def bare_unit(text: str) -> Unit | None:
    """The unit that a text is, and nothing else: ``[T€]``, ``in EUR``, ``k``."""
    inner = re.fullmatch(
        r"[(\[]?\s*(?:in\s+)?(.+?)\s*[)\]]?", unicodedata.normalize("NFKC", text).strip(), re.IGNORECASE
    )
    try:
        return parse_unit(inner[1]) if inner else None
    except ValueError:
        return None


def is_unit(text: str) -> bool:
    """Whether a cell below the headers says how the column is counted: a unit, a percent sign, or ``[…]``."""
    bracketed = re.fullmatch(r"\s*(?:\[[^\]]{1,12}\]|\([^)]{1,12}\)|%)\s*", text)
    return bracketed is not None or bare_unit(text) is not None or unit_in_header(text) is not None
