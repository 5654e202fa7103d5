"""When a page is opened in a browser: never over a plain remote line, never where the output is a file."""

import sys
import webbrowser
from pathlib import Path

import pytest

from cli import browser


@pytest.mark.parametrize(
    ("display", "terminal", "shown"), [(":0", True, True), (":0", False, False), ("", True, False), ("", False, False)]
)
def test_a_browser_is_opened_only_where_somebody_sits_before_one(
    monkeypatch: pytest.MonkeyPatch, display: str, *, terminal: bool, shown: bool
):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    assert browser.can_show() is shown


def test_the_page_is_given_as_a_whole_address_and_a_missing_browser_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    asked: list[str] = []

    def none(address: str) -> bool:
        asked.append(address)
        raise webbrowser.Error("no browser")

    monkeypatch.setattr(webbrowser, "open", none)
    assert browser.show(tmp_path / "digest.html") is False
    assert asked == [(tmp_path / "digest.html").as_uri()]
