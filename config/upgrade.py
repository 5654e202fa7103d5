"""Files of an older format, rewritten in today's: only the words that changed, everything else byte for byte."""

import os
import shutil
from pathlib import Path

from config.files import read_file, shown
from config.load import Configuration
from mapping.document import SourceText, parse_mapping
from mapping.upgrades import rewritten
from model.errors import ConfigurationError, UsageError


def upgrade_files(configuration: Configuration) -> list[Path]:
    """Rewrite the files of objectives and rules that are older than today's format; tell which they were.

    A file is written only if it then says the same as before, and all files are looked at before the first is written.
    Raise UserError when one cannot be rewritten or written.
    """
    texts = {path: _rewritten(read_file(path)) for path in configuration.texts}
    changed = {path: text for path, text in texts.items() if text is not None}
    for path, text in changed.items():
        _replace(path, text)
    return list(changed)


def _rewritten(source: SourceText) -> str | None:
    text = rewritten(source)
    if text is None:
        return None
    before = parse_mapping(source).value
    after = parse_mapping(SourceText(source.path, text)).value
    if {**before, "version": None} != {**after, "version": None}:
        hint = "write the new words by hand; driftline check names them"
        raise ConfigurationError("this file would not say the same after it", location=source.path, hint=hint)
    return text


def _replace(path: Path, text: str) -> None:
    """Put the new text in the file's place, whole, with its permissions and its byte order mark."""
    target = path.resolve()
    draft = target.with_name(f".{target.name}.new")
    try:
        mark = b"\xef\xbb\xbf" if target.read_bytes().startswith(b"\xef\xbb\xbf") else b""
        draft.write_bytes(mark + text.encode())
        shutil.copymode(target, draft)
        os.replace(draft, target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UsageError(f"{shown(path)} cannot be written: {error.strerror}", hint="check its permissions") from error
