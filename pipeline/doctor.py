"""What is in order with an installation and what to mend: the story of an examination. Nothing is changed or sent."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from config.load import Configuration
from config.secrets import exposed_files, unresolvable
from model.errors import DriftlineError, Problem
from pipeline.crash import crash_site


class Verdict(StrEnum):
    """How one thing stands: only what failed must be mended before Driftline can do its work."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at, and one thing to do about it where something is wrong."""

    area: str
    verdict: Verdict
    says: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined. ``url`` leads to the database; ``system_now`` is the machine's own clock."""

    configuration: Configuration
    url: str
    now: datetime
    system_now: datetime
    environment: Mapping[str, str]
    lock: Path


def examine(patient: Patient, mistakes: tuple[Problem, ...] = ()) -> list[Diagnosis]:
    """Look at everything, whatever fails on the way. ``mistakes`` are those of the configuration files."""
    from pipeline import doctor_content, doctor_machine, doctor_mail, doctor_state, doctor_versions

    def configuration(_: Patient) -> Iterator[Diagnosis]:
        yield from _configuration(mistakes)

    found: list[Diagnosis] = []
    areas: dict[str, Callable[[Patient], Iterator[Diagnosis]]] = {
        "configuration": configuration,
        "secrets": _secrets,
        "database": doctor_state.database,
        "permissions": doctor_state.permissions,
        "disk": doctor_machine.disk,
        "clock": doctor_machine.clock,
        "versions": doctor_versions.versions,
        "mail": doctor_mail.mail,
        "credentials": doctor_content.credentials,
        "sources": doctor_content.sources,
        "audiences": doctor_content.audiences,
    }
    for area, look in areas.items():
        found += _looked(area, look, patient)
    return found


def ok(area: str, says: str) -> Diagnosis:
    return Diagnosis(area, Verdict.OK, says)


def warning(area: str, says: str, remedy: str) -> Diagnosis:
    return Diagnosis(area, Verdict.WARNING, says, remedy)


def failed(area: str, says: str, remedy: str) -> Diagnosis:
    return Diagnosis(area, Verdict.FAILED, says, remedy)


def first_of(names: Sequence[str], most: int) -> str:
    """The first names of a list, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _looked(area: str, look: Callable[[Patient], Iterator[Diagnosis]], patient: Patient) -> Iterator[Diagnosis]:
    try:
        yield from look(patient)
    except DriftlineError as error:
        for problem in error.problems:
            place = f" ({problem.location})" if problem.location else ""
            yield failed(area, f"{problem.message}{place}", problem.hint)
    except Exception as error:  # one area must not keep the others from being looked at
        yield failed(area, f"this could not be looked at: {crash_site(error)}", "please report it")


def _configuration(mistakes: tuple[Problem, ...]) -> Iterator[Diagnosis]:
    for problem in mistakes:
        place = f" ({problem.location})" if problem.location else ""
        yield failed("configuration", f"{problem.message}{place}", problem.hint or "see driftline check")
    if not mistakes:
        yield ok("configuration", "settings, objectives and rules are sound")


def _secrets(patient: Patient) -> Iterator[Diagnosis]:
    settings, root = patient.configuration.settings, patient.configuration.root
    missing = unresolvable(settings, environment=patient.environment, root=root)
    exposed = exposed_files(settings, root=root)
    for problem in missing:
        yield failed("secrets", f"{problem.location}: {problem.message}", problem.hint)
    for problem in exposed:
        yield warning("secrets", f"{problem.location}: {problem.message}", problem.hint)
    if not missing and not exposed:
        yield ok("secrets", "every secret can be had, and no file of one is open to others")
