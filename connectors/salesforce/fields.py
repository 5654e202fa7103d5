"""Decides which fields of Opportunity are read: what a deal needs and what the options name, held against describe."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.salesforce.client import Row
from connectors.salesforce.options import SalesforceOptions
from model.errors import Problem

_STANDARD = (
    "Id",
    "Name",
    "StageName",
    "IsWon",
    "IsClosed",
    "Amount",
    "Probability",
    "CloseDate",
    "CreatedDate",
    "SystemModstamp",
)
_RELATED = {"Owner": ("Owner.Email", "Owner.Name"), "Account": ("Account.Name",)}
CURRENCY = "CurrencyIsoCode"


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """What to select. ``types`` are describe's types by API name; ``names`` gives the spelling of a configured one.

    ``volatile`` says that a mapped field can change without moving SystemModstamp: a formula, a roll-up or a field of
    a related record (S11).
    """

    select: tuple[str, ...]
    types: Mapping[str, str]
    names: Mapping[str, str]
    multicurrency: bool
    volatile: bool


def plan_fields(
    source: str, options: SalesforceOptions, described: Mapping[str, Row]
) -> tuple[FieldPlan, list[Problem]]:
    """Hold the needed fields against those that we may see; a missing one is a problem, never a null (S14)."""
    relations = {str(field["relationshipName"]) for field in described.values() if field.get("relationshipName")}
    problems = [_missing(source, name, described) for name in _STANDARD if name not in described]
    problems += [_missing(source, name, relations) for name in _RELATED if name not in relations]
    names: dict[str, str] = {}
    for wanted in _configured(options):
        known = _spelled(wanted, described, relations)
        if known is None:
            problems.append(_missing(source, wanted, described))
        names[wanted] = known or wanted
    multicurrency = CURRENCY in described
    if not multicurrency and options.currency is None:
        problems.append(
            Problem(f"{source} does not say the currency of its amounts", source, "write currency: EUR, for example")
        )
    types = {name: str(field.get("type")) for name, field in described.items()}
    problems += _wrong_date(source, options, names, types)
    related = [path for paths in _RELATED.values() for path in paths]
    select = dict.fromkeys([*_STANDARD, *related, *([CURRENCY] if multicurrency else []), *names.values()])
    volatile = any("." in name or described.get(name, {}).get("calculated") for name in names.values())
    return FieldPlan(tuple(select), types, names, multicurrency, volatile), problems


def _configured(options: SalesforceOptions) -> list[str]:
    named = [options.key_field, options.promised_field, options.promised_date_field, *options.fields.values()]
    return [name for name in named if name]


def _spelled(wanted: str, described: Mapping[str, Row], relations: set[str]) -> str | None:
    """The name as Salesforce spells it; of a path only its first step can be told from describe."""
    relation, _, below = wanted.partition(".")
    candidates = relations if below else described
    found = next((name for name in candidates if name.casefold() == relation.casefold()), None)
    return f"{found}.{below}" if found and below else found


def _wrong_date(
    source: str, options: SalesforceOptions, names: Mapping[str, str], types: Mapping[str, str]
) -> list[Problem]:
    name = names.get(options.promised_date_field or "")
    kind = types.get(name or "")
    if kind is None or kind in ("date", "datetime"):
        return []
    return [Problem(f"{name} of {source} holds no date but {kind}", source, "name a date field in promised_date_field")]


def _missing(source: str, name: str, known: Mapping[str, Row] | set[str]) -> Problem:
    near: Sequence[str] = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    access = "give the integration user's permission set read access to it"
    return Problem(
        f"Opportunity has no field {name} that {source} may see",
        source,
        f"did you mean {near[0]}? otherwise {access}" if near and near[0] != name else access,
    )
