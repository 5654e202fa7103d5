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
_IN_HEADER = re.compile(
    r"(?:^|[\s(\[/])(?P<unit>(?:k|t|tsd\.?|m|mn|mio\.?|mrd\.?|bn)\s?(?:[€$£¥]|eur|usd|gbp|chf))(?=$|[\s)\],/])",
    re.IGNORECASE,
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
    """The unit that a header such as ``Run-rate in kEUR`` or ``Plan 2026 (T€)`` names."""
    match = _IN_HEADER.search(unicodedata.normalize("NFKC", header))
    return parse_unit(match["unit"]) if match else None
