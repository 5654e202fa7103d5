"""Tells answers that were read before from others, so that a record whose answer is the same need not be read again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from importlib.metadata import version
from typing import Any

import orjson

from connectors.base import KnownAnswers


@dataclass(frozen=True, slots=True)
class Compared:
    """The answers of one page: their digests, and the ids of those that are the same as what is stored."""

    digests: Mapping[str, bytes]
    unchanged: Mapping[str, bytes]


class Answers:
    """Compares the answers of one source in one run.

    ``settings`` are everything beside an answer that a record of it is made from: options, fields found, addresses, the
    business zone. They and the program's version are part of every digest, so that nothing is taken as read which would
    be read in another way now.
    """

    def __init__(self, known: KnownAnswers, *settings: object) -> None:
        self._known = known
        said = repr((version("driftline"), settings))
        self._key = blake2b(said.encode("utf-8", "backslashreplace"), digest_size=32).digest()

    def compare(self, told: Mapping[str, Sequence[Any]]) -> Compared:
        """Compare by native id; each entry holds everything that the source told of one record."""
        digests = {native_id: digest for native_id, one in told.items() if (digest := self._digest(one)) is not None}
        known = self._known(list(digests)) if digests else {}
        return Compared(
            digests, {native_id: digest for native_id, digest in known.items() if digests.get(native_id) == digest}
        )

    def _digest(self, told: Sequence[Any]) -> bytes | None:
        """None for what cannot be written, such as half a character (S10): that is always read."""
        try:
            written = orjson.dumps(told, default=_tagged)
        except TypeError:
            return None
        return blake2b(written, digest_size=16, key=self._key).digest()


def _tagged(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    raise TypeError(f"a {type(value).__name__} has no digest")
