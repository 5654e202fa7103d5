"""What an answer, or the lack of one, means: which error it is and what somebody can do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlsplit

import orjson
import requests
from requests.exceptions import ConnectTimeout, ContentDecodingError, ProxyError, SSLError
from urllib3.exceptions import MaxRetryError, NewConnectionError

from connectors.http.concealment import concealed
from connectors.http.decoded import remember
from connectors.http.origins import site
from model.errors import (
    ConfigurationError,
    DriftlineError,
    SourceAuthError,
    SourceContentError,
    SourceGoneError,
    SourceRateLimitedError,
    SourceUnavailableError,
)

ErrorT = TypeVar("ErrorT", bound=DriftlineError)

_DOWN = "check that the server is up and that its url is right; it is tried again at the next run"
_RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})


class TryAgainError(Exception):
    """Wraps the error of one attempt that another attempt may mend. ``retry_after`` is the source's wish in seconds."""

    def __init__(self, error: DriftlineError, retry_after: float | None = None) -> None:
        super().__init__()
        self.error = error
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Call:
    """One request, and how errors about it are worded: with source and path, never with query or secret."""

    source: str
    request: requests.PreparedRequest
    secrets: Sequence[str]
    repeatable: bool
    """Whether it may be sent twice: it only reads."""

    @property
    def url(self) -> str:
        return self.request.url or ""

    def error(self, kind: type[ErrorT], message: str, hint: str) -> ErrorT:
        where = f"{self.source}: {self.request.method} {urlsplit(self.url).path}"
        return kind(self._redacted(message), location=self._redacted(where), hint=hint)

    def harmless(self, cause: BaseException | None) -> BaseException | None:
        """The cause to chain, or None when its text would give a secret away."""
        return None if cause is None or self._redacted(str(cause)) != str(cause) else cause

    def _redacted(self, text: str) -> str:
        return concealed(text, self.secrets)


def require_success(call: Call, response: requests.Response, now: datetime) -> None:
    """Raise what a refusal means; TryAgainError where another attempt may help. Other 4xx are the caller's business."""
    status = response.status_code
    if status in _RETRIED_STATUSES:
        raise _busy(call, response, now)
    if status == 401 or (status == 403 and _means_unknown_user(response)):
        raise call.error(
            SourceAuthError,
            f"{call.source} does not accept our credentials ({status})",
            "check the user and the token of the source; the token may have expired or been revoked",
        )
    if status == 410:
        raise call.error(
            SourceGoneError,
            f"{call.source} says that this part of its API was removed (410)",
            "upgrade Driftline, or ask the vendor what replaces the endpoint",
        )
    if status >= 500:
        raise call.error(SourceUnavailableError, f"{call.source} answers {status}", _DOWN)


def _busy(call: Call, response: requests.Response, now: datetime) -> Exception:
    status = response.status_code
    if status == 429:
        hint = "read the source less often (every), or give Driftline an account of its own"
        limited = call.error(SourceRateLimitedError, f"{call.source} says that it is asked too often (429)", hint)
        return TryAgainError(limited, _retry_after(response, now))
    unavailable = call.error(SourceUnavailableError, f"{call.source} answers {status}", _DOWN)
    return TryAgainError(unavailable, _retry_after(response, now)) if call.repeatable else unavailable


