"""A mail server that says "not now", at each step of the conversation and with each of its codes: one mail in the end
(M1)."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

import pytest

from digest.deliver import Sender
from model.deliveries import Delivery, DeliveryState
from model.errors import DeliveryError
from pipeline.outbox import deliver
from pipeline.pauses import Pauses
from state.store import Store
from tests.databases import NAME
from tests.pipeline.company import Company
from tests.proofs.ledger import show, show_control
from tests.state.test_outbox import mail

PLACES = ("the greeting", "EHLO", "MAIL", "RCPT", "DATA", "the text")
CODES = (421, 450, 451, 452)
REFUSALS = 2
"""How often each mail is refused before it is taken."""
MESSAGE_ID = re.compile(rb"(?m)^Message-ID: (\S+)\r$")


class NotNow(socketserver.ThreadingTCPServer):
    """Refuses at one place of the conversation, so many times, and then takes the mail."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.place, self.code, self.left = "", 0, 0
        self.accepted: list[str] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.shutdown()
        self.server_close()

    def refuses(self) -> bool:
        """Whether the next conversation is to be refused."""
        self.left -= 1
        return self.left >= 0


class _Conversation(socketserver.StreamRequestHandler):
    server: NotNow

    def handle(self) -> None:
        self.refused = self.server.refuses()
        with suppress(OSError):  # whoever was served does not wait for the answer to QUIT
            self._converse()

    def _converse(self) -> None:
        self._say("the greeting", "220 mail.acme.example")
        while line := self.rfile.readline():
            word = line.split()[0].decode().upper()
            taken = self._say("EHLO" if word == "HELO" else word, "354 go on" if word == "DATA" else "250 OK")
            if word == "DATA" and taken:
                self._take_text()

    def _take_text(self) -> None:
        text = b""
        while not text.endswith(b"\r\n.\r\n"):
            text += self.rfile.readline()
        if not (self.refused and self.server.place == "the text"):
            self.server.accepted += [found.decode() for found in MESSAGE_ID.findall(text)]
        self._say("the text", "250 stored")

    def _say(self, place: str, otherwise: str) -> bool:
        refused = self.refused and place == self.server.place
        self.wfile.write(f"{f'{self.server.code} 4.7.1 not now' if refused else otherwise}\r\n".encode())
        return not refused


@pytest.fixture(scope="module")
def server() -> Iterator[NotNow]:
    with NotNow() as server:
        yield server


@contextmanager
def refusing(server: NotNow, place: str, code: int) -> Iterator[None]:
    server.place, server.code, server.left, server.accepted = place, code, REFUSALS, []
    yield


def waiting(store: Store, company: Company, place: str, code: int) -> Delivery:
    """A mail of its own that waits."""
    message_id = f"<{code}-{PLACES.index(place)}@acme.example>"
    text = f"Subject: two promises\r\nMessage-ID: {message_id}\r\n\r\nx\r\n".encode()
    [row] = store.add_deliveries([mail(message_id, message_id=message_id, message=text, created_at=company.now)])
    return row


def tried(
    store: Store, company: Company, server: NotNow
) -> dict[tuple[str, int], tuple[DeliveryState, list[int], int]]:
    """For each place and code: what became of the mail, in which minutes it was tried, how often it was taken."""
    company.settings["mail"]["smtp"] |= {"port": server.server_address[1], "timeout_seconds": 60}
    company.write()
    found = {}
    for place in PLACES:
        for code in CODES:
            row, pauses, minutes = waiting(store, company, place, code), Pauses(), []
            with refusing(server, place, code):
                for minute in range(6):
                    rows = deliver(store, company.configuration, now=company.now, pauses=pauses)
                    minutes += [minute] * len(rows)
                    company.pass_time(minutes=1)
                [state] = [each.state for each in store.deliveries(messages=False) if each.id == row.id]
                found[place, code] = (state, minutes, server.accepted.count(row.message_id))
    return found


def test_whatever_step_is_refused_for_now_each_mail_arrives_once(store: Store, company: Company, server: NotNow):
    """M1: tried again after a minute and after two more, and then no more."""
    found = tried(store, company, server)
    assert found == {each: (DeliveryState.SENT, [0, 1, 3], 1) for each in found}
    show(
        "M1",
        "A mail server refuses for now, at any step of the conversation: the mail is tried again after a pause that "
        "grows, and arrives once.",
        reach=f"{len(PLACES)} steps ({', '.join(PLACES)}) and {len(CODES)} codes ({', '.join(map(str, CODES))}), "
        f"each refused {REFUSALS} times",
        seen=f"{len(found)} of {len(found)} mails taken once, by the third attempt, three minutes after the first; "
        "0 lost, 0 doubled",
        database=NAME,
    )


def test_control_without_trying_again_every_mail_is_lost(
    store: Store, company: Company, server: NotNow, monkeypatch: pytest.MonkeyPatch
):
    def refused_for_good(self: Sender, code: int, answer: bytes | str, what: str) -> None:
        raise DeliveryError(f"refused {what}: {code} {answer!r}", permanent=True)

    monkeypatch.setattr(Sender, "_refused", refused_for_good)
    found = tried(store, company, server)
    lost = [each for each, (state, _, taken) in found.items() if state is DeliveryState.FAILED and not taken]
    assert len(lost) == len(found)
    show_control(
        "M1", removed="another attempt after a refusal for now", seen=f"{len(lost)} of {len(found)} mails lost"
    )
