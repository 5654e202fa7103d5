"""Files on an SSH server. A server whose key is not known is not talked to."""

import io
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from connectors.spreadsheet.file import being_written
from connectors.spreadsheet.place import RemotePath
from connectors.spreadsheet.remote import Store, not_installed, too_large
from model.errors import SourceContentError

if TYPE_CHECKING:
    import paramiko

_PIECE_BYTES = 1 << 18


class SftpStore(Store):
    """Signs in with ``user`` and ``password`` or ``private_key`` of ``storage``."""

    def read(self, path: RemotePath, most_bytes: int) -> bytes:
        place = str(path.inside)
        with self.said_by_us(path), self._connected(path) as files:
            before = files.stat(place)
            if not stat.S_ISREG(before.st_mode or 0):
                raise SourceContentError(
                    f"{path.name} is not a regular file", location=str(path), hint="name a workbook file"
                )
            if (before.st_size or 0) > most_bytes:
                raise too_large(path, before.st_size or 0)
            with files.open(place, "rb") as file:
                file.prefetch(before.st_size)
                content = self.gather(iter(lambda: file.read(_PIECE_BYTES), b""), path, most_bytes)
            after = files.stat(place)
        if (before.st_size, before.st_mtime) != (after.st_size, after.st_mtime) or len(content) != after.st_size:
            raise being_written(path)
        return content

    def beside(self, folder: RemotePath) -> Mapping[str, int]:
        with self.said_by_us(folder), self._connected(folder) as files:
            found = files.listdir_attr(str(folder.inside))
        regular = (entry for entry in found if stat.S_ISREG(entry.st_mode or 0))
        return {entry.filename: (entry.st_mtime or 0) * 1_000_000_000 for entry in regular}

    @contextmanager
    def _connected(self, path: RemotePath) -> "Iterator[paramiko.SFTPClient]":
        try:
            import paramiko
        except ImportError as error:
            raise not_installed("sftp", self.source) from error
        host, _, port = path.host.partition(":")
        key = self.secret("private_key")
        with paramiko.SSHClient() as client:
            client.set_missing_host_key_policy(paramiko.RejectPolicy())
            if self.options.known_hosts is None:
                client.load_system_host_keys()
            else:
                client.load_host_keys(str(self.options.known_hosts))
            client.connect(
                host,
                int(port or 22),
                username=self.secret("user"),
                password=self.secret("password"),
                pkey=_private_key(paramiko, key) if key else None,
                timeout=self.http.connect_timeout_seconds,
                banner_timeout=self.http.connect_timeout_seconds,
                auth_timeout=self.http.connect_timeout_seconds,
                allow_agent=False,
                look_for_keys=False,
            )
            with client.open_sftp() as files:
                channel = files.get_channel()
                if channel is not None:
                    channel.settimeout(self.http.read_timeout_seconds)
                yield files


def _private_key(library: Any, text: str) -> Any:
    """The key, of whichever kind it is."""
    for kind in (library.Ed25519Key, library.ECDSAKey, library.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text))
        except library.SSHException:
            continue
    raise library.AuthenticationException("the private key cannot be read")
