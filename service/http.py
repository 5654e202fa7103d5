"""A small server for health and metrics: GET only, no body, bounded in time and in threads, apart from all work."""

import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Protocol
from urllib.parse import urlsplit

import structlog
from prometheus_client import CONTENT_TYPE_LATEST

from config.service import ServiceOptions
from model.errors import ConfigurationError
from model.loopback import is_loopback
from pipeline.crash import crash_site
from service.beat import Pulse
from service.health import Health
from service.metrics import exposition

log = structlog.get_logger("driftline.service")

MOST_AT_ONCE = 8
"""Whoever comes while so many are served is turned away."""
TIMEOUT_SECONDS = 5.0
"""How long to wait for the next piece of a question, or for the answer to be taken."""
DEADLINE_SECONDS = 15.0
"""How long one connection may last in total, however steadily it drips (X9)."""
POLL_SECONDS = 0.5
REFUSALS_TOLD_EVERY_SECONDS = 60.0
"""How often the log tells that somebody asked without the token."""


class Watching(Protocol):
    """Gives the beat and the health at this moment."""

    def pulse(self) -> Pulse: ...

    def health(self) -> Health: ...


class HealthServer(ThreadingMixIn, TCPServer):
    """Serves what a ``Watch`` tells. Holds no lock of the process and starts no work in it."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 16

    def __init__(self, options: ServiceOptions, watch: Watching, *, now: Any) -> None:
        self.watch = watch
        self.now = now
        self.token = options.token.reveal().encode() if options.token is not None else None
        self.address_family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._open: dict[socket.socket, float] = {}
        self._refusals = 0
        self._refusals_told = -REFUSALS_TOLD_EVERY_SECONDS
        self._counting = threading.Lock()
        assert options.port is not None
        super().__init__((options.host, options.port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve on a thread of its own while there is a free one; otherwise hang up."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        self._open[request] = time.monotonic()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._let_go(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._let_go(request)

    def refused(self, caller: str) -> None:
        """Tell of questions without the token; whoever guesses must not fill the log (F10)."""
        with self._counting:
            self._refusals += 1
            now = time.monotonic()
            if now - self._refusals_told < REFUSALS_TOLD_EVERY_SECONDS:
                return
            times, self._refusals, self._refusals_told = self._refusals, 0, now
        log.warning("service.refused", caller=caller, times=times)

    def _let_go(self, request: Any) -> None:
        if self._open.pop(request, None) is not None:
            self._free.release()

    def service_actions(self) -> None:
        """Hang up on those that take too long."""
        now = time.monotonic()
        for request, since in list(self._open.items()):
            if now - since > DEADLINE_SECONDS:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up in the middle is no mistake of ours; what else goes wrong is told without values."""


class _Handler(BaseHTTPRequestHandler):
    """One question and its answer."""

    server: HealthServer
    timeout = TIMEOUT_SECONDS
    server_version = "driftline"
    sys_version = ""
    error_content_type = "text/plain; charset=utf-8"
    error_message_format = "%(code)d %(message)s\n"

    def do_GET(self) -> None:
        try:
            self._get()
        except OSError:
            raise
        except Exception as failure:
            log.error("service.crashed", error=crash_site(failure))
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"something went wrong; the log tells where\n")

    def _get(self) -> None:
        if self.headers.get("Content-Length", "0").strip() != "0" or "Transfer-Encoding" in self.headers:
            self._answer(HTTPStatus.BAD_REQUEST, b"a question has no body here\n")
        elif not self._may_ask():
            self.server.refused(str(self.client_address[0]))
            self._answer(HTTPStatus.UNAUTHORIZED, b"a token is needed\n", headers={"WWW-Authenticate": "Bearer"})
        elif not self._meant_for_us():
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, b"ask by the address of this machine\n")
        else:
            self._tell(urlsplit(self.path).path)

    def _may_ask(self) -> bool:
        if self.server.token is None:
            return True
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        known = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), self.server.token)
        return known and scheme.lower() == "bearer"

    def _meant_for_us(self) -> bool:
        """Without a token: not a page in somebody's browser whose name was made to lead here (DNS rebinding)."""
        if self.server.token is not None or "Host" not in self.headers:
            return True
        with suppress(ValueError):
            return is_loopback(urlsplit(f"//{self.headers['Host']}").hostname or "")
        return False

    def _tell(self, path: str) -> None:
        if path not in ("/healthz", "/readyz", "/metrics"):
            self._answer(HTTPStatus.NOT_FOUND, b"there are /healthz, /readyz and /metrics\n")
            return
        if path == "/healthz":
            beats = self.server.watch.pulse().beats
            self._answer(_status(beats), b"ok\n" if beats else b"the process does not beat any more\n")
            return
        health = self.server.watch.health()
        if path == "/metrics":
            self._answer(HTTPStatus.OK, exposition(health, waiting_seconds=self._waiting(health)), CONTENT_TYPE_LATEST)
        else:
            told = json.dumps(health.told()).encode() + b"\n"
            self._answer(_status(health.ready), told, "application/json")

    def _waiting(self, health: Health) -> float | None:
        since = health.figures.waiting_since if health.figures is not None else None
        now: datetime = self.server.now()
        return max(0.0, (now - since).total_seconds()) if since is not None else None

    def _refuse(self) -> None:
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, b"only GET is answered\n", headers={"Allow": "GET"})

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _refuse  # noqa: N815 - the names of the library

    def _answer(
        self,
        status: HTTPStatus,
        body: bytes,
        kind: str = "text/plain; charset=utf-8",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in {**_SHUT, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        return self.server_version

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Nobody reads a line per scrape; what is asked may hold what no log may."""


_SHUT = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def _status(good: bool) -> HTTPStatus:
    return HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE


@contextmanager
def serving(options: ServiceOptions, watch: Watching, *, now: Any) -> Iterator[HealthServer | None]:
    """Answer on a thread beside, while the block runs; nothing without a port. Raise ConfigurationError when the
    address cannot be had."""
    if options.port is None:
        yield None
        return
    try:
        server = HealthServer(options, watch, now=now)
    except OSError as error:
        where = f"{options.host}:{options.port}"
        reason = error.strerror or "it is no address"
        hint = "choose a free address of this machine: service.host and service.port, or --port of a worker"
        raise ConfigurationError(f"cannot listen on {where}: {reason}", location="service", hint=hint) from error
    with server:
        thread = threading.Thread(target=server.serve_forever, args=[POLL_SECONDS], name="service", daemon=True)
        thread.start()
        log.info("service.listens", host=options.host, port=server.server_address[1])
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(TIMEOUT_SECONDS)
