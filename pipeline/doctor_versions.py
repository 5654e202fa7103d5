"""What is installed under examination: the program, Python, and the libraries that the program stands on."""

import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from pathlib import Path

from packaging.requirements import Requirement

from pipeline.doctor import Diagnosis, Patient, failed, first_of, ok, warning

NOT_FOR_RUNNING = "dev"
"""The extra of those who work on the program."""

_LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.M)
_ANEW = "install driftline anew, into an environment of its own"
_NAMED = 5
"""So many libraries are named; more are counted."""


def versions(patient: Patient) -> Iterator[Diagnosis]:
    """The libraries are compared with those that the program was tested with where it lies beside its lock, and with
    what it asks for where it is installed."""
    try:
        own = distribution("driftline")
    except PackageNotFoundError:
        own = None
    yield ok("versions", f"driftline {own.version if own else 'unknown'} on Python {sys.version.split()[0]}")
    if patient.lock.is_file():
        yield from _against_lock(patient.lock)
    elif own is not None and own.requires:
        yield from _against_wishes(own)


def _against_lock(lock: Path) -> Iterator[Diagnosis]:
    others = {name: had for name, (had, wanted) in _compared(lock).items() if had not in wanted}
    if others:
        named = first_of([f"{name} {had}" for name, had in sorted(others.items())], _NAMED)
        remedy = f"pip install --require-hashes -r {lock}"
        yield warning("versions", f"not the versions that were tested: {named}", remedy)
    else:
        yield ok("versions", "every library is of the version that was tested")


def _compared(lock: Path) -> Mapping[str, tuple[str, set[str]]]:
    """What is installed of what the lock names, and which versions of it the lock allows."""
    wanted: dict[str, set[str]] = {}
    for name, pinned in _LOCKED.findall(lock.read_text(encoding="utf-8")):
        wanted.setdefault(name, set()).add(pinned)
    # One that is not installed belongs to an extra, or to another platform.
    return {name: (had, allowed) for name, allowed in wanted.items() if (had := _installed(name)) is not None}


def _against_wishes(own: Distribution) -> Iterator[Diagnosis]:
    lacking, unfit = [], []
    for wish, optional in _wishes(own):
        had = _installed(wish.name)
        if had is None:
            # What an extra brings is missed where something configured needs it.
            lacking += [] if optional else [wish.name]
        elif not wish.specifier.contains(had, prereleases=True):
            unfit.append(f"{wish.name} {had} (asks for {wish.specifier})")
    if lacking:
        yield failed("versions", f"not installed: {first_of(sorted(set(lacking)), _NAMED)}", _ANEW)
    if unfit:
        named = first_of(sorted(set(unfit)), _NAMED)
        yield warning("versions", f"not the versions that driftline asks for: {named}", _ANEW)
    if not lacking and not unfit:
        yield ok("versions", "every library is of a version that driftline asks for")


def _wishes(own: Distribution) -> Iterator[tuple[Requirement, bool]]:
    """What is asked for on this platform, and whether only an extra asks for it."""
    extras = [extra for extra in own.metadata.get_all("Provides-Extra") or () if extra != NOT_FOR_RUNNING]
    for line in own.requires or ():
        wish = Requirement(line)
        if wish.marker is None or wish.marker.evaluate({"extra": ""}):
            yield wish, False
        elif any(wish.marker.evaluate({"extra": extra}) for extra in extras):
            yield wish, True


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
