"""Whether the daemon of this container works: exit code 0 when it owns the state, 1 otherwise.

    python health.py [CONFIG]

A mistake in an edited file is no reason to end a daemon that goes on with the files before it, nor is a source that
cannot be read: ``driftline status`` tells of both, and a restart would mend neither.
"""

import json
import shutil
import socket
import subprocess
import sys

PATIENCE_SECONDS = 25
"""Less than the HEALTHCHECK allows, so that the reason is still told."""


def unwell(config: str) -> str | None:
    """Why the daemon does not count as healthy; None when it does."""
    program = shutil.which("driftline")
    if program is None:
        return "there is no driftline"
    command = [program, "--config", config, "status", "--json"]
    try:
        done = subprocess.run(  # noqa: S603 - our own program, without a shell
            command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
        owner = json.loads(done.stdout)["owner"]
    except subprocess.TimeoutExpired:
        return f"driftline status did not answer within {PATIENCE_SECONDS} seconds"
    except (ValueError, KeyError):
        return f"driftline status ended with {done.returncode}: {done.stderr.strip()}"
    if owner is None:
        return "no daemon works on the state"
    if f" on {socket.gethostname()} " not in owner:
        return f"another daemon works on the state: {owner}"
    return None


if __name__ == "__main__":
    reason = unwell(sys.argv[1] if len(sys.argv) > 1 else "/etc/driftline")
    print(reason or "healthy")  # noqa: T201
    sys.exit(reason is not None)
