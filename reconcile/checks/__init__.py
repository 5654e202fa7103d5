"""Finds the checks: every class in this folder, and those of other distributions behind ``driftline.checks``."""

import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeGuard

from model.errors import ConfigurationError
from reconcile.check import Check

GROUP = "driftline.checks"


@lru_cache(maxsize=1)
def checks() -> Mapping[str, Check[Any]]:
    """All checks by name, in the order of their names.

    Raise ConfigurationError when a plug-in cannot be loaded, is no check, or takes a name that is in use.
    """
    found: dict[str, Check[Any]] = {}
    for check_type in (*_built_in(), *_plugged_in()):
        if check_type.name in found:
            raise ConfigurationError(
                f"two checks are called {check_type.name}",
                location=f"{check_type.__module__}.{check_type.__qualname__}",
                hint="rename the check of the plug-in",
            )
        found[check_type.name] = check_type()
    return dict(sorted(found.items()))


def _built_in() -> Iterator[type[Check[Any]]]:
    for module_info in pkgutil.iter_modules(__path__, f"{__name__}."):
        module = import_module(module_info.name)
        for _, value in inspect.getmembers(module, inspect.isclass):
            if value.__module__ == module.__name__ and _is_check(value):
                yield value


def _plugged_in() -> Iterator[type[Check[Any]]]:
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        value = _loaded(entry)
        if not _is_check(value):
            raise ConfigurationError(
                f"the plug-in {entry.name} is no check",
                location=entry.value,
                hint="let its entry point name a subclass of reconcile.check.Check",
            )
        yield value


def _loaded(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception as error:
        raise ConfigurationError(
            f"the check {entry.name} cannot be loaded: {error}",
            location=entry.value,
            hint="repair or remove the distribution that brings it",
        ) from error


def _is_check(value: object) -> TypeGuard[type[Check[Any]]]:
    return inspect.isclass(value) and issubclass(value, Check) and not inspect.isabstract(value)
