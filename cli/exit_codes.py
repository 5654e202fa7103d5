"""What a script may conclude from how the command ended (design 8)."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    """Done."""
    FINDINGS = 1
    """Done, and there are findings at or above ``--fail-on``."""
    MEND = 2
    """You must fix something: usage, configuration, mapping or state."""
    PARTIAL = 3
    """Done in part: a source failed, or a mail was not accepted."""
    INTERRUPTED = 130
    """Interrupted."""
