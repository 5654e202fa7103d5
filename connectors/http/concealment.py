"""Takes our own secrets out of what a server says: some repeat what they were sent, and refusals are told to people."""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, quote_plus

import requests

HIDDEN = "(hidden)"


def spellings(secrets: Iterable[str]) -> tuple[str, ...]:
    """Every secret as it is and as an address, JSON and base64 would hold it, the longest first."""
    known = {form for secret in secrets if secret for form in _forms(secret)}
    return tuple(sorted(known, key=len, reverse=True))


def concealed(text: str, forms: Sequence[str]) -> str:
    """The text without any of these spellings."""
    for form in forms:
        text = text.replace(form, HIDDEN)
    return text


def conceal(response: requests.Response, forms: Sequence[str]) -> None:
    """Take the spellings out of a refusal, whose words may be told, before anybody reads it."""
    if response.status_code < 400:
        return
    content = response.content
    for form in forms:
        content = content.replace(form.encode(), HIDDEN.encode())
    response._content = content
    response.reason = concealed(response.reason or "", forms)
    for name, value in response.headers.items():
        response.headers[name] = concealed(value, forms)


def _forms(secret: str) -> Iterator[str]:
    yield from (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1])
    raw = secret.encode()
    if len(raw) < 8:
        return  # too few letters of base64 are left whole to be told from others
    for before in range(3):
        # Beside a user's name, as in Basic, it may begin at each of three places; inside it shares letters with others.
        whole = base64.b64encode(bytes(before) + raw).decode()
        begin, end = 4 if before else 0, (before + len(raw)) // 3 * 4
        for form in (whole[begin:], whole[begin:end]):
            yield from (form, form.replace("+", "-").replace("/", "_"))
