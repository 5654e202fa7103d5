"""The app that an administrator makes, and what Driftline asks of the org through it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from connectors.salesforce import SalesforceOptions
from model.errors import SourceAuthError
from model.secret import Secret
from tests.connectors.contract import full_read
from tests.connectors.salesforce.desk import Sales, running_sales

ROOT = Path(__file__).parents[3]
HOW_TO = ROOT / "docs" / "how-to" / "salesforce-external-client-app.md"
KNOWN = re.compile(
    r"POST /services/oauth2/token|GET /services/oauth2/userinfo.*|GET /services/data"
    r"|GET /services/data/v62\.0/(query(All)?/.*|sobjects/Opportunity/(describe|deleted/.*))"
)


@pytest.fixture
def sales() -> Iterator[Sales]:
    with running_sales() as sales:
        yield sales


def test_the_options_that_the_how_to_shows_are_ones_that_work_s6() -> None:
    shown = re.findall(r"```yaml\n(.+?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)
    assert len(shown) == 2, "one for each flow"
    for text in shown:
        (values,) = yaml.safe_load(text)["sources"].values()
        secrets = {name: Secret(values[name], "x") for name in ("client_secret", "private_key") if name in values}
        assert SalesforceOptions.model_validate(values | secrets).url == "https://acme.my.salesforce.com"


def test_a_refused_app_leads_to_the_how_to_s6(sales: Sales) -> None:
    with pytest.raises(SourceAuthError) as caught:
        sales.connector(secret="wrong").probe()
    assert str(HOW_TO.relative_to(ROOT)) in caught.value.problems[0].hint


def test_only_what_the_library_really_offers_is_called_s18_s24(sales: Sales) -> None:
    """A misspelt method of the library is an object of that name, and would ask the org for it; neither the Bulk API
    nor anything else is called."""
    gone = sales.add("Gone")
    sales.add("Left")
    sales.org.delete(gone)
    sales.org.purge(gone)
    sales.org.views_all = False
    connector = sales.connector()
    connector.probe()
    connector.discover()
    full_read(connector)
    list(connector.fetch([gone]))
    asked = [line for line in sales.server.requests if not KNOWN.fullmatch(line)]
    assert asked == []
