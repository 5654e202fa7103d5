"""What a sign-in brings: a token, where it is good, and what was said about its user."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """A token that was just given out, where it is good, and who Salesforce says it belongs to.

    ``user`` has the names of userinfo's answer; it is empty when the sign-in told only an ``identity_url``.
    """

    token: str
    instance: str
    identity_url: str = ""
    user: Mapping[str, Any] = field(default_factory=dict)
