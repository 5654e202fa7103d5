"""What a Salesforce source could be configured to read: the org's own fields of Opportunity, and the products."""

from collections.abc import Iterator, Mapping, Sequence

from connectors.salesforce.client import NotAllowedError, Row, SalesforceClient
from connectors.salesforce.deals import CONTAINER, at_path
from connectors.salesforce.fields import COMPOUND
from connectors.salesforce.options import SalesforceOptions
from connectors.salesforce.soql import LARGEST_SELECT_BYTES, select, select_bytes
from model.errors import Problem, SourceGoneError
from model.reading import Container, DiscoveredField, Discovery

_ROWS = 20
_LINE, _LINES = "OpportunityLineItem", "OpportunityLineItems"
_PRODUCT = {"Product2.Name": "Product name", "Product2.ProductCode": "Product code"}
_OPTIONS = ("key_field", "promised_field", "promised_date_field")


def discover(
    client: SalesforceClient, options: SalesforceOptions, described: Mapping[str, Row], problems: Sequence[Problem]
) -> Discovery:
    """Look at all that can be seen; ``problems`` are those of the configured fields, which do not stop it."""
    kept = _kept(options)
    own = {
        name: field
        for name, field in described.items()
        if (field.get("custom") or name.casefold() in kept) and field.get("type") not in COMPOUND
    }
    samples = _samples(client, CONTAINER, list(own))
    fields = [
        DiscoveredField(
            name,
            str(field.get("label") or name),
            str(field.get("type") or ""),
            samples.get(name, ""),
            ("Opportunities",),
            name,
            kept.get(name.casefold(), ""),
        )
        for name, field in own.items()
    ]
    fields.sort(key=lambda field: (field.name.casefold(), field.id))
    return Discovery(
        option="fields",
        containers=[Container(CONTAINER, "Opportunities")],
        fields=[*fields, *_products(client, kept)],
        problems=problems,
    )


def _products(client: SalesforceClient, kept: Mapping[str, str]) -> Iterator[DiscoveredField]:
    """The products of line items, where the org has them and we may see them."""
    try:
        samples = _samples(client, _LINE, list(_PRODUCT))
    except (SourceGoneError, NotAllowedError):
        return
    for path, name in _PRODUCT.items():
        setting = f"{_LINES}.{path}"
        kept_as = kept.get(setting.casefold(), "")
        yield DiscoveredField(setting, name, "texts", samples.get(path, ""), ("Opportunities",), setting, kept_as)


def _kept(options: SalesforceOptions) -> dict[str, str]:
    """Under which name or option a field is read already, by its folded API name."""
    named = [(getattr(options, option), option) for option in _OPTIONS]
    asked = [*named, *((wanted, ours) for ours, wanted in options.fields.items())]
    return {wanted.casefold(): ours for wanted, ours in reversed(asked) if wanted}


def _samples(client: SalesforceClient, sobject: str, paths: Sequence[str]) -> dict[str, str]:
    """One value of each field, from a few rows."""
    found: dict[str, str] = {}
    for part in _parts(paths):
        for row in client.rows(select(("Id", *part), sobject, limit=_ROWS)):
            for path in part:
                value = at_path(row, path)
                if value is not None and path not in found:
                    found[path] = str(value)
    return found


def _parts(paths: Sequence[str]) -> Iterator[list[str]]:
    """Cut a list of fields into pieces that fit into a query (S17)."""
    part: list[str] = []
    for path in paths:
        if part and select_bytes([*part, path]) > LARGEST_SELECT_BYTES:
            yield part
            part = []
        part.append(path)
    if part:
        yield part
