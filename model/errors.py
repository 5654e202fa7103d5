"""Errors, grouped by what happens next.

DriftlineError
├── UserError                 somebody must change something before the same call can work
│   ├── ConfigurationError      settings, objectives or secrets
│   ├── MappingError            a rule file
│   └── UsageError              the command line, or a name that does not exist
├── SourceError               one source fails, the run goes on with the others
│   ├── SourceAuthError         the source does not accept who we are
│   ├── SourceUnavailableError  the source does not answer, or not in time
│   ├── SourceRateLimitedError  the source asks for a longer wait than the run can afford
│   ├── SourceContentError      the source answers something that is not its data
│   └── SourceGoneError         what we ask for does not exist any more
│       └── SchemaDriftError      a configured field is missing, ambiguous or of another type
├── RecordError               one record is set aside, the read goes on
├── DeliveryError             a mail was not accepted; ``permanent`` says whether to try again
├── StateError                the stored state cannot be used now
│   ├── StateLockedError        another process owns it
│   └── StateMigrationError     its schema is older or newer than this program
└── InterruptedRunError       somebody asked us to stop
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: what is wrong, where it lies and one thing to do about it.

    ``location`` is ``file:line:column`` or the name of a source or record; ``line`` is the text of that line.
    """

    message: str
    location: str = ""
    hint: str = ""
    line: str = ""

    def __str__(self) -> str:
        parts = [f"error: {self.message}"]
        if self.location:
            parts.append(f"  --> {self.location}")
        if self.line:
            parts.append(f"   |  {self.line.strip()}")
        if self.hint:
            parts.append(f"hint: {self.hint}")
        return "\n".join(parts)


class DriftlineError(Exception):
    """The root; carries one or more located problems. ``str()`` gives the whole message for a person."""

    def __init__(self, *problems: Problem | str, location: str = "", hint: str = "") -> None:
        self.problems: tuple[Problem, ...] = tuple(
            problem if isinstance(problem, Problem) else Problem(problem, location, hint) for problem in problems
        )
        super().__init__("\n\n".join(str(problem) for problem in self.problems))

    @property
    def summary(self) -> str:
        """The first problem in one line, for logs and tables."""
        return self.problems[0].message if self.problems else type(self).__name__


class UserError(DriftlineError):
    """Somebody must change something before the same call can work."""


class ConfigurationError(UserError):
    """Settings, objectives or a secret reference are wrong."""


class MappingError(UserError):
    """A rule file is wrong."""


class UsageError(UserError):
    """The command line is wrong, or names something that does not exist."""


class SourceError(DriftlineError):
    """One source cannot be read; its stored records stay as they are and the run goes on."""


class SourceAuthError(SourceError):
    """The source does not accept who we are."""


class SourceUnavailableError(SourceError):
    """The source does not answer, or not in time."""


class SourceRateLimitedError(SourceError):
    """The source asks for a longer wait than the run can afford."""


class SourceContentError(SourceError):
    """The source answers something that is not its data: a sign-in page or broken JSON."""


class SourceGoneError(SourceError):
    """What we ask for does not exist any more: a removed endpoint, project, sheet or column."""


class SchemaDriftError(SourceGoneError):
    """Configured fields are missing, ambiguous or of another type than before; ``fields`` are our names for them."""

    def __init__(self, *problems: Problem | str, fields: Sequence[str], location: str = "", hint: str = "") -> None:
        super().__init__(*problems, location=location, hint=hint)
        self.fields = tuple(fields)


class RecordError(DriftlineError):
    """One record cannot be normalised; it is set aside with the reason and the read goes on."""


class DeliveryError(DriftlineError):
    """A mail was not accepted.

    ``permanent`` means that sending the same message again cannot work. ``unknown`` means that the server may have
    accepted it: the link broke after the text was handed over and before the answer came.
    """

    def __init__(self, message: str, *, permanent: bool, unknown: bool = False, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.permanent = permanent
        self.unknown = unknown


class StateError(DriftlineError):
    """The stored state cannot be used now."""


class StateLockedError(StateError):
    """Another process owns the state; the message names it."""


class StateMigrationError(StateError):
    """The schema of the stored state is older or newer than this program."""


class InterruptedRunError(DriftlineError):
    """Somebody asked us to stop; nothing half-done was kept."""
