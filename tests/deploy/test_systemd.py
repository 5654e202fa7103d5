"""The systemd unit: sound, and shut in as far as a program can be that must reach other systems."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
UNIT = FOLDER / "driftline.service"
UNITS = {"driftline.service": UNIT, "driftline-worker@1.service": FOLDER / "driftline-worker@.service"}
"""By the names under which they run."""
MOST_EXPOSED = 1.2
"""Of 10; what is left is the network, which the program is there to use."""

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")


def exposure(unit: Path) -> float:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found, said
    return float(found[1])


@pytest.mark.parametrize("name", UNITS)
def test_the_service_is_shut_in(tmp_path: Path, name: str):
    unit = tmp_path / name
    unit.write_text(UNITS[name].read_text())
    assert exposure(unit) <= MOST_EXPOSED


def test_a_unit_that_lets_the_program_do_more_is_noticed(tmp_path: Path):
    """The negative control."""
    loose = tmp_path / UNIT.name
    loose.write_text(
        re.sub(r"(?m)^(ProtectSystem|NoNewPrivileges|CapabilityBoundingSet|DynamicUser)=.*\n", "", UNIT.read_text())
    )
    assert exposure(loose) > MOST_EXPOSED


@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_every_line(tmp_path: Path, name: str):
    """The program itself need not be there."""
    unit = tmp_path / name
    unit.write_text(UNITS[name].read_text().replace("/opt/driftline/bin/driftline", "/bin/true"))
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
