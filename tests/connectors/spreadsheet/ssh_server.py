"""A small SSH server on a free loopback port that serves one folder over SFTP."""

import os
import socket
import threading
from pathlib import Path
from typing import Any

import paramiko


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        return paramiko.AUTH_SUCCESSFUL if (username, password) == ("ops", "s3cret") else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Files(paramiko.SFTPServerInterface):
    folder: Path

    def _place(self, path: str) -> str:
        return str(self.folder / path.lstrip("/"))

    def stat(self, path: str) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(os.stat(self._place(path)))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def list_folder(self, path: str) -> Any:
        names = os.listdir(self._place(path))
        return [paramiko.SFTPAttributes.from_stat(os.stat(self._place(f"{path}/{name}")), name) for name in names]

    def open(self, path: str, flags: int, attr: Any) -> Any:
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = open(self._place(path), "rb")  # noqa: SIM115 - the handle closes it
        return handle


class SshServer:
    """Use it as a context manager; ``known_hosts`` is the line that makes a client trust it."""

    def __init__(self, folder: Path) -> None:
        self.key = paramiko.RSAKey.generate(2048)
        self.files = type("Files", (_Files,), {"folder": folder})
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.transports: list[paramiko.Transport] = []

    @property
    def known_hosts(self) -> str:
        return f"[127.0.0.1]:{self.port} {self.key.get_name()} {self.key.get_base64()}\n"

    def __enter__(self) -> "SshServer":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()
        for transport in self.transports:
            transport.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(self.key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, self.files)
            self.transports.append(transport)
            try:
                transport.start_server(server=_Login())
            except (paramiko.SSHException, EOFError, OSError):
                continue
