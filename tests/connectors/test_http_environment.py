"""What the environment says of proxies and certificates holds for a whole run, and is looked up once for a server."""

import pytest
import requests

from connectors.http.environment import look_once

_NOTHING = ({}, None, None, None)


def test_proxies_of_the_environment_are_taken_as_the_library_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "HTTPS_PROXY": "http://proxy:3128",
        "NO_PROXY": "near.example",
        "REQUESTS_CA_BUNDLE": "/x",
    }.items():
        monkeypatch.setenv(name, value)
        monkeypatch.delenv(name.lower(), raising=False)
    plain, session = requests.Session(), requests.Session()
    look_once(session)
    for url in ("https://far.example/a", "https://near.example/a", "https://far.example/b?c=d"):
        expected = plain.merge_environment_settings(url, *_NOTHING)
        assert session.merge_environment_settings(url, *_NOTHING) == expected
    given = ({"https": "http://other:1"}, True, False, None)
    assert session.merge_environment_settings("https://far.example/a", *given) == plain.merge_environment_settings(
        "https://far.example/a", *given
    )


def test_a_server_is_looked_up_once_and_nobody_changes_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    session = requests.Session()
    look_once(session)
    first = session.merge_environment_settings("https://far.example/a", *_NOTHING)
    first["proxies"]["https"] = "http://changed:1"
    monkeypatch.setenv("https_proxy", "http://later:3128")
    again = session.merge_environment_settings("https://far.example:443/b", *_NOTHING)
    assert again["proxies"]["https"] == "http://proxy:3128"
