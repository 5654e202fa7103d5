"""Secrets are taken out of what servers say, of configuration errors and of mistakes of our own (X1)."""

import base64
import json
from urllib.parse import quote_plus

import pytest
import requests

from connectors.http.concealment import conceal, concealed, spellings
from connectors.http.places import allowed_places
from model.errors import SourceUnavailableError
from model.secret import Secret, without_secrets

TOKEN = 'abc"/+ 4711 \\xyz'


@pytest.mark.parametrize("user", ["", "u", "ux", "uxv", "me@acme.example"])
@pytest.mark.parametrize("after", ["", "z", "zz"])
def test_a_secret_is_found_in_base64_wherever_it_begins(user: str, after: str) -> None:
    coded = base64.b64encode(f"{user}{TOKEN}{after}".encode()).decode()
    left = concealed(f"Basic {coded}", spellings([TOKEN]))
    assert "(hidden)" in left
    assert len(left.replace("Basic ", "").replace("(hidden)", "")) <= len(coded) - len(TOKEN)


def test_a_secret_is_found_as_json_and_as_an_address_hold_it() -> None:
    forms = spellings([TOKEN])
    for text in (TOKEN, json.dumps(TOKEN), quote_plus(TOKEN), f"?t={quote_plus(TOKEN)}&x"):
        assert "4711" not in concealed(text, forms)


def test_only_refusals_are_changed() -> None:
    for status, kept in ((200, True), (403, False)):
        response = requests.Response()
        response.status_code, response._content, response.reason = status, f"no {TOKEN}".encode(), f"no {TOKEN}"
        response.headers["X-Heard"] = TOKEN
        conceal(response, spellings([TOKEN]))
        assert (TOKEN in response.text, TOKEN in response.reason, response.headers["X-Heard"] == TOKEN) == (kept,) * 3


def test_what_a_process_has_used_is_hidden_in_its_own_mistakes() -> None:
    secret = Secret("env:X").resolved("a-long-secret-4711")
    secret.reveal()
    Secret("env:Y").resolved("short").reveal()
    assert without_secrets("ValueError: 'a-long-secret-4711' is short") == "ValueError: '(hidden)' is short"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_service_on_this_machine_is_written_as_this_machine(host: str) -> None:
    assert set(allowed_places("jira", host, 80)) <= {"127.0.0.1", "::1"}


def test_an_address_that_is_not_allowed_is_named_with_what_to_do() -> None:
    with pytest.raises(SourceUnavailableError) as caught:
        allowed_places("jira", "2852039166", 443)
    assert "2852039166 leads to 169.254.169.254" in str(caught.value)
    assert "127.0.0.1 or localhost" in caught.value.problems[0].hint
