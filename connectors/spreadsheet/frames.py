"""The text of a sheet around its cells: what stands before the first and after the last of them."""

from dataclasses import dataclass, field
from re import compile as pattern

LARGEST_FRAME = 32_000_000

_BEGINS = pattern(rb"<sheetData(?:\s[^>]*)?(/?)>")
_ENDS = b"</sheetData>"


@dataclass(slots=True)
class Frame:
    """Gathers the text around the cells, which is fed piece by piece; no piece may end within an element."""

    before: bytearray = field(default_factory=bytearray)
    after: bytearray = field(default_factory=bytearray)
    begun: bool = False
    ended: bool = False

    def feed(self, piece: bytes) -> bytes:
        """Take one piece and give back the cells in it."""
        if len(self.before) + len(self.after) > LARGEST_FRAME:
            return b""
        if self.ended:
            self.after += piece
            return b""
        start = 0
        if not self.begun:
            found = _BEGINS.search(piece)
            if found is None:
                self.before += piece
                return b""
            self.begun, self.ended, start = True, bool(found[1]), found.end()
            self.before += piece[: found.end()]
        end = start if self.ended else piece.find(_ENDS, start)
        if end < 0:
            return piece[start:] if start else piece
        self.ended = True
        self.after += piece[end:]
        return piece[start:end]

    @property
    def text(self) -> bytes | None:
        """The sheet without its cells; None when it has another form, or too much stands around them."""
        whole = self.begun == self.ended and len(self.before) + len(self.after) <= LARGEST_FRAME
        return bytes(self.before + self.after) if whole else None
