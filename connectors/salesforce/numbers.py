"""Reads answers fast and still exactly: what the fast decoder makes of an amount is what was written (S20)."""

import json
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn

import orjson
import requests

from connectors.http.decoded import take

_AS_ZEROS = bytes.maketrans(b"123456789.", b"0000000000")
_TOO_LONG = b"0" * 16


def decode(response: requests.Response) -> Any:
    """Read JSON; its numbers are integers, or decimals or floats that ``exact`` makes exact decimals of.

    A float keeps 15 digits whatever they are. An answer in which a number may have more, and one with a lone surrogate,
    which spoils one record only (S10), is read slowly. Raise ValueError for what is no JSON.
    """
    body = response.content
    if _TOO_LONG in body.translate(_AS_ZEROS):
        return _slowly(body)
    try:
        return take(response)
    except orjson.JSONDecodeError:
        return _slowly(body)


def _slowly(body: bytes) -> Any:
    return json.loads(body, parse_float=Decimal, parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


@lru_cache(maxsize=4096, typed=True)
def exact(value: Any) -> Decimal:
    """A number as a decimal, written plainly: ``1.2E7``, ``12000000`` and ``12000000.0`` are one number (S20)."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError(f"not a number: {value!r}")
    # The shortest text that gives the same float is what was written.
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError(f"not a number: {value!r}")
    if not number:
        return Decimal(0)  # never -0, which equals it and reads otherwise
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()
