"""Reads lock files as pip does: what is pinned, under which condition and with which hashes."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
WHOLE = ROOT / "requirements.lock"
RUNNING = ROOT / "deploy" / "requirements.lock"
_PIN = re.compile(r"(?m)^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<when>[^\\\n]+?))? \\\n")
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")


def pins(lock: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """The version and the hashes by name."""
    text = lock.read_text("utf-8")
    starts = [*_PIN.finditer(text)]
    ends = [*(each.start() for each in starts[1:]), len(text)]
    return {
        each["name"]: (each["version"], frozenset(_HASH.findall(text[each.start() : end])))
        for each, end in zip(starts, ends, strict=True)
    }


def normal(requirement: str) -> str:
    """The name in a requirement, as lock files write it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]).lower()
