"""The config as a tap gets it, and the texts in it that nobody else may see."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from model.secret import Secret

_SECRET_KEY = re.compile(r"(?i)token|passw|passphrase|secret|api_?key|private_?key|credential")
_LARGEST_FILE = 1_048_576


def plain(config: Any) -> Any:
    """The config with its secrets as JSON can hold it. A date is written as ISO."""
    if isinstance(config, Secret):
        return config.reveal()
    if isinstance(config, Mapping):
        return {key: plain(value) for key, value in config.items()}
    if isinstance(config, list):
        return [plain(value) for value in config]
    if isinstance(config, Decimal):
        return int(config) if config == config.to_integral_value() else float(config)
    return config.isoformat() if isinstance(config, date) else config


def secret_texts(config: Any, config_file: Path | None) -> Iterator[str]:
    """Every secret of the config; of a config file that the tap keeps itself, what its keys call secret."""
    if isinstance(config, Secret):
        yield config.reveal()
    elif isinstance(config, Mapping | list):
        for value in config.values() if isinstance(config, Mapping) else config:
            yield from secret_texts(value, None)
    if config_file is not None:
        yield from _named_secrets(_content(config_file))


def _named_secrets(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _named_secrets(part, name if _SECRET_KEY.search(str(name)) else key)
    elif isinstance(value, list):
        for part in value:
            yield from _named_secrets(part, key)
    elif key and isinstance(value, str):
        yield value


def _content(file: Path) -> Any:
    """What the file holds, or nothing: a tap that cannot read its config says so itself."""
    try:
        with file.open("rb") as opened:
            return json.loads(opened.read(_LARGEST_FILE))
    except (OSError, ValueError):
        return None
