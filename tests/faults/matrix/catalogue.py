"""What may go wrong with a source that is called over HTTP, in one request or from one on, and how each must end."""

import gzip
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum

from sandbox.http import LOGIN_PAGE, Fault, Response


class End(StrEnum):
    """How a run ends for the source that was disturbed."""

    HELD = "held"
    """The source counts as not read: nothing is concluded, its findings are held, exit code 3."""
    OVERCOME = "overcome"
    """The run got the complete answer all the same: everything is judged anew, exit code 0."""
    IN_DOUBT = "in doubt"
    """Few records were not given; they stay as they were and count as unobserved or access lost. Exit code 0."""
    WITHOUT_ONE = "without one"
    """One record is set aside and stays as it was; the run is complete but for it, exit code 0."""
    WITHOUT_A_FIELD = "without a field"
    """The rest is read and judged anew; the field stays as it was, and what needs it would be held. Exit code 3."""


@dataclass(frozen=True)
class Trouble:
    """A fault by the name under which docs/reference/faults.md lists it, with its id in the reliability catalogue.

    ``fault`` strikes the chosen request and, unless it passes, every later one.
    """

    name: str
    id: str
    fault: Fault
    end: End = End.HELD
    silent: bool = False
    """Whether it is noticed by a time-out alone; then little patience makes the test short."""

    def at(self, position: int, pages: str) -> Fault:
        return replace(self.fault, pattern=pages, after=position)


def _answers(name: str, id: str, status: int, body: object = None, **headers: str) -> Trouble:  # noqa: A002
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    message = {"message": "no", "errorMessages": ["no"], "errors": [{"message": "no"}]} if body is None else body
    return Trouble(name, id, Fault(response=Response(message, status, named), times=None))


def _says(name: str, id: str, body: bytes, content_type: str = "application/json") -> Trouble:  # noqa: A002
    return Trouble(name, id, Fault(response=Response(body, content_type=content_type), times=None))


def _once(trouble: Trouble) -> Trouble:
    passing = replace(trouble.fault, times=1)
    return Trouble(f"{trouble.name}, once", trouble.id, passing, End.OVERCOME)


_LATER_TODAY = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
"""By the server's own clock, which is the machine's."""
_DEEP = b"[" * 100_000 + b"]" * 100_000
_BOMB = Response(gzip.compress(b" " * 3_000_000), headers={"Content-Encoding": "gzip"})

_SERVER_ERRORS = [_answers(f"answers {status}", "S1", status) for status in (500, 502, 503, 504)]
_CUTS = [
    Trouble("connection cut before the answer", "S2", Fault(cut_at=0, times=None)),
    Trouble("connection cut inside the answer", "S2", Fault(cut_at=20, times=None)),
]
TROUBLES: tuple[Trouble, ...] = (
    *_SERVER_ERRORS,
    _answers("503 with Retry-After: 7200", "S1", 503, Retry_After="7200"),
    _answers("429 with Retry-After: 7200", "S1", 429, Retry_After="7200"),
    _answers("429 with Retry-After as a date", "S1", 429, Retry_After=_LATER_TODAY),
    _answers("429 with an absurd Retry-After", "S1", 429, Retry_After="99999999999"),
    *_CUTS,
    Trouble("blackhole: no answer", "S2", Fault(delay_seconds=1.5, times=None), silent=True),
    Trouble("slow drip", "S2", Fault(drip_seconds=0.3, times=None), silent=True),
    _says("truncated JSON", "S3", b'{"issues": [{"id": "1'),
    _says("something after the JSON", "S3", b'{"issues": [], "data": [], "records": [], "done": true} x'),
    _says("not a number in the JSON", "S3", b'{"issues": NaN, "data": NaN, "records": NaN, "done": true, "total": 0}'),
    _says("JSON nested 100,000 deep", "S3", _DEEP),
    _says("a number of 5,000 digits", "S3", b'{"issues": ' + b"9" * 5000 + b', "data": 1, "records": 1}'),
    _says("text in another encoding", "S3", '{"issues": "ä", "data": "ä", "records": "ä"}'.encode("latin-1")),
    Trouble("an answer that unpacks to more than the limit", "S3", Fault(response=_BOMB, times=None)),
    _says("an empty answer", "S3", b""),
    _says("an empty object", "S3", b"{}"),
    _says("a list for an object", "S3", b"[]"),
    _says("null", "S3", b"null"),
    Trouble("a sign-in page with status 200", "S4", Fault(response=LOGIN_PAGE, times=None)),
    _says("plain text with status 200", "S4", b"It works!", "text/plain"),
    _answers("answers 400", "S14", 400),
    _answers("answers 401", "S5", 401),
    _answers("answers 403", "S6", 403),
    _answers("answers 404", "S14", 404),
    _answers("answers 410", "S14", 410),
    _answers("a redirect to another site", "F8", 302, b"", Location="https://elsewhere.example/"),
    _answers("a redirect to this machine's metadata", "F8", 302, b"", Location="http://169.254.169.254/"),
    *(_once(trouble) for trouble in (*_SERVER_ERRORS, *_CUTS)),
    _once(_answers("429 with Retry-After: 0", "S1", 429, Retry_After="0")),
)

DISPENSABLE = {
    ("jira", "answers 404", "last"): "a site without changelogs in bulk is asked for each (J10)",
    (
        "crm",
        "answers 403",
        "last",
    ): "not everybody may ask for histories and for the right to see everything (S15, S22)",
    ("crm", "answers 404", "last"): "likewise",
    ("crm", "answers 410", "last"): "likewise",
}
"""Refusals of a question that the run can do without, and why."""


def end_of(trouble: Trouble, source: str, position: str) -> End:
    """How a trouble ends at one source and position."""
    return End.OVERCOME if (source, trouble.name, position) in DISPENSABLE else trouble.end
