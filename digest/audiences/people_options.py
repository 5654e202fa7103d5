"""What can be set about single people: how much one person gets in a week, and the to-do mails of owners."""

from datetime import time, timedelta
from typing import Annotated

from pydantic import Field, field_validator

from digest.audiences.recipients import LanguageCode, NumbersOf, words_of
from digest.catalogues import SOURCE
from digest.language import Language
from digest.options import ClockTime, DomainName, Weekday
from model.options import Duration, Options


class BudgetOptions(Options):
    """How much one person gets in a week, over all digests and notices that go to one address.

    What is over it is not lost: the next digest within it tells it, and says how much it was.
    """

    mails_per_week: Annotated[int | None, Field(ge=1, le=500, examples=[5])] = None
    """How many mails one address gets from Monday to Sunday; left out: any number."""
    news_per_week: Annotated[int | None, Field(ge=1, le=5000, examples=[12])] = None
    """How many pieces of news one address is told from Monday to Sunday, the weightiest first; all findings of one
    cause are one piece. Left out: any number."""
    unless_decided_within_days: Annotated[int | None, Field(ge=0, le=90)] = 2
    """What must be decided within so many days is told whatever the budget says; null: never."""


class OwnersOptions(Options):
    """The to-do mail: each owner gets what is theirs to mend, with the way from their record to the money."""

    domains: Annotated[tuple[DomainName, ...], Field(min_length=1, examples=[["example.com"]])]
    """The domains of mail addresses that may get a to-do mail; nobody else ever gets one."""
    at: ClockTime = "07:00"
    """The local time of day in the business zone."""
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = (Weekday.MON,)
    """The days of the week on which it may go out."""
    calendar: Annotated[str, Field(examples=["plant"])] = ""
    """A calendar of the settings: what falls on a day off goes out on the next working day. Left out: every day
    counts."""
    language: LanguageCode = SOURCE
    """The language of the mail: en, de or one that you added."""
    numbers: Annotated[NumbersOf | None, Field(examples=["de_CH"])] = None
    """Whose way of writing figures is used, such as de_CH or en_GB; when left out that of the language."""
    repeat_after: Duration = timedelta(days=14)
    """A list on which nothing changed goes out again only after so long."""
    grace: Duration = timedelta(days=3)
    """How long an owner has to mend what is wrong with the data before the digests of leaders count it."""

    @field_validator("domains")
    @classmethod
    def _folded(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(domain.casefold() for domain in value)

    @property
    def local_time(self) -> time:
        return time.fromisoformat(self.at)

    @property
    def words(self) -> Language:
        """How owners are spoken to."""
        return words_of(self.language, self.numbers)

    def allows(self, address: str) -> bool:
        """Whether a mail may go to an address: its domain is named, as it stands."""
        return address.rpartition("@")[2].casefold() in self.domains
