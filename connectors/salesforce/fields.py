"""Decides which fields of Opportunity are read: what a deal needs and what the options name, held against describe."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.salesforce.client import Row
from connectors.salesforce.options import SalesforceOptions
from connectors.salesforce.soql import LARGEST_SELECT_BYTES, select_bytes
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
_RELATED = {"Owner": ("Owner.Email", "Owner.Name", "Owner.IsActive"), "Account": ("Account.Name",)}
CURRENCY = "CurrencyIsoCode"
_LINES = "OpportunityLineItems"
COMPOUND = frozenset({"address", "location", "complexvalue"})


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """What to select. ``lines`` gives for our names of line items' fields their paths below a line item.

    ``types`` are describe's types by API name; ``names`` gives the spelling of a configured one.

    ``volatile`` says that a mapped field can change without moving SystemModstamp: a formula, a roll-up or a field of
    a related record or of a line item (S11).
    """

    select: tuple[str, ...]
    types: Mapping[str, str]
    names: Mapping[str, str]
    lines: Mapping[str, str]
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
    lines = _lines(options)
    for wanted in _configured(options, lines):
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
    volatile = bool(lines) or any("." in name or described.get(name, {}).get("calculated") for name in names.values())
    problems += _compound(source, names, types)
    if select_bytes(list(select)) > LARGEST_SELECT_BYTES:
        hint = "name fewer extra fields, or give those of a related record shorter paths through a formula field"
        problems.append(Problem(f"{source} asks for more fields than fit in one query ({len(select)})", source, hint))
    return FieldPlan(tuple(select), types, names, lines, multicurrency, volatile), problems


def _lines(options: SalesforceOptions) -> dict[str, str]:
    steps = {ours: wanted.partition(".") for ours, wanted in options.fields.items()}
    return {ours: below for ours, (first, _, below) in steps.items() if below and first.casefold() == _LINES.casefold()}


def _configured(options: SalesforceOptions, lines: Mapping[str, str]) -> list[str]:
    named = [options.key_field, options.promised_field, options.promised_date_field]
    named += [wanted for ours, wanted in options.fields.items() if ours not in lines]
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


def _compound(source: str, names: Mapping[str, str], types: Mapping[str, str]) -> list[Problem]:
    """A compound field is no value but a bundle of others, which can be named each (S25)."""
    hint = "name one of its parts: City__c or Place__Latitude__s, for example"
    return [
        Problem(f"{name} of {source} is a compound field ({types[name]})", source, hint)
        for name in dict.fromkeys(names.values())
        if types.get(name) in COMPOUND
    ]


def _missing(source: str, name: str, known: Mapping[str, Row] | set[str]) -> Problem:
    near: Sequence[str] = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    access = "give the integration user's permission set read access to it"
    return Problem(
        f"Opportunity has no field {name} that {source} may see",
        source,
        f"did you mean {near[0]}? otherwise {access}" if near and near[0] != name else access,
    )
