"""A small HTTP server on a free loopback port, with switchable faults and a log of what was asked."""

import json
import re
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a route sees it. ``query`` keeps the last value of a repeated name."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    match: re.Match[str]

    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


@dataclass(frozen=True, slots=True)
class Response:
    """What a route answers. ``body`` is JSON unless it is bytes already."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(slots=True)
class Fault:
    """Replaces the answers to requests whose ``METHOD path?query`` matches ``pattern``.

    ``times`` says how often (None: until cleared).

    ``after`` lets that many matching requests through first. ``delay_seconds`` waits before anything is sent;
    ``drip_seconds`` pauses between the bytes of the body; ``cut_at`` closes the connection after so many bytes.
    """

    pattern: str = ""
    response: Response | None = None
    times: int | None = 1
    after: int = 0
    delay_seconds: float = 0.0
    drip_seconds: float = 0.0
    cut_at: int | None = None


Route = Callable[[Request], Response]

LOGIN_PAGE = Response(b"<!doctype html><title>Log in</title><form>Log in</form>", content_type="text/html")
"""What a sign-in proxy answers with status 200 (S4)."""


class StandIn:
    """A server that stands in for a vendor. Subclasses add routes; use it as a context manager."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        """Every request as ``METHOD path?query``, in order."""
        self.skew = timedelta(0)
        """How far the server's clock, which every answer shows, is ahead of the machine's."""
        self._faults: list[Fault] = []
        self._routes: list[tuple[str, re.Pattern[str], Route]] = []
        self._lock = threading.Lock()
        self._server: _Listener | None = None

    def route(self, method: str, pattern: str, answer: Route) -> None:
        """Answer requests whose whole path matches the pattern."""
        self._routes.append((method, re.compile(pattern), answer))

    def add_fault(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear_faults(self) -> None:
        with self._lock:
            self._faults.clear()

    def authorise(self, request: Request) -> Response | None:
        """Return what to answer instead of the route's answer, or None when the caller may pass."""
        return None

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Response, Fault | None]:
        """Find the route and say what to send; a fault that applies comes with it."""
        with self._lock:
            self.requests.append(f"{method} {target}")
            fault = self._take_fault(f"{method} {target}")
        if fault is not None and fault.response is not None:
            return fault.response, fault
        parts = urlsplit(target)
        for route_method, pattern, route in self._routes:
            match = pattern.fullmatch(parts.path)
            if route_method == method and match:
                request = Request(method, parts.path, dict(parse_qsl(parts.query)), headers, body, match)
                return self.authorise(request) or route(request), fault
        return Response({"errorMessages": [f"no such resource: {method} {parts.path}"]}, 404), fault

    def _take_fault(self, line: str) -> Fault | None:
        for fault in self._faults:
            if not re.search(fault.pattern, line):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.times is None:
                return fault
            if fault.times > 0:
                fault.times -= 1
                return fault
        return None

    @property
    def url(self) -> str:
        """Where the server listens, without a trailing slash."""
        if self._server is None:
            raise RuntimeError("the stand-in was not started")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> str:
        handler = type("Handler", (_Handler,), {"stand_in": self})
        self._server = _Listener(("127.0.0.1", 0), handler)
        self._server.begin()
        return self.url

    def stop(self) -> None:
        if self._server is not None:
            self._server.end()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()


class _Listener(ThreadingHTTPServer):
    """Waits for callers without looking up in between, and ends at once when it is told to."""

    daemon_threads = True

    def begin(self) -> None:
        self._open, self._closed = socket.socketpair()
        self._waiting = selectors.DefaultSelector()
        self._waiting.register(self, selectors.EVENT_READ)
        self._waiting.register(self._closed, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._open.close()
        self._thread.join(timeout=30)
        self._waiting.close()
        self._closed.close()
        self.server_close()

    def _listen(self) -> None:
        while self._closed not in [key.fileobj for key, _ in self._waiting.select()]:
            self.handle_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away, killed by a test for example, is nothing to report."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    stand_in: ClassVar[StandIn]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        response, fault = self.stand_in.answer(self.command, self.path, dict(self.headers.items()), body)
        payload = response.encoded()
        if fault is not None and fault.delay_seconds:
            time.sleep(fault.delay_seconds)
        try:
            self.send_response(response.status)
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(payload)))
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self._send_body(payload, fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _send_body(self, payload: bytes, fault: Fault | None) -> None:
        if fault is not None and fault.cut_at is not None:
            payload, self.close_connection = payload[: fault.cut_at], True
        if fault is None or not fault.drip_seconds:
            self.wfile.write(payload)
            return
        for position in range(len(payload)):
            self.wfile.write(payload[position : position + 1])
            self.wfile.flush()
            time.sleep(fault.drip_seconds)

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the names http.server calls

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The header Date."""
        return super().date_time_string((timestamp or time.time()) + self.stand_in.skew.total_seconds())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing on stderr; ``StandIn.requests`` is the log."""
