"""Values as JSON knows them: amounts as text so that no digit is lost, times in ISO form, names of choices."""

import dataclasses
from collections.abc import Callable, Hashable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from functools import cache
from typing import Any, cast


def plain(value: Any) -> Any:
    """Turn a value of the model into dictionaries, lists, texts and numbers."""
    form = _form(cast(Hashable, type(value)))
    return value if form is None else form(value)


@cache
def _form(kind: Any) -> Callable[[Any], Any] | None:
    """What makes a value of a type plain; None where it is so already. Found once: a list of findings has thousands."""
    if dataclasses.is_dataclass(kind):
        names = [field.name for field in dataclasses.fields(kind) if not field.name.startswith("_")]
        return lambda value: {name: plain(getattr(value, name)) for name in names}
    forms: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
        (Mapping, lambda value: {str(key): plain(entry) for key, entry in value.items()}),
        ((list, tuple, set, frozenset), lambda value: [plain(entry) for entry in value]),
        (IntEnum, lambda value: value.name.lower()),
        ((Decimal, StrEnum), str),
        ((datetime, date), lambda value: value.isoformat()),
        (timedelta, lambda value: value.total_seconds()),
        (bytes, lambda value: value.decode(errors="replace")),
    )
    return next((form for kinds, form in forms if issubclass(kind, kinds)), None)
