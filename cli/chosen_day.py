"""A day that somebody gives on the command line."""

from datetime import date


def chosen_day(text: str, option: str) -> date:
    """Read ``2026-12-31``; raise UsageError that names the option for anything else."""
    from model.errors import UsageError

    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{option} {text} is not a date", hint="write it as 2026-12-31") from None
