"""Relative paths in the settings start at the settings file's folder, wherever the program was started."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from config.settings import Settings

_PATHS_AS_TEXT = frozenset({"ca_file"})
_SQLITE = "sqlite:///"


def anchored(settings: Settings, root: Path) -> Settings:
    """The same settings with absolute paths: workbooks, certificate files and an SQLite database."""
    changed: Settings = _anchored(settings, root)
    file = settings.state.url.removeprefix(_SQLITE)
    if file != settings.state.url and file and not file.startswith(("/", ":memory:", "file:")):
        state = changed.state.model_copy(update={"url": f"{_SQLITE}{root / file}"})
        return changed.model_copy(update={"state": state})
    return changed


def _anchored(value: Any, root: Path) -> Any:
    if isinstance(value, Path):
        return root / value
    if isinstance(value, BaseModel):
        changed = {name: (part, _anchored_field(name, part, root)) for name, part in value}
        return value.model_copy(update={name: new for name, (old, new) in changed.items() if new is not old})
    if isinstance(value, Mapping) and any(isinstance(part, (BaseModel, Path)) for part in value.values()):
        return {key: _anchored(part, root) for key, part in value.items()}
    if isinstance(value, tuple) and any(isinstance(part, (BaseModel, Path)) for part in value):
        return tuple(_anchored(part, root) for part in value)
    return value


def _anchored_field(name: str, part: Any, root: Path) -> Any:
    if name in _PATHS_AS_TEXT and isinstance(part, str):
        return str(root / part)
    return _anchored(part, root)
