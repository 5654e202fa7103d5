"""Answers are decoded once: what was looked through to judge an answer is what its reader gets."""

from typing import Any

import orjson
import requests

_NAME = "_decoded"


def remember(response: requests.Response, value: Any) -> None:
    """Keep what the body of an answer says until somebody takes it."""
    setattr(response, _NAME, value)


def take(response: requests.Response) -> Any:
    """What the JSON in the body says; the first who asks gets what is kept, so that nothing is held in memory twice.

    Raise ValueError for what is no JSON and for lone surrogates (S10).
    """
    kept: dict[str, Any] = vars(response)
    return kept.pop(_NAME) if _NAME in kept else orjson.loads(response.content)
