"""Writes what Driftline is made of as CycloneDX JSON: one file for what runs, one with what tests and checks need too.

python deploy/package/sbom.py [FOLDER]
"""

import os
import sys
import tomllib
from pathlib import Path

from throwaway import environment, run

ROOT = Path(__file__).resolve().parents[2]
LOCK = Path(__file__).with_name("sbom.lock")
QUIET = os.environ | {"PYTHONWARNINGS": "ignore"}
"""A lock file does not tell which distribution needs which in a form that the tool reads; it warns of that."""
LOCKS = {"": ROOT / "deploy" / "requirements.lock", "-development": ROOT / "requirements.lock"}


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"
    target.mkdir(parents=True, exist_ok=True)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    with environment(LOCK) as programs:
        for suffix, lock in LOCKS.items():
            written = target / f"driftline-{version}{suffix}.cdx.json"
            command = [programs / "cyclonedx-py", "requirements", lock, "--pyproject", ROOT / "pyproject.toml"]
            run(*command, "--mc-type", "application", "--output-reproducible", "-o", written, env=QUIET)
            print(os.path.relpath(written))  # noqa: T201


if __name__ == "__main__":
    main()
