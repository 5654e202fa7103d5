"""What each configured field of Opportunity is now, and which of them cannot be read any more (S9, S14)."""

from collections.abc import Iterator, Mapping, Sequence

from connectors.salesforce.client import NotAllowedError, Row, SalesforceClient
from connectors.salesforce.fields import COMPOUND, CURRENCY, FieldPlan
from connectors.salesforce.line_items import LineItems
from connectors.salesforce.options import SalesforceOptions
from connectors.salesforce.soql import select
from model.errors import Problem, SchemaDriftError, SourceGoneError

_OPTIONS = ("key_field", "promised_field", "promised_date_field")
_STANDARD = {
    "Name": "title",
    "StageName": "stage",
    "IsWon": "outcome",
    "IsClosed": "outcome",
    "Amount": "amount",
    "Probability": "probability",
    "CloseDate": "close_date",
    "Owner": "owner",
    "Account": "account",
}
_DATES = frozenset({"date", "datetime"})


def require(
    options: SalesforceOptions, plan: FieldPlan, described: Mapping[str, Row], problems: Sequence[Problem]
) -> None:
    """Raise SourceGoneError for what cannot be read; SchemaDriftError, naming the fields, where it is for a field."""
    if not problems:
        return
    faulty = list(dict.fromkeys(_faulty(options, plan, described)))
    if faulty:
        raise SchemaDriftError(*problems, fields=faulty)
    raise SourceGoneError(*problems)


def shape_of(options: SalesforceOptions, plan: FieldPlan) -> dict[str, str]:
    """Our name of each configured field, and its API name and type; of a related record's field only the path."""
    shape = {
        ours: _type_of(plan.names[wanted], plan)
        for ours, wanted in _configured(options).items()
        if ours not in plan.lines
    }
    shape |= {ours: f"{path} of a line item" for ours, path in plan.lines.items()}
    return shape | ({"currency": _type_of(CURRENCY, plan)} if plan.multicurrency else {})


def require_related(source: str, options: SalesforceOptions, plan: FieldPlan, client: SalesforceClient) -> None:
    """Ask for fields of related records and of line items once, because describe tells nothing of them.

    Raise SchemaDriftError for those that are not there.
    """
    problems: list[Problem] = []
    faulty: list[str] = []
    paths = {ours: plan.names.get(wanted, "") for ours, wanted in _configured(options).items()}
    for ours, path in ((ours, path) for ours, path in paths.items() if "." in path):
        try:
            client.rows(select(("Id", path), "Opportunity", limit=1))
        except (SourceGoneError, NotAllowedError):
            hint = "correct the path, or give the integration user's permission set read access to that field"
            problems.append(Problem(f"{source} does not show us {path} of an opportunity", source, hint))
            faulty.append(ours)
    hidden = LineItems(source, client, plan.lines).problems()
    if hidden:
        faulty += plan.lines
    if faulty:
        raise SchemaDriftError(*problems, *hidden, fields=faulty)


def _configured(options: SalesforceOptions) -> dict[str, str]:
    named = {option: getattr(options, option) for option in _OPTIONS}
    return {ours: wanted for ours, wanted in named.items() if wanted} | dict(options.fields)


def _faulty(options: SalesforceOptions, plan: FieldPlan, described: Mapping[str, Row]) -> Iterator[str]:
    relations = {str(field["relationshipName"]) for field in described.values() if field.get("relationshipName")}
    yield from (ours for name, ours in _STANDARD.items() if name not in described.keys() | relations)
    for ours, wanted in _configured(options).items():
        name = plan.names.get(wanted, wanted)
        first, _, below = name.partition(".")
        kind = plan.types.get(name)
        unseen = first not in relations if below else kind is None
        no_date = ours == "promised_date_field" and kind is not None and kind not in _DATES
        if ours not in plan.lines and (unseen or no_date or kind in COMPOUND):
            yield ours
    if not plan.multicurrency and options.currency is None:
        yield "currency"


def _type_of(name: str, plan: FieldPlan) -> str:
    return f"{name} ({plan.types[name]})" if name in plan.types else name
