"""A lean HTTP/1.1 server that answers from memory: what it costs must not hide what a client costs."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. The values of a name that is repeated in the query stand with commas."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


class RefusedError(Exception):
    """The request is answered with this status; the text is the body."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


Route = Callable[[Asked, re.Match[str]], bytes]


class Answers:
    """The routes of a server, how long it waits before each answer, and what it has counted so far."""

    def __init__(self) -> None:
        self.latency_seconds = 0.0
        self.requests = self.bytes_sent = self.in_flight = self.most_in_flight = 0
        self._routes: list[tuple[str, re.Pattern[str], Route]] = []

    def route(self, method: str, pattern: str, answer: Route) -> None:
        self._routes.append((method, re.compile(pattern), answer))

    def reset(self) -> None:
        self.requests = self.bytes_sent = self.in_flight = self.most_in_flight = 0

    def began(self) -> None:
        self.requests += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def ended(self, sent: int) -> None:
        self.in_flight -= 1
        self.bytes_sent += sent

    def to(self, asked: Asked) -> tuple[int, bytes]:
        for method, pattern, answer in self._routes:
            match = pattern.fullmatch(asked.path) if method == asked.method else None
            if match:
                try:
                    return 200, answer(asked, match)
                except RefusedError as refused:
                    return refused.status, orjson.dumps({"errorMessages": [str(refused)]})
        return 404, orjson.dumps({"errorMessages": [f"no such resource: {asked.method} {asked.path}"]})


class _Connection(asyncio.Protocol):
    """One caller, who asks one thing after another."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._waiting = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (end := self._waiting.find(_END_OF_HEAD)) >= 0:
            head = self._waiting[:end]
            length = _LENGTH.search(head)
            whole = end + len(_END_OF_HEAD) + (int(length[1]) if length else 0)
            if len(self._waiting) < whole:
                return
            body, self._waiting = self._waiting[end + len(_END_OF_HEAD) : whole], self._waiting[whole:]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ", 2)
        path, _, query = target.partition("?")
        counted = not path.startswith("/control/")
        if counted:
            self._answers.began()
        status, said = self._answers.to(Asked(method, unquote(path), _values(query), body))
        written = (
            b"HTTP/1.1 %d Answered\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: %d\r\n\r\n"
            % (status, len(said))
        ) + said
        if counted and self._answers.latency_seconds:
            asyncio.get_running_loop().call_later(self._answers.latency_seconds, self._send, written, counted)
        else:
            self._send(written, counted)

    def _send(self, written: bytes, counted: bool) -> None:
        if counted:
            self._answers.ended(len(written))
        if self._transport is not None:
            self._transport.write(written)


def _values(query: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in parse_qsl(query):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


async def serve(answers: Answers, say_port: Callable[[int], None]) -> None:
    """Serve on a free port of this machine until cancelled; ``say_port`` is told which."""
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(answers), "127.0.0.1", 0)
    say_port(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()
