"""Workbooks on a server: https, sftp and the object stores s3, az and gs, each within the same bounds as a file.

The libraries for all but https are extras of the installation. Nothing of an address's ``storage`` is ever logged.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors.base import HttpOptions, ReadContext
from connectors.spreadsheet.file import being_written
from connectors.spreadsheet.place import RemotePath
from model.errors import (
    ConfigurationError,
    DriftlineError,
    SourceAuthError,
    SourceContentError,
    SourceError,
    SourceGoneError,
    SourceUnavailableError,
)

if TYPE_CHECKING:
    from connectors.spreadsheet.options import SpreadsheetOptions

EXTRAS = {"sftp": "sftp", "s3": "s3", "az": "azure", "abfs": "azure", "gs": "gcs"}
"""The extra of the installation that each scheme needs."""
_PIECE_BYTES = 1 << 20
_KEPT = "the stored rows stay as they are and the file is read again at the next run"


class Store(ABC):
    """Where a workbook lies, opened for one run."""

    def __init__(self, source: str, options: "SpreadsheetOptions", context: ReadContext) -> None:
        self.source = source
        self.options = options
        self.context = context
        self.ends = time.monotonic() + options.http.run_deadline_seconds

    @abstractmethod
    def read(self, path: RemotePath, most_bytes: int) -> bytes:
        """The whole file, which did not change meanwhile; raise SourceError."""

    @abstractmethod
    def beside(self, folder: RemotePath) -> Mapping[str, int]:
        """The files in a folder with the time of their last change in nanoseconds; raise SourceError."""

    @property
    def http(self) -> HttpOptions:
        """How patiently the server is called."""
        return self.options.http

    def secret(self, name: str) -> str | None:
        """A value of ``storage``."""
        found = self.options.storage.get(name)
        return found.reveal() if found is not None else None

    def gather(self, pieces: Iterator[bytes], path: RemotePath, most_bytes: int) -> bytes:
        """Put the pieces together; stop when they are too many, too slow or not wanted any more."""
        content = bytearray()
        for piece in pieces:
            self.context.check()
            content += piece
            if len(content) > most_bytes:
                raise too_large(path, len(content))
            if time.monotonic() > self.ends:
                raise SourceUnavailableError(
                    f"{path.name} comes too slowly; {_KEPT}", location=str(path), hint="raise http.run_deadline_seconds"
                )
        return bytes(content)

    @contextmanager
    def said_by_us(self, path: RemotePath) -> Iterator[None]:
        """Turn whatever a library raises into one of our errors, without a secret in it."""
        try:
            yield
        except (DriftlineError, KeyboardInterrupt):
            raise
        except FileNotFoundError as error:
            raise SourceGoneError(
                f"there is no {path.name} in {path.parent}", location=str(path), hint="check path: in the settings"
            ) from error
        except Exception as error:  # each library has its own errors
            raise self._refused(path, error) from None

    def _refused(self, path: RemotePath, error: Exception) -> SourceError:
        kind = type(error).__name__
        text = f"{kind}: {error}"
        for value in self.options.storage.values():
            text = text.replace(value.reveal(), "hidden")
        text = " ".join(text.split())
        status = getattr(error, "status_code", getattr(error, "code", None))
        named = any(word in kind for word in ("Auth", "Credential", "HostKey"))
        if isinstance(error, PermissionError) or status in (401, 403) or named:
            return SourceAuthError(
                f"{path.host} does not let us read {path.name}: {text[:300]}",
                location=str(path),
                hint="check storage: in the source's settings, and who may read the file",
            )
        return SourceUnavailableError(
            f"{path.host} cannot be read: {text[:300]}; {_KEPT}",
            location=str(path),
            hint="check that the server answers from this machine",
        )


class HttpsStore(Store):
    """One file at an address; ``storage`` may hold token, or user and password, or the query of a signed link."""

    def read(self, path: RemotePath, most_bytes: int) -> bytes:
        from connectors.http import open_session

        secrets = [value.reveal() for value in self.options.storage.values()]
        options = self.http.model_copy(update={"largest_answer_megabytes": max(1, most_bytes // 1_000_000)})
        user, password, token = self.secret("user"), self.secret("password"), self.secret("token")
        query = self.secret("query")
        address = f"{path}?{query.removeprefix('?')}" if query else str(path)
        with open_session(
            self.source, options, self.context, base_url=str(path), secrets=secrets, handled_statuses=frozenset({404})
        ) as session:
            headers = {"Accept": "*/*"} | ({"Authorization": f"Bearer {token}"} if token else {})
            if user is not None:
                headers["Authorization"] = _basic(user, password or "")
            answer = session.get(address, headers=headers)
        if answer.status_code == 404:
            raise SourceGoneError(
                f"there is no {path.name} at {path.parent}", location=str(path), hint="check path: in the settings"
            )
        if len(answer.content) > most_bytes:
            raise too_large(path, len(answer.content))
        return answer.content

    def beside(self, folder: RemotePath) -> Mapping[str, int]:
        raise ConfigurationError(
            f"{folder} cannot be listed over https", location=str(folder), hint="name the file itself in path:"
        )


class ObjectStore(Store):
    """A bucket or container, through fsspec; ``storage`` is what its library wants, as key and secret for s3."""

    def __init__(self, source: str, options: "SpreadsheetOptions", context: ReadContext, scheme: str) -> None:
        super().__init__(source, options, context)
        try:
            import fsspec

            chosen: dict[str, Any] = {name: value.reveal() for name, value in options.storage.items()}
            if options.endpoint:
                chosen["endpoint_url"] = options.endpoint
            self._files = fsspec.filesystem(
                "abfs" if scheme == "az" else scheme, skip_instance_cache=True, use_listings_cache=False, **chosen
            )
        except ImportError as error:
            raise not_installed(scheme, source) from error

    def read(self, path: RemotePath, most_bytes: int) -> bytes:
        place = f"{path.host}{path.inside}"
        with self.said_by_us(path):
            before = self._files.info(place)
            if before["size"] > most_bytes:
                raise too_large(path, before["size"])
            with self._files.open(place, "rb", cache_type="none") as file:
                content = self.gather(iter(lambda: file.read(_PIECE_BYTES), b""), path, most_bytes)
            after = self._files.info(place)
        if len(content) != after["size"] or _version(before) != _version(after):
            raise being_written(path)
        return content

    def beside(self, folder: RemotePath) -> Mapping[str, int]:
        with self.said_by_us(folder):
            found = self._files.ls(f"{folder.host}{folder.inside}", detail=True)
        files = [entry for entry in found if entry["type"] == "file"]
        return {str(entry["name"]).rpartition("/")[2]: _changed(entry) for entry in files}


def open_store(source: str, path: RemotePath, options: "SpreadsheetOptions", context: ReadContext) -> Store:
    """Get ready to read; raise ConfigurationError when the installation lacks what the scheme needs."""
    if path.scheme in ("https", "http"):
        return HttpsStore(source, options, context)
    if path.scheme == "sftp":
        from connectors.spreadsheet.sftp import SftpStore

        return SftpStore(source, options, context)
    return ObjectStore(source, options, context, path.scheme)


def not_installed(scheme: str, source: str) -> ConfigurationError:
    """The error for a scheme whose library is not there."""
    return ConfigurationError(
        f"{scheme}:// needs a library that is not installed",
        location=source,
        hint=f"pip install 'driftline[{EXTRAS[scheme]}]'",
    )


def too_large(path: RemotePath, size: int) -> SourceContentError:
    """The error for a file above the limit."""
    return SourceContentError(
        f"{path.name} has {size / 1e6:.0f} MB or more and is larger than the limit",
        location=str(path),
        hint="remove pictures and old sheets, or raise largest_file_megabytes",
    )


def _basic(user: str, password: str) -> str:
    import base64

    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _version(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(entry.get(name)) for name in ("size", "ETag", "etag", "LastModified", "last_modified", "updated"))


def _changed(entry: Mapping[str, Any]) -> int:
    for name in ("LastModified", "last_modified", "updated", "mtime"):
        moment = entry.get(name)
        moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        if isinstance(moment, datetime):
            return int(moment.timestamp() * 1e9)
    return 0