def require_content(call: Call, response: requests.Response) -> None:
    """Raise SourceContentError when a good status comes with something that is not data (S3, S4)."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        raise call.error(
            SourceContentError,
            f"{call.source} answered a web page instead of data, most likely a sign-in page",
            "open the url of the source in a browser: a sign-in or proxy page in between must let Driftline pass",
        )
    if kind == "application/json" and response.content and not _is_json(response):
        raise call.error(
            SourceContentError,
            f"{call.source} answered JSON that cannot be read",
            "try again; if it stays, look for a proxy that shortens or changes answers",
        )


def too_large(call: Call, megabytes: int) -> SourceContentError:
    return call.error(
        SourceContentError,
        f"{call.source} answered more than {megabytes} MB",
        "ask for smaller pages, or raise http.largest_answer_megabytes",
    )


def elsewhere(call: Call, target: str) -> SourceContentError:
    """The source sends us to another server, whose address is shown without the query (F8)."""
    return call.error(
        SourceContentError,
        f"{call.source} leads to {site(target)}, which is not the configured server",
        "if the server has moved, change the url of the source; otherwise a sign-in page stands in between",
    )


def in_circles(call: Call) -> SourceContentError:
    return call.error(
        SourceContentError,
        f"{call.source} redirects again and again",
        "open the url of the source in a browser and write down the address at which it ends",
    )


def too_long_a_pause(call: Call, seconds: float) -> SourceRateLimitedError:
    return call.error(
        SourceRateLimitedError,
        f"{call.source} asks for a pause of {seconds:.0f} s, longer than this run may take",
        "it is read again at its next turn; read it less often (every) if this happens daily",
    )


def out_of_time(call: Call, seconds: float, last: DriftlineError | None = None) -> SourceUnavailableError:
    """The reading has used up its time; ``last`` is what came of the last request that it had time for."""
    then = f"; at the end, {last.summary}" if last else ""
    return call.error(
        SourceUnavailableError,
        f"{call.source} was not read to its end within {seconds:,g} s{then}",
        "find out why it is slow, give it more time in http: run_deadline_seconds, or let less be read",
    )


def broken(call: Call, error: OSError | UnicodeError, *, out_of_time: bool) -> Exception:
    """What a failed connection means; TryAgainError where another attempt may help and does no harm."""
    where = site(call.url)
    if isinstance(error, ContentDecodingError):
        return call.error(SourceContentError, f"{call.source} answered data that cannot be unpacked", _DOWN)
    if isinstance(error, SSLError) and "certificate" in str(error).lower():
        return call.error(
            SourceUnavailableError,
            f"no secure connection to {where} for {call.source}: its certificate is not trusted or has expired",
            "name your company's certificates in http.ca_file, or ask for the server's certificate to be renewed",
        )
    if isinstance(error, UnicodeEncodeError) and error.encoding == "latin-1":  # that of headers
        message = f"the token of {call.source} has letters that cannot be sent"
        return call.error(ConfigurationError, message, "copy the token anew from the place where it was made")
    if isinstance(error, ValueError):  # the address or the proxy's address cannot be called at all
        hint = "check the url of the source and the proxy settings"
        return call.error(ConfigurationError, f"{call.source} cannot be called at {where}", hint)
    unavailable = call.error(SourceUnavailableError, _silence(call.source, where, error, out_of_time), _DOWN)
    return TryAgainError(unavailable) if call.repeatable or _was_not_sent(error) else unavailable


def _silence(source: str, where: str, error: OSError, out_of_time: bool) -> str:
    if isinstance(error, ProxyError):
        return f"the proxy in front of {where} does not let {source} through"
    if _was_not_sent(error):
        return f"no connection to {where} for {source}"
    if out_of_time:
        return f"{source} did not finish its answer in time"
    if "timed out" in str(error):
        return f"{source} did not answer in time"
    return f"the connection to {source} broke off"


def _was_not_sent(error: OSError) -> bool:
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    return isinstance(error, ConnectTimeout) or isinstance(reason, NewConnectionError)


def _means_unknown_user(response: requests.Response) -> bool:
    """A 403 that speaks of who we are, not of what we asked for: CAPTCHA lock (J39), refused login, bad token."""
    reason = response.headers.get("X-Seraph-LoginReason", "")
    return (
        "X-Authentication-Denied-Reason" in response.headers
        or "WWW-Authenticate" in response.headers
        or "FAILED" in reason
        or "DENIED" in reason
    )


def _retry_after(response: requests.Response, now: datetime) -> float | None:
    """Read Retry-After in seconds or as an HTTP date (J36); None when it is absent or unreadable."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        sent = parsedate_to_datetime(response.headers["Date"]) if "Date" in response.headers else now
    except (TypeError, ValueError):
        return None
    return max(0.0, (_aware(until) - _aware(sent)).total_seconds())


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_json(response: requests.Response) -> bool:
    body = response.content
    try:
        remember(response, orjson.loads(body))
    except orjson.JSONDecodeError:
        # orjson also refuses lone surrogates, which spoil one record (S10) and not the answer.
        return b"\\ud" in body.lower() and _reads(body.lower().replace(b"\\ud", b"\\u1"))
    return True


def _reads(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True
