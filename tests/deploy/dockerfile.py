"""A Dockerfile as a list of instructions, and what of a folder its build may see."""

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from tests.deploy.locks import ROOT

DOCKERFILE = ROOT / "deploy" / "docker" / "Dockerfile"


@dataclass(frozen=True)
class Instruction:
    stage: int
    word: str
    rest: str


def instructions(text: str) -> list[Instruction]:
    """Without comments and with continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^\s*#.*\n", "", text))
    found: list[Instruction] = []
    stage = -1
    for line in joined.splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            stage += word == "FROM"
            found.append(Instruction(stage, word, rest.strip()))
    return found


def context(ignoring: str) -> set[Path]:
    """The files of the repository that a build is given: the last matching line of .dockerignore decides.

    Of the patterns only those that ours consists of are understood: names, names below a folder, and ``**/``.
    """
    lines = [line for line in ignoring.splitlines() if line and not line.startswith("#")]
    taken = {line[1:] for line in lines if line.startswith("!")}
    files = [path for name in taken for path in _files(ROOT / name)]
    refused = [line.removeprefix("**/") for line in lines if line.startswith("**/")]
    assert len(lines) == 1 + len(taken) + len(refused)
    assert lines[0] == "*"
    return {
        path.relative_to(ROOT)
        for path in files
        if not any(fnmatch(part, pattern) for part in path.relative_to(ROOT).parts for pattern in refused)
    }


def _files(path: Path) -> list[Path]:
    return [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
