"""Takes secrets out of what a tap says: it knows them, and may write them anywhere."""

import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_SHORTEST = 4
_SHORTEST_PART = 8
_HIDDEN = "***"


class Redaction:
    """Hides the given texts, also as JSON or a URL writes them, and each line of those that have several."""

    def __init__(self, secrets: Iterable[str]) -> None:
        hidden = {form for secret in secrets for form in _forms(secret)}
        self._hidden = sorted(hidden, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._hidden:
            text = text.replace(secret, _HIDDEN)
        return text


def _forms(secret: str) -> Iterable[str]:
    lines = [line.strip() for line in secret.splitlines()]
    parts = [line for line in lines if len(line) >= _SHORTEST_PART] if len(lines) > 1 else []
    for text in (secret.strip(), *parts):
        if len(text) >= _SHORTEST:
            yield from (text, json.dumps(text)[1:-1], repr(text)[1:-1], quote(text, safe=""), quote_plus(text))
