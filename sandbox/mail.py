"""An SMTP server on loopback that stores what it receives as .eml files."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, Envelope, Session


class MailSink:
    """Accepts every message and writes it to a folder as ``0001-recipient.eml``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._controller: Controller | None = None

    @property
    def port(self) -> int:
        if self._controller is None:
            raise RuntimeError("the mail sink was not started")
        return int(self._controller.port)

    def start(self) -> int:
        """Listen on a free port and tell which."""
        from aiosmtpd.controller import Controller

        self.folder.mkdir(parents=True, exist_ok=True)
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self._controller.start()
        return self.port

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def mails(self) -> list[Path]:
        """The stored messages, oldest first."""
        return sorted(self.folder.glob("*.eml"))

    async def handle_DATA(self, _server: "SMTP", _session: "Session", envelope: "Envelope") -> str:  # noqa: N802
        """Called by aiosmtpd for each message."""
        content = envelope.content
        recipient = envelope.rcpt_tos[0].split("@")[0]
        path = self.folder / f"{len(self.mails()) + 1:04d}-{recipient}.eml"
        await asyncio.to_thread(path.write_bytes, content if isinstance(content, bytes) else str(content).encode())
        return "250 stored"


def free_port() -> int:
    """A port of this machine on which nobody listens now."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
