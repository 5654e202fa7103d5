"""Who owns a deal, and whether that account is still switched on (I2)."""

from collections.abc import Iterator

import pytest

from tests.connectors.salesforce.desk import MIA, Sales, running_sales


@pytest.fixture
def sales() -> Iterator[Sales]:
    with running_sales() as sales:
        yield sales


def test_an_owner_whose_account_was_switched_off_is_told(sales: Sales) -> None:
    sales.add()
    assert (sales.one().owner, sales.one().owner_active) == (MIA, True)
    sales.org.people[MIA]["IsActive"] = False
    assert (sales.one().owner, sales.one().owner_active) == (MIA, False)
