"""The commented starter set that ``driftline init`` writes. Its texts lie beside this file."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from config.commented import expanded
from config.schema import schema_files
from model.errors import UsageError

SETTINGS = "driftline.yaml"
ENVIRONMENT = ".env.example"

_VARIABLE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")

_ENVIRONMENT_HEAD = """\
# The variables that driftline.yaml asks for. Copy this file to .env, fill it in, and let nobody else read it:
#   cp .env.example .env && chmod 600 .env
# Then: set -a; . ./.env; set +a; driftline check
# Do not commit the copy.
"""


def sample_files() -> dict[str, str]:
    """Every file of the starter set, by its path in the folder: settings, objectives, rules, variables, schemas."""
    texts = {path: source.read_text(encoding="utf-8") for path, source in _sources(files(__name__))}
    texts[SETTINGS] = expanded(texts[SETTINGS])
    texts[ENVIRONMENT] = _environment(texts[SETTINGS])
    texts |= {f"schema/{name}": text for name, text in schema_files().items()}
    return texts


def write_sample(folder: Path) -> list[Path]:
    """Write the starter set into a folder; raise UsageError, before anything is written, when a file exists already."""
    texts = {folder / path: text for path, text in sample_files().items()}
    existing = [str(path) for path in texts if path.exists()]
    if existing:
        raise UsageError(
            f"these files exist already: {', '.join(existing)}", hint="name another folder, or move them away"
        )
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise UsageError(f"{error.filename} cannot be written: {reason}", hint="name a folder of your own") from error
    return list(texts)


def _sources(folder: Traversable, path: str = "") -> list[tuple[str, Traversable]]:
    """The texts beside this file, the settings first."""
    found = []
    for each in sorted(folder.iterdir(), key=lambda each: (each.is_dir(), each.name != SETTINGS, each.name)):
        if each.is_dir() and not each.name.startswith("__"):
            found += _sources(each, f"{path}{each.name}/")
        elif each.name.endswith(".yaml"):
            found.append((path + each.name, each))
    return found


def _environment(settings: str) -> str:
    """The variables that the active lines of the settings refer to."""
    names = dict.fromkeys(
        name for line in settings.splitlines() if not line.lstrip().startswith("#") for name in _VARIABLE.findall(line)
    )
    return _ENVIRONMENT_HEAD + "".join(f"{name}=\n" for name in names)
