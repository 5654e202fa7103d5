"""``driftline run`` beside the other commands: they look on while it works, and none of them works beside it."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.cli.console import command_line, driftline

Change = Callable[[Path, str, str], None]


def test_while_the_daemon_owns_the_state_others_may_look_and_none_may_work(copy: Path, changed: Change):
    changed(copy / "driftline.yaml", "every: 30s", "every: 1d")
    with subprocess.Popen(
        command_line("run", folder=copy), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as daemon:
        try:
            assert daemon.stderr is not None
            assert "daemon.started" in daemon.stderr.readline()
            _look(copy)
            refused = driftline("run", folder=copy)
            assert refused.code == 2
            assert f"process {daemon.pid} " in refused.err
            assert "driftline run" in refused.err
            assert driftline("sync", folder=copy).code == 2
        finally:
            daemon.send_signal(signal.SIGTERM)
            begun = time.monotonic()
            daemon.communicate(timeout=15)
    assert daemon.returncode == 0
    assert time.monotonic() - begun < 10
    assert driftline("status", "--json", folder=copy).json["owner"] is None


def _look(copy: Path) -> None:
    """Every command that only looks."""
    for command in (
        *(("findings",), ("show", "M-201"), ("explain", "OPP-0001"), ("sources", "list"), ("db", "status")),
        *(("digest", "preview", "leaders"), ("db", "backup", copy / "backup.db"), ("check",)),
    ):
        assert driftline(*command, folder=copy).code == 0, command
    assert "driftline run" in driftline("status", folder=copy).out


def test_a_setting_to_mend_stops_it_before_it_starts(copy: Path):
    (copy / "secrets" / "jira-token").unlink()
    said = driftline("run", folder=copy)
    assert said.code == 2
    assert "sources.jira.token" in said.err
