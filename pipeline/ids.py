"""A set of ids that takes few bytes for each of them, because the largest sources have millions."""

import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

_PARTS = 256
"""Sorting and counting goes by parts, so that only a small one at a time is held as objects."""
_END = "\0"
_PIECE = 16_384


class Ids:
    """Ids by their hashes of 64 bits, eight bytes each.

    What is not found was never added. What is found was added, or shares its hash with what was, which among a million
    ids happens to one question in 10^13. So nothing that a source lists is ever taken as lost; at worst a loss is seen
    only by the next process, in which hashes are others.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._parts = [array("q") for _ in range(_PARTS)]
        self._in_order = True
        self.update(ids)

    def update(self, ids: Iterable[str]) -> None:
        """Add ids; one that comes twice counts once."""
        parts = self._parts
        for native_id in ids:
            key = hash(native_id)
            parts[key % _PARTS].append(key)
        self._in_order = False

    def __len__(self) -> int:
        self._bring_in_order()
        return sum(map(len, self._parts))

    def __contains__(self, native_id: object) -> bool:
        self._bring_in_order()
        key = hash(native_id)
        part = self._parts[key % _PARTS]
        place = bisect_left(part, key)
        return place < len(part) and part[place] == key

    def _bring_in_order(self) -> None:
        if not self._in_order:
            self._parts = [array("q", sorted(set(part))) for part in self._parts]
            self._in_order = True


class PackedIds(Ids):
    """Ids that another process is to know: their own texts are kept as well, packed as they come."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj()
        self._packed: list[bytes] = []
        super().__init__()

    def update(self, ids: Iterable[str]) -> None:
        added = list(ids)
        super().update(added)
        said = "".join(f"{native_id}{_END}" for native_id in added)
        self._packed.append(self._packer.compress(said.encode("utf-8", "surrogatepass")))

    def packed(self) -> bytes:
        """All that were added, for ``unpacked``; once, after the last."""
        return b"".join([*self._packed, self._packer.flush()])


def unpacked(packed: bytes) -> Iterator[str]:
    """The ids in their order; one that was added twice comes twice."""
    unpacker = zlib.decompressobj()
    rest = b""
    for start in range(0, len(packed), _PIECE):
        *whole, rest = (rest + unpacker.decompress(packed[start : start + _PIECE])).split(_END.encode())
        yield from (one.decode("utf-8", "surrogatepass") for one in whole)
