"""Opening a page in a browser, where somebody sits before one."""

import os
import sys
import webbrowser
from pathlib import Path


def can_show() -> bool:
    """Whether a browser window can appear: not over a plain remote line, and not where the output is a file."""
    windows = sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    return windows and sys.stdout.isatty()


def show(page: Path) -> bool:
    """Open a file; tell whether a browser took it."""
    try:
        return webbrowser.open(page.resolve().as_uri())
    except webbrowser.Error:
        return False
