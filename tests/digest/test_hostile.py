"""Titles and links from the sources before they may stand in a mail (M5, M6, M13)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.hostile import clean, safe_url


@given(st.text(alphabet=st.characters(codec=None)))
def test_no_text_keeps_a_control_a_line_break_or_a_direction_override(text: str):
    cleaned = clean(text)
    categories = {unicodedata.category(character) for character in cleaned if character not in "\u200c\u200d"}
    assert categories.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    assert len(cleaned.splitlines()) <= 1
    cleaned.encode("utf-8")


@given(st.text(alphabet=st.characters(codec=None)))
def test_cleaning_twice_changes_nothing(text: str):
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet=st.characters(codec=None)), st.integers(1, 40))
def test_a_limit_is_kept(text: str, limit: int):
    assert len(clean(text, limit)) <= limit


@pytest.mark.parametrize("separator", ["\r", "\n", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\t", "\x00"])
def test_each_line_separator_becomes_a_space(separator: str):
    assert clean(f"a{separator}b") == "a b"


@pytest.mark.parametrize(
    "override", list("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b\ufeff")
)
def test_direction_overrides_and_invisible_characters_vanish(override: str):
    assert clean(f"invoice{override}fdp.exe") == "invoicefdp.exe"


def test_a_lone_surrogate_is_replaced():
    assert clean("a\ud800b") == "a\ufffdb"


def test_heaps_of_combining_marks_are_cut():
    assert clean("a" + "\u0301" * 500) == "a" + "\u0301" * 4


def test_ordinary_scripts_and_emoji_stay():
    text = "Größe, 発売日, запуск, موعد, नमस्ते 👩\u200d🚀"
    assert clean(text) == text


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://acme.example/x",
        "//acme.example/x",
        "https:",
        "https:///x",
        "https://acme.example@evil.example/",
        "https://acme.example/\r\nX: y",
        'https://acme.example/"onmouseover="x',
        "https://acme.example/<b>",
        "https://acme.example/a b",
        "https://[::1",
        "https://аcme.example/",
        "https://acme.example/\ud800",
        "https://acme.example/" + "x" * 2000,
        "savings.xlsx!Plan!F12",
        "",
    ],
)
def test_what_is_not_a_plain_web_address_is_dropped(url: str):
    assert safe_url(url) is None


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://acme.atlassian.net/browse/AUR-118", "https://acme.atlassian.net/browse/AUR-118"),
        ("http://127.0.0.1:8080/a?b=c&d=%20#e", "http://127.0.0.1:8080/a?b=c&d=%20#e"),
        ("https://acme.example/Übersicht", "https://acme.example/%C3%9Cbersicht"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
    ],
)
def test_web_addresses_stay(url: str, safe: str):
    assert safe_url(url) == safe
