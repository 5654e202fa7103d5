"""Where a workbook lies: a path on this machine, or the address of one on a server."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

SCHEMES = ("https", "http", "s3", "az", "abfs", "gs", "sftp")


@dataclass(frozen=True, slots=True)
class RemotePath:
    """An address such as ``s3://bucket/folder/Tracker.xlsx``, with the parts that a path has."""

    address: str

    @property
    def scheme(self) -> str:
        return self.address.partition("://")[0].casefold()

    @property
    def host(self) -> str:
        """The server or the bucket."""
        return self.address.partition("://")[2].partition("/")[0]

    @property
    def inside(self) -> PurePosixPath:
        """The path on the server or in the bucket."""
        return PurePosixPath("/" + self.address.partition("://")[2].partition("/")[2])

    @property
    def name(self) -> str:
        return self.inside.name

    @property
    def stem(self) -> str:
        return self.inside.stem

    @property
    def suffix(self) -> str:
        return self.inside.suffix

    @property
    def parent(self) -> "RemotePath":
        return RemotePath(self.address.rpartition("/")[0])

    def with_name(self, name: str) -> "RemotePath":
        return RemotePath(f"{self.parent}/{name}")

    def __str__(self) -> str:
        return self.address

    @classmethod
    def parse(cls, value: Any) -> "RemotePath":
        """Read an address; raise ValueError with the reason when it is none, or holds what is a secret."""
        if isinstance(value, RemotePath):
            return value
        if not isinstance(value, str) or "://" not in value:
            raise ValueError("no address of a server")
        found = cls(value)
        if found.scheme not in SCHEMES:
            raise ValueError(f"{found.scheme}: cannot be read; {', '.join(SCHEMES)} can")
        if not found.host or not found.name:
            raise ValueError(f"{value} names no file; write {found.scheme}://host/folder/Tracker.xlsx")
        if "@" in found.host or ("?" in found.address and found.scheme in ("http", "https")) or "#" in found.address:
            raise ValueError("a user, password or signature does not belong into path:; put it under storage:")
        return found

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^({'|'.join(SCHEMES)})://"}


FilePath: TypeAlias = Path | RemotePath
