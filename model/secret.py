"""Secrets: a type of their own that prints as hidden and is written in files only as a reference."""

from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from model.errors import ConfigurationError

SCHEMES = ("env:", "file:", "command:")
_SHORTEST_HIDDEN = 8
"""Characters; hiding shorter texts wherever they occur would make a message unreadable."""
_revealed: set[str] = set()


def without_secrets(text: str) -> str:
    """The text without any secret that this process has used, for what is said of a mistake of our own (X1)."""
    for secret in sorted(_revealed, key=len, reverse=True):
        for form in (secret, repr(secret)[1:-1]):
            text = text.replace(form, "(hidden)")
    return text


class Secret:
    """A reference and, once resolved, its value.

    References are ``env:JIRA_TOKEN``, ``file:/run/secrets/jira`` or ``command:pass show jira``.

    ``repr`` and ``str`` never show the value. A literal secret in a file is refused at load.
    """

    __slots__ = ("_value", "reference")

    def __init__(self, reference: str, value: str | None = None) -> None:
        self.reference = reference
        self._value = value

    def resolved(self, value: str) -> "Secret":
        return Secret(self.reference, value)

    def reveal(self) -> str:
        """Give the value; raise ConfigurationError when it was never resolved."""
        if self._value is None:
            raise ConfigurationError(
                f"the secret {self.reference} was not resolved", hint="check that the reference can be read"
            )
        if len(self._value) >= _SHORTEST_HIDDEN:
            _revealed.add(self._value)
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.reference!r}, hidden)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self.reference, self._value) == (other.reference, other._value)

    def __hash__(self) -> int:
        return hash(self.reference)

    @classmethod
    def _parse(cls, value: Any) -> "Secret":
        if isinstance(value, Secret):
            return value
        if isinstance(value, str) and value.startswith(SCHEMES) and value.partition(":")[2].strip():
            return cls(value)
        raise ValueError("a secret is written as a reference: env:NAME, file:PATH or command:PROGRAM ARGUMENTS")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._parse, serialization=core_schema.plain_serializer_function_ser_schema(lambda secret: secret.reference)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: Any) -> dict[str, Any]:
        return {
            "type": "string",
            "pattern": "^(env|file|command):.+",
            "description": "A reference to a secret: env:NAME, file:PATH or command:PROGRAM ARGUMENTS.",
        }
