"""What the program is made of, as CycloneDX.

With DRIFTLINE_WHOLE_PACKAGE=1 (``make proof``) it is written, which takes a package index.
"""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.deploy.locks import ROOT, RUNNING, WHOLE, pins

WRITING = bool(os.environ.get("DRIFTLINE_WHOLE_PACKAGE"))
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


@pytest.mark.skipif(not WRITING, reason="installs packages: make proof")
def test_every_pinned_distribution_is_listed_with_its_version_and_hashes(tmp_path: Path):
    subprocess.run([sys.executable, ROOT / "deploy" / "package" / "sbom.py", tmp_path], check=True)
    for suffix, lock in (("", RUNNING), ("-development", WHOLE)):
        written = json.loads((tmp_path / f"driftline-{VERSION}{suffix}.cdx.json").read_text("utf-8"))
        assert written["bomFormat"] == "CycloneDX"
        program = written["metadata"]["component"]
        assert (program["name"], program["version"]) == ("driftline", VERSION)
        listed = {
            each["name"]: (
                each["version"],
                frozenset(
                    f"sha256:{known['content']}" for place in each["externalReferences"] for known in place["hashes"]
                ),
            )
            for each in written["components"]
        }
        assert listed == pins(lock)
