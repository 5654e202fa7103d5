"""One policy for every source that is called over HTTP: time-outs, deadlines, retries, redirects and redaction.

It lives in a transport adapter, below the vendors' libraries, so that each of them obeys it without knowing.
"""

import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from connectors.base import HttpOptions, ReadContext
from connectors.http import verdicts
from connectors.http.ahead import in_parallel
from connectors.http.concealment import conceal, spellings
from connectors.http.decoded import take
from connectors.http.environment import look_once
from connectors.http.origins import allowed_origin, origin
from connectors.http.pace import Pace
from connectors.http.patience import Patience, use_patient_connections
from connectors.http.pause import SharedPause
from connectors.http.verdicts import Call, TryAgainError
from model.errors import ConfigurationError, DriftlineError, InterruptedRunError
from model.spans import Span

__all__ = ["PolicyAdapter", "PoolAnswer", "SessionPool", "in_parallel", "open_session"]

_LONGEST_BACK_OFF_SECONDS = 60.0
_MOST_REDIRECTS = 3
_PIECE_BYTES = 1024 * 1024
_PAST_THE_DEADLINE_SECONDS = 0.05
"""A connection that is waited for until then is one that the deadline has ended."""
_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

OnResponse = Callable[[requests.Response], None]


def open_session(
    source: str,
    options: HttpOptions,
    context: ReadContext,
    *,
    base_url: str,
    secrets: Sequence[str] = (),
    handled_statuses: frozenset[int] = frozenset(),
    retry_posts: bool = False,
    on_response: OnResponse | None = None,
    origins: Sequence[str] = (),
) -> requests.Session:
    """Open a session under the policy, for one run; see ``PolicyAdapter`` for the arguments."""
    session = requests.Session()
    session.auth = _as_it_is
    PolicyAdapter(
        source,
        options,
        context,
        base_url=base_url,
        secrets=secrets,
        handled_statuses=handled_statuses,
        retry_posts=retry_posts,
        on_response=on_response,
        origins=origins,
    ).govern(session)
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without an authorisation of its own a session takes one from the machine's .netrc, over the library's header."""
    return request


class PolicyAdapter(HTTPAdapter):
    """Carries out the policy for one source and one run, whose deadline starts when the adapter is made.

    Several threads may send at once.

    ``base_url`` names the only origin that is called, besides those in ``origins``. ``handled_statuses`` come back to
    the caller instead of raising. ``retry_posts`` is for sources whose posts only read. ``on_response`` sees every
    answer, refused ones too, before it is judged.

    Raise ConfigurationError for an address that is neither https nor plain http on this machine. Sending raises our
    own errors, which name source and path.
    """

    def __init__(
        self,
        source: str,
        options: HttpOptions,
        context: ReadContext,
        *,
        base_url: str,
        secrets: Sequence[str] = (),
        handled_statuses: frozenset[int] = frozenset(),
        retry_posts: bool = False,
        on_response: OnResponse | None = None,
        origins: Sequence[str] = (),
    ) -> None:
        _require_certificates(source, options.ca_file)
        self._source = source
        self._options = options
        self._context = context
        self._secrets = spellings(secrets)
        self._handled = handled_statuses
        self._repeatable = _READING_METHODS | ({"POST"} if retry_posts else set())
        self._on_response = on_response
        self._origins = {allowed_origin(source, url) for url in (base_url, *origins)}
        self._patience = Patience(context, options.read_timeout_seconds)
        self._run_ends = time.monotonic() + options.run_deadline_seconds
        pace = options.requests_per_minute and max(1, options.requests_per_minute // context.beside)
        self._pace = Pace(pace, self._sleep) if pace else None
        self._pause = SharedPause()
        self._going = _Going()
        super().__init__(max_retries=0, pool_maxsize=options.parallel)

    def govern(self, session: requests.Session) -> None:
        """Mount the policy on a session, for https and for plain http on this machine."""
        session.mount("https://", self)
        session.mount("http://", self)
        look_once(session)

    def allow(self, url: str) -> None:
        """Let the session call one more origin, for example the instance that a login answered."""
        self._origins.add(allowed_origin(self._source, url))

    def conceal(self, secret: str) -> None:
        """Keep one more secret out of every error, for example a token that a login answered."""
        self._secrets = (*spellings([secret]), *self._secrets)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        use_patient_connections(self.poolmanager, self._patience, self._source)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        use_patient_connections(manager, self._patience, self._source)
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send until it works, it cannot work or patience ends; then the body has been read completely."""
        call = Call(self._source, request, self._secrets, request.method in self._repeatable)
        if origin(call.url) not in self._origins:
            raise verdicts.elsewhere(call, call.url)
        retrying = Retrying(
            retry=retry_if_exception_type(TryAgainError),
            stop=self._give_up,
            wait=_back_off,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._attempt, call, verify, cert, proxies)
        except TryAgainError as failure:
            self._context.check()
            raise self._final(call, failure) from call.harmless(failure.__cause__)

    def _final(self, call: Call, failure: TryAgainError) -> DriftlineError:
        """What to say when no further attempt follows: the time of the reading ends it too, whatever the source did."""
        pause = failure.retry_after or 0.0
        if pause and not self._affords(pause):
            return verdicts.too_long_a_pause(call, pause)
        if self._affords(0.0):
            return failure.error
        return verdicts.out_of_time(call, self._options.run_deadline_seconds, failure.error)

    def _attempt(self, call: Call, verify: bool | str, cert: Any, proxies: Any) -> requests.Response:
        self._context.check()
        self._keep_pause(call)
        if self._pace is not None:
            self._pace.keep()
        if not self._affords(0.0):
            raise verdicts.out_of_time(call, self._options.run_deadline_seconds)
        self._context.spend()
        host = urlsplit(call.url).hostname or ""
        with self._context.span("http.request", method=call.request.method or "", host=host) as step:
            return self._ask(call, step, verify, cert, proxies)

    def _ask(self, call: Call, step: Span, verify: bool | str, cert: Any, proxies: Any) -> requests.Response:
        """Send once and judge the answer."""
        self._patience.until = min(time.monotonic() + self._options.answer_deadline_seconds, self._run_ends)
        timeouts = (self._connect_seconds(), self._options.read_timeout_seconds)
        # Ours before those that the environment names; checking is never off.
        certificates = self._options.ca_file or verify or True
        try:
            response = super().send(call.request, True, timeouts, certificates, cert, proxies)
            self._read_body(call, response)
        except (OSError, UnicodeError) as error:
            self._context.check()
            out_of_time = time.monotonic() >= self._patience.until
            raise verdicts.broken(call, error, out_of_time=out_of_time) from call.harmless(error)
        step.note(status=response.status_code)
        try:
            return self._judged(call, response)
        except TryAgainError as failure:
            self._pause.ask(failure.retry_after or 0.0)
            raise

    def _connect_seconds(self) -> float:
        """How long to wait for a connection: nobody looks up meanwhile, so no longer than until the deadline."""
        deadline, usual = self._context.deadline, self._options.connect_timeout_seconds
        return usual if deadline is None else min(usual, deadline.left_seconds + _PAST_THE_DEADLINE_SECONDS)

    def _keep_pause(self, call: Call) -> None:
        """Wait while the source wants to be left alone, whichever thread it told so (J35)."""
        if pause := self._pause.left():
            if not self._affords(pause):
                raise verdicts.too_long_a_pause(call, self._pause.asked)
            self._sleep(pause)

    def _read_body(self, call: Call, response: requests.Response) -> None:
        """Read the whole body; refuse what unpacks to more than the limit (S3)."""
        megabytes = self._options.largest_answer_megabytes
        pieces, left = [], megabytes * 1024 * 1024
        with response:
            for piece in response.iter_content(_PIECE_BYTES):
                pieces.append(piece)
                left -= len(piece)
                if left < 0:
                    raise verdicts.too_large(call, megabytes)
        response._content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        response._content_consumed = True  # type: ignore[attr-defined]
        conceal(response, self._secrets)

    def _judged(self, call: Call, response: requests.Response) -> requests.Response:
        # Both clocks as they are at this moment; the time of the run is when it began, or a demo's.
        self._context.skew.note(response.headers.get("Date", ""), time.time())
        if self._on_response is not None:
            self._on_response(response)
        if response.status_code in self._handled:
            return response
        if response.is_redirect:
            self._require_near(call, response)
            return response
        self._going.redirects = 0
        verdicts.require_success(call, response, self._context.now)
        if response.ok:
            verdicts.require_content(call, response)
        return response

    def _require_near(self, call: Call, response: requests.Response) -> None:
        """Let requests follow a few redirects within the allowed origins and no others (F8)."""
        target = urljoin(call.url, response.headers["Location"])
        self._going.redirects += 1
        if origin(target) in self._origins and self._going.redirects <= _MOST_REDIRECTS:
            return
        self._going.redirects = 0
        raise verdicts.elsewhere(call, target) if origin(target) not in self._origins else verdicts.in_circles(call)

    def _give_up(self, state: RetryCallState) -> bool:
        return bool(stop_after_attempt(self._options.attempts)(state)) or not self._affords(state.upcoming_sleep)

    def _affords(self, seconds: float) -> bool:
        deadline = self._context.deadline
        within = deadline is None or seconds < deadline.left_seconds
        return within and time.monotonic() + seconds < self._run_ends

    def _sleep(self, seconds: float) -> None:
        if self._context.wait(seconds):
            raise InterruptedRunError(f"stopped while waiting for {self._source}")


