"""What a file is, told by its content and never by its name alone (X22, X25)."""

import io
import zipfile
from collections.abc import Collection
from enum import StrEnum

from connectors.spreadsheet.file import being_written
from connectors.spreadsheet.place import FilePath
from model.errors import SourceContentError

WITH_CELL_FEATURES = frozenset({".xlsx", ".xlsm"})
VALUES_ONLY = frozenset({".xls", ".xlsb", ".ods"})
TEXT = frozenset({".csv", ".tsv"})
SUFFIXES = WITH_CELL_FEATURES | VALUES_ONLY | TEXT

_ZIP = b"PK\x03\x04"
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_WORKBOOK_STREAMS = tuple(name.encode("utf-16-le") + b"\0\0" for name in ("Workbook", "Book"))


class FileKind(StrEnum):
    """How a file is packed, which decides who can read it."""

    OPEN_XML = ".xlsx"
    BINARY = ".xlsb"
    LEGACY = ".xls"
    OPEN_DOCUMENT = ".ods"
    TEXT = ".csv"


def classify(content: bytes, path: FilePath) -> FileKind:
    """Tell what the file is; the zip reader calls everything else 'not a zip file' (X22).

    Raise SourceUnavailableError for a file that has no content yet, and SourceContentError naming what it is when it
    cannot be read or is not what its name says.
    """
    if not content.strip(b"\0"):
        raise being_written(path)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise _refused(path, "is a web page, not a workbook", "download the file itself")
    if content.startswith(_ZIP):
        kind = _zipped(content)
    elif content.startswith(_COMPOUND):
        kind = _compound(content, path)
    elif path.suffix.casefold() in TEXT:
        _require_text(content, path)
        return FileKind.TEXT
    else:
        raise _refused(path, "is not an Excel workbook", "save it as .xlsx from Excel")
    if path.suffix.casefold() in TEXT:
        raise _refused(path, f"is a workbook ({kind}), not a text file", f"name it {path.stem}{kind}, and so in path:")
    return kind


def _zipped(content: bytes) -> FileKind:
    """Tell the zipped kinds apart by their main part; an archive that cannot be listed is judged by the guard."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names: Collection[str] = archive.NameToInfo.keys()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError):
        return FileKind.OPEN_XML
    if "xl/workbook.bin" in names:
        return FileKind.BINARY
    return FileKind.OPEN_DOCUMENT if "content.xml" in names else FileKind.OPEN_XML


def _compound(content: bytes, path: FilePath) -> FileKind:
    if _ENCRYPTED not in content and any(stream in content for stream in _WORKBOOK_STREAMS):
        return FileKind.LEGACY
    raise _refused(
        path,
        "is protected by a password or is an old .xls workbook that is damaged",
        "save it as .xlsx without a password to open",
    )


def _require_text(content: bytes, path: FilePath) -> None:
    if b"\0" not in content or content.startswith(_UTF16):
        return
    if content.endswith(b"\0"):
        # Room that was reserved and is not filled yet (S11).
        raise being_written(path)
    raise _refused(path, "is not a text file", "export it as CSV again")


def _refused(path: FilePath, why: str, hint: str) -> SourceContentError:
    return SourceContentError(f"{path.name} {why}", location=str(path), hint=hint)
