"""Telling where the program itself failed, in a way that may be logged."""

from traceback import extract_tb


def crash_site(error: BaseException) -> str:
    """Where an unexpected error arose and through which calls, innermost last.

    Its text and the values around it are left out: both may hold a secret (X1).
    """
    frames = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in extract_tb(error.__traceback__)]
    return f"{type(error).__name__} at {' > '.join(frames) or 'an unknown place'}"
