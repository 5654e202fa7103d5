"""Who gets a mail: an address, and in which language and with which figures its reader is told."""

import re
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from digest.catalogues import languages
from digest.language import Language, writes_numbers
from model.options import Options

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


def is_mail_address(value: str) -> bool:
    """Tell whether a text is one plain mail address that can stand in a header and in an SMTP command."""
    return len(value) <= 254 and _ADDRESS.fullmatch(value) is not None


def _check_address(value: str) -> str:
    if not is_mail_address(value):
        raise ValueError("a mail address looks like name@example.com")
    return value


def _check_language(value: str) -> str:
    if value not in languages():
        raise ValueError(f"the languages are {', '.join(languages())}")
    return value


def _check_numbers(value: str) -> str:
    if not writes_numbers(value):
        raise ValueError("a place is written as language and country, such as de_CH or en_GB")
    return value


MailAddress = Annotated[str, AfterValidator(_check_address), WithJsonSchema({"type": "string", "format": "email"})]
"""One plain mail address, without a display name."""

LanguageCode = Annotated[str, AfterValidator(_check_language), WithJsonSchema({"type": "string"})]
"""A language that mails can be written in: ``en``, ``de``."""

NumbersOf = Annotated[str, AfterValidator(_check_numbers), WithJsonSchema({"type": "string"})]
"""A place that writes figures in its own way, by its CLDR name: ``de_CH`` writes 1’234.50."""


class RecipientOptions(Options):
    """One reader of a digest, where the address alone does not say it all."""

    address: Annotated[MailAddress, Field(examples=["cfo@example.com"])]
    """The mail address."""
    language: Annotated[LanguageCode | None, Field(examples=["de"])] = None
    """The language of this reader's mail: en, de or one that you added; when left out that of the digest."""
    numbers: Annotated[NumbersOf | None, Field(examples=["de_CH"])] = None
    """Whose way of writing figures is used, such as de_CH or en_GB; when left out that of the language."""

    def words(self, language: str, numbers: str | None) -> Language:
        """How this reader is spoken to; the arguments are what the digest says for those who say nothing."""
        return words_of(self.language or language, self.numbers or (None if self.language else numbers))


def words_of(language: str, numbers: str | None) -> Language:
    """A language with its own way of writing figures, or with that of a place."""
    return Language(language, numbers or language)


def _of_address(value: Any) -> Any:
    return {"address": _check_address(value)} if isinstance(value, str) else value


Recipient: TypeAlias = Annotated[
    RecipientOptions, BeforeValidator(_of_address, json_schema_input_type=MailAddress | RecipientOptions)
]
"""A reader, written as an address alone or with language and numbers."""
