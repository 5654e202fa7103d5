"""The clocks of the sources under examination: each server is asked for nothing but an answer, which shows its time."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.base import ReadContext, SourceOptions
from connectors.skew import NOTEWORTHY
from model.errors import DriftlineError
from pipeline.doctor import Diagnosis, Patient, ok, warning

if TYPE_CHECKING:
    import requests

LONGEST_WAIT_SECONDS = 5.0
"""How long a server is waited for: somebody sits and looks on."""
_EVERY_STATUS = frozenset(range(200, 600))


def against_sources(patient: Patient) -> Iterator[Diagnosis]:
    """This machine's clock against those of the servers that are read. Nobody signs in, and no secret is sent."""
    servers = _servers(patient)
    if not servers:
        return
    with ThreadPoolExecutor(max_workers=min(8, len(servers))) as pool:
        yield from pool.map(lambda each: _compared(patient, each[0], *each[1]), servers.items())


def _servers(patient: Patient) -> Mapping[str, tuple[SourceOptions, str]]:
    """The sources that have a server of which an address is configured; a workbook or a tap has none."""
    found = {}
    for name, options in patient.configuration.settings.sources.items():
        url = getattr(options, "url", None)
        if options.counts_requests and isinstance(url, str):
            found[name] = (options, url)
    return found


def _compared(patient: Patient, name: str, options: SourceOptions, url: str) -> Diagnosis:
    from connectors.http import open_session

    context = ReadContext(now=patient.system_now, zone=patient.configuration.settings.business.zone)
    brief = options.http.model_copy(
        update={
            "connect_timeout_seconds": LONGEST_WAIT_SECONDS,
            "read_timeout_seconds": LONGEST_WAIT_SECONDS,
            "answer_deadline_seconds": LONGEST_WAIT_SECONDS,
            "run_deadline_seconds": LONGEST_WAIT_SECONDS,
            "attempts": 1,
        }
    )
    told: list[str] = []

    def note(response: "requests.Response") -> None:
        told.append(response.headers.get("Date", ""))

    why = "its answer tells no time"
    try:
        with open_session(
            name, brief, context, base_url=url, handled_statuses=_EVERY_STATUS, on_response=note
        ) as session:
            session.get(url, allow_redirects=False)
    except DriftlineError as error:
        why = error.summary
    if not any(told):
        return warning("clock", f"not compared with {name}: {why}", f"driftline sources probe {name}")
    ahead = context.skew.ahead
    if abs(ahead) < NOTEWORTHY:
        return ok("clock", f"as that of the server of {name}, within {NOTEWORTHY.total_seconds():.0f} s")
    side = "ahead of" if ahead > timedelta(0) else "behind"
    return warning(
        "clock",
        f"the server of {name} is {abs(ahead).total_seconds():,.0f} s {side} this machine",
        "let both follow a time server (NTP)",
    )
