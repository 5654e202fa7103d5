"""Secrets that are known by their 32 random letters, and the search for them in whatever was written (X1)."""

import base64
import random
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

LETTERS = 32
_PIECE = LETTERS // 2
_MARK = "Qx7Zk9"
"""How each half begins, so that whatever holds none of its spellings needs no closer look."""
_BETWEEN = b" \t\r\n\v\f="
"""What may stand between the letters where a line was broken."""


@dataclass(frozen=True)
class Canary:
    """One secret: ``core`` is what is searched for, ``value`` what the configuration holds."""

    name: str
    core: str
    value: str


def canary(name: str, dice: random.Random, form: str = "{}") -> Canary:
    """A secret around 32 letters and digits, 20 of them random; ``form`` puts other characters beside them."""
    halves = ("".join(dice.choices(string.ascii_letters + string.digits, k=_PIECE - len(_MARK))) for _ in range(2))
    core = "".join(_MARK + half for half in halves)
    return Canary(name, core, form.format(core))


def spellings(text: str) -> Mapping[bytes, str]:
    """How letters and digits may stand somewhere, and what that form is called.

    An address and JSON leave them as they are unless they are escaped on purpose.
    """
    raw = text.encode()
    forms = {
        raw: "as it is",
        raw.hex().encode(): "as hex",
        raw.hex().upper().encode(): "as hex",
        raw[::-1]: "backwards",
        text.encode("utf-16-le"): "in UTF-16",
        "".join(f"\\u{ord(letter):04x}" for letter in text).encode(): "as in JSON, escaped",
        "".join(f"%{ord(letter):02X}" for letter in text).encode(): "as in an address, escaped",
        "".join(f"&#{ord(letter)};" for letter in text).encode(): "as in HTML, escaped",
        ", ".join(str(byte) for byte in raw).encode(): "as numbers",
    }
    for before in range(3):
        # What stands before shifts the letters of base64; the first and the last of them hold other bits too.
        whole = base64.b64encode(b"\0" * before + raw)
        inner = whole[4 if before else 0 : (len(raw) + before) // 3 * 4]
        forms[inner] = forms[inner.replace(b"+", b"-").replace(b"/", b"_")] = "in base64"
    return forms


def pieces(core: str) -> tuple[str, str]:
    """The halves of a canary: half of a secret is a leak too."""
    return core[:_PIECE], core[_PIECE:]


class Search:
    """Looks for canaries in bytes, in any spelling, also across line ends and inside mails."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self.forms = {
            form: (each.name, how)
            for each in canaries
            for piece in pieces(each.core)
            for form, how in spellings(piece).items()
        }
        self._marks = tuple(spellings(_MARK))
        self._seen: dict[Path, tuple[int, int]] = {}
        self.places = 0
        self.bytes = 0

    def hits(self, content: bytes | str, where: str) -> list[str]:
        """What was found, in words, without the secret itself."""
        raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        self.places += 1
        self.bytes += len(raw)
        found: set[tuple[str, str]] = set()
        for text in (raw, raw.translate(None, _BETWEEN)):
            if any(mark in text for mark in self._marks):
                found.update(told for form, told in self.forms.items() if form in text)
        return sorted(f"{where}: {name}, {how}" for name, how in found)

    def hits_in_mail(self, content: bytes, where: str) -> list[str]:
        """A mail as it went over the wire and every part of it as its reader gets it."""
        found = self.hits(content, where)
        for part in message_from_bytes(content).walk():
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                found += self.hits(payload, f"{where}, part {part.get_content_type()}")
        return found

    def hits_below(self, folder: Path, *, but: Iterable[Path] = ()) -> list[str]:
        """Every file in a folder that changed since the last look, and its name; ``but`` are those that hold the
        secrets by intention."""
        known = {path.resolve() for path in but}
        found: list[str] = []
        for path in files_below(folder):
            state = (path.stat().st_mtime_ns, path.stat().st_size)
            if self._seen.get(path) == state:
                continue
            found += self.hits(path.name, f"the name of {path.name}")
            if path.resolve() not in known:
                found += self.hits(path.read_bytes(), str(path.relative_to(folder)))
            if not found:
                self._seen[path] = state
        return found


def files_below(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
