"""Which fields an expression may name, per kind of record, and what type each has."""

import dataclasses
import types
import typing
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum

from mapping.facts import ATTRIBUTES, FIELD, WORK_ITEM_CONDITIONS, fold
from mapping.wording import did_you_mean
from model.money import Money
from model.records import RECORD_TYPES, RecordKind


class Type(Enum):
    """What an operand is, in words. Of a custom field it is known only when a record is read."""

    TEXT = "text"
    TEXTS = "list of texts"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    TIME = "time"
    BOOLEAN = "true or false"
    DAYS = "length of time"
    ANY = "custom field"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the catalogue.

    ``attribute`` is the record's own name for it, empty for a custom field. ``answer`` is the name under which
    ``Facts.folded`` gives its texts; ``by_answer`` says that only these are right (keys and former keys, names of
    releases). ``allowed`` are the only values there are, where they are few.
    """

    name: str
    type: Type
    attribute: str
    answer: str
    by_answer: bool = False
    allowed: tuple[str, ...] = ()


_SCALARS: Mapping[object, Type] = {
    str: Type.TEXT,
    Decimal: Type.NUMBER,
    Money: Type.MONEY,
    date: Type.DATE,
    datetime: Type.TIME,
    bool: Type.BOOLEAN,
}
_ANSWERED_TEXTS = WORK_ITEM_CONDITIONS | {"owner", "container", "title", "source"}
_ALIASES: Mapping[str, tuple[str, Type]] = {
    "label": ("label", Type.TEXTS),
    "labels": ("label", Type.TEXTS),
    "component": ("component", Type.TEXTS),
    "components": ("component", Type.TEXTS),
    "release": ("release", Type.TEXTS),
    "releases": ("release", Type.TEXTS),
    "parent": ("parent", Type.TEXTS),
    "sprint": ("sprint", Type.TEXTS),
}
"""What work items answer through other records, or in several texts: the matcher's name and the type."""


def _built_in(kind: RecordKind) -> dict[str, Field]:
    found = {
        "kind": Field("kind", Type.TEXT, "kind", "kind", allowed=tuple(each.value for each in RecordKind)),
        "key": Field("key", Type.TEXT, "key", "key", by_answer=True),
    }
    hints = typing.get_type_hints(RECORD_TYPES[kind])
    for each in dataclasses.fields(RECORD_TYPES[kind]):
        if each.name in ATTRIBUTES[kind] and each.name not in found:
            field_type, allowed = _type_of(hints[each.name])
            answer = each.name if each.name in _ANSWERED_TEXTS else FIELD + each.name
            if field_type is not None:
                found[each.name] = Field(each.name, field_type, each.name, answer, allowed=allowed)
    if kind is RecordKind.WORK_ITEM:
        found["status_category"] = dataclasses.replace(found["category"], name="status_category")
        for name, (answer, field_type) in _ALIASES.items():
            found[name] = Field(name, field_type, name, answer, by_answer=True)
    return found


def _type_of(annotation: object) -> tuple[Type | None, tuple[str, ...]]:
    """The type of an annotation, None for what cannot be compared, and the values of an enumeration."""
    if isinstance(annotation, types.UnionType):
        branches = [each for each in typing.get_args(annotation) if each is not types.NoneType]
        return _type_of(branches[0]) if len(branches) == 1 else (None, ())
    if annotation == tuple[str, ...]:
        return Type.TEXTS, ()
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return Type.TEXT, tuple(each.value for each in annotation)
    return _SCALARS.get(annotation), ()


FIELDS: Mapping[RecordKind, Mapping[str, Field]] = {kind: _built_in(kind) for kind in RecordKind}
"""The built-in fields of each kind."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that cannot be used: why, and what was probably meant."""

    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The fields of some kinds. ``custom`` are the configured names, None where nobody told: then any name may be one.

    A built-in field must exist in all kinds with one type.
    """

    kinds: tuple[RecordKind, ...]
    custom: tuple[str, ...] | None

    @classmethod
    def of(cls, kinds: Collection[RecordKind], custom: Collection[str] | None) -> "Catalogue":
        chosen = tuple(kind for kind in RecordKind if kind in kinds) or tuple(RecordKind)
        return cls(chosen, None if custom is None else tuple(sorted(custom)))

    @property
    def names(self) -> list[str]:
        """The names that may be used."""
        shared = [name for name in FIELDS[self.kinds[0]] if all(name in FIELDS[kind] for kind in self.kinds)]
        return sorted({*shared, *(self.custom or ())})

    def find(self, name: str) -> Field | Unknown:
        """The field of this name, or why there is none."""
        having = [kind for kind in self.kinds if name in FIELDS[kind]]
        if having:
            return self._shared(name, having)
        custom = self._custom(name)
        if custom is not None:
            return custom
        if any(name in fields for fields in FIELDS.values()):
            return Unknown(f"a {words(self.kinds[0])} has no field '{name}'", did_you_mean(name, self.names))
        return Unknown(f"unknown field '{name}'", did_you_mean(name, self.names, "fields"))

    def _shared(self, name: str, having: list[RecordKind]) -> Field | Unknown:
        lacking = [kind for kind in self.kinds if kind not in having]
        if lacking:
            near = did_you_mean(name, [each for each in FIELDS[lacking[0]] if each not in FIELDS[having[0]]])
            also = f"a {words(lacking[0])} has no field '{name}'"
            one = f"ask for one kind of record: kind: {having[0].value}"
            return Unknown(also, near if near.startswith("did") else one)
        first = FIELDS[having[0]][name]
        for kind in having[1:]:
            if FIELDS[kind][name].type is not first.type:
                other = FIELDS[kind][name].type.value
                message = f"'{name}' is {first.type.value} in a {words(having[0])} and {other} in a {words(kind)}"
                return Unknown(message, f"ask for one kind of record: kind: {kind.value}")
        return first

    def _custom(self, name: str) -> Field | None:
        known = self.custom
        if known is None:
            elsewhere = any(name in fields for fields in FIELDS.values())
            return None if elsewhere else Field(name, Type.ANY, "", FIELD + name)
        wanted = fold(name)
        spelled = name if name in known else next((each for each in known if fold(each) == wanted), None)
        return None if spelled is None else Field(spelled, Type.ANY, "", FIELD + spelled)


def words(kind: RecordKind) -> str:
    """A kind in words."""
    return kind.value.replace("_", " ")
