"""What a tap says on stderr: a bounded part of it goes to our log, and its last words into the error."""

import re

import structlog

from connectors.singer.redaction import Redaction

log = structlog.get_logger("driftline.tap")

_MOST_LINES = 200
_LONGEST_LINE = 400
_LARGEST_PIECE = 65_536
_FATAL = re.compile(r"\b(CRITICAL|FATAL)\b")
_ERROR = re.compile(r"\bERROR\b")
_CHATTER = re.compile(r"\b(DEBUG|INFO|WARN|WARNING|METRIC)\b")
_NO_ACCESS = re.compile(
    r"(?i)\b(401|403)\b|unauthori[sz]ed|forbidden|(invalid|bad|expired|wrong).{0,20}(token|credential|password|api.?key)"
    r"|authentication (failed|error)"
)


class Complaints:
    """Reads stderr as it comes. Warnings of a tap are information to us, its errors warnings, the rest is detail."""

    def __init__(self, source: str, redact: Redaction) -> None:
        self._source = source
        self._redact = redact
        self._rest = b""
        self._lines = 0
        self._fatal = ""
        self._last = ""
        self._chatter = ""

    def feed(self, piece: bytes) -> None:
        *lines, rest = (self._rest + piece).split(b"\n")
        self._rest = rest[:_LARGEST_PIECE]
        for line in lines:
            self._hear(line)

    def end(self) -> None:
        """Nothing more will come."""
        self._hear(self._rest)
        self._rest = b""
        if self._lines > _MOST_LINES:
            log.debug("tap.said_more", source=self._source, lines=self._lines - _MOST_LINES)

    @property
    def last_words(self) -> str:
        """What the tap most likely failed of; empty when it said nothing."""
        return self._fatal or self._last or self._chatter

    @property
    def tells_no_access(self) -> bool:
        """Whether the last words are about who we are."""
        return bool(_NO_ACCESS.search(self.last_words))

    def _hear(self, line: bytes) -> None:
        text = self._redact(line[:_LARGEST_PIECE].decode(errors="replace"))
        text = "".join(character if character.isprintable() else " " for character in text).strip()[:_LONGEST_LINE]
        if not text:
            return
        fatal, error, chatter = (bool(one.search(text)) for one in (_FATAL, _ERROR, _CHATTER))
        if fatal:
            self._fatal = text
        elif chatter:
            self._chatter = text
        else:
            self._last = text
        self._lines += 1
        if self._lines <= _MOST_LINES:
            (log.warning if fatal or error else log.debug)("tap.said", source=self._source, line=text)