class _Going(threading.local):
    """What belongs to the request that a thread is sending."""

    redirects = 0


def _require_certificates(source: str, ca_file: str | None) -> None:
    if ca_file is None:
        return
    try:
        ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        reason = "it holds none" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigurationError(
            f"{source} cannot use the certificates in {ca_file}: {reason}",
            location=source,
            hint="name a file with certificates in PEM form in http.ca_file",
        ) from error


def _back_off(state: RetryCallState) -> float:
    """Exponential with full jitter, and never shorter than what the source asked for (J35)."""
    failure = state.outcome.exception() if state.outcome else None
    asked = (failure.retry_after or 0.0) if isinstance(failure, TryAgainError) else 0.0
    ceiling = min(_LONGEST_BACK_OFF_SECONDS, 2.0 ** (state.attempt_number - 1))
    return asked + random.uniform(0, ceiling)  # noqa: S311 - jitter, not a secret


@dataclass(frozen=True, slots=True)
class PoolAnswer:
    """An answer the way urllib3 gives it; ``decoded`` gives what its JSON says, once."""

    status: int
    reason: str
    data: bytes
    headers: Mapping[str, str]
    decoded: Callable[[], Any]

    def getheaders(self) -> Mapping[str, str]:
        return self.headers


class SessionPool:
    """Looks like a urllib3 pool manager and sends through a session, for libraries that are built on urllib3."""

    def __init__(self, session: requests.Session) -> None:
        self._session = session

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        fields: Any = None,
        headers: Mapping[str, str] | None = None,
        **_unused: Any,
    ) -> PoolAnswer:
        """Send one request. The caller's time-outs are ignored: the policy has its own."""
        in_address = method in _READING_METHODS
        response = self._session.request(
            method,
            url,
            params=fields if in_address else None,
            data=body if in_address or body is not None else fields,
            headers=dict(headers or {}),
        )
        return PoolAnswer(
            response.status_code, response.reason or "", response.content, response.headers, partial(take, response)
        )

    def clear(self) -> None:
        self._session.close()
