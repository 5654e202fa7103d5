"""Mappings that stand for larger ones: with a few values changed, or with only a part of them gone through."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Generic, TypeVar, cast

_Value = TypeVar("_Value")
_UNCHANGED: Any = object()


class _Gone:
    """Stands for a value that is not there any more."""


GONE = _Gone()


class Amended(Mapping[str, _Value], Generic[_Value]):
    """A mapping with a few values changed, without a copy of the rest."""

    __slots__ = ("_base", "_changes", "_new")

    def __init__(self, base: Mapping[str, _Value], changes: Mapping[str, _Value | _Gone]) -> None:
        if isinstance(base, Amended):  # one layer, however often it is amended
            changes = {**base._changes, **changes}
            base = base._base
        self._base: Mapping[str, _Value] = base
        self._changes: Mapping[str, _Value | _Gone] = changes
        self._new = [key for key, value in changes.items() if value is not GONE and key not in base]

    def __getitem__(self, key: str) -> _Value:
        if key in self._changes:
            value = self._changes[key]
            if value is GONE:
                raise KeyError(key)
            return cast(_Value, value)
        return self._base[key]

    def get(self, key: str, default: Any = None) -> Any:
        """As of a dictionary; without it each look-up in vain would raise an error inside."""
        value = self._changes.get(key, _UNCHANGED)
        if value is _UNCHANGED:
            return self._base.get(key, default)
        return default if value is GONE else value

    def __contains__(self, key: object) -> bool:
        if key in self._changes:
            return self._changes[cast(str, key)] is not GONE
        return key in self._base

    def __iter__(self) -> Iterator[str]:
        changes = self._changes
        yield from (key for key in self._base if changes.get(key, key) is not GONE)
        yield from self._new

    def __len__(self) -> int:
        left = sum(1 for key, value in self._changes.items() if value is GONE and key in self._base)
        return len(self._base) - left + len(self._new)


class Scoped(Mapping[str, _Value], Generic[_Value]):
    """A mapping of which only a part is gone through; a look-up finds everything."""

    __slots__ = ("_keys", "_whole")

    def __init__(self, whole: Mapping[str, _Value], scope: Collection[str]) -> None:
        whole = whole._whole if isinstance(whole, Scoped) else whole
        self._whole: Mapping[str, _Value] = whole
        self._keys = [key for key in sorted(scope) if key in whole]

    def __getitem__(self, key: str) -> _Value:
        return self._whole[key]

    def get(self, key: str, default: Any = None) -> Any:
        """As of the whole."""
        return self._whole.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self._whole

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def amended(base: Mapping[str, _Value], changes: Mapping[str, _Value | _Gone]) -> Mapping[str, _Value]:
    """The mapping with these values; the mapping itself where there are none."""
    return Amended(base, changes) if changes else base
