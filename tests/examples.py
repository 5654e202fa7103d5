"""How many examples a property is tried with: half of them in the suite, all of them with DRIFTLINE_ALL_EXAMPLES=1."""

import os

from hypothesis import settings

ALL_EXAMPLES = bool(os.environ.get("DRIFTLINE_ALL_EXAMPLES"))


def examples(full: int) -> int:
    """How many of ``full`` are tried. A control, which must find what it looks for, asks for its number itself."""
    return full if ALL_EXAMPLES else -(-full // 2)


def share() -> None:
    """Give the properties that name no number theirs, and all of them the time that a busy machine takes."""
    settings.register_profile("driftline", settings(), max_examples=examples(100), deadline=None)
    settings.load_profile("driftline")
