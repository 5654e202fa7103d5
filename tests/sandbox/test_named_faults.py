"""Every named fault of the stand-ins for Asana and Salesforce strikes, and ends in an error of ours or a whole read."""

import pytest

from connectors.asana.options import AsanaHttpOptions
from connectors.base import HttpOptions
from model.errors import (
    SourceAuthError,
    SourceContentError,
    SourceError,
    SourceRateLimitedError,
    SourceUnavailableError,
)
from sandbox.asana.faults import ASANA_FAULTS
from sandbox.salesforce.faults import SALESFORCE_FAULTS
from tests.connectors.asana.office import running_office
from tests.connectors.contract import full_read
from tests.connectors.salesforce.desk import running_sales

ASANA: dict[str, type[SourceError] | int] = {
    "expired-offset": 8,
    "repeated-offset": SourceContentError,
    "sync-token-expired": SourceContentError,
    "not-in-plan": SourceError,
    "not-shared": SourceAuthError,
    "shrunken-lists": 0,
}
SALESFORCE: dict[str, type[SourceError] | int] = {
    "lost-session": 8,
    "expired-locator": 8,
    "repeated-locator": SourceContentError,
    "day-used-up": SourceRateLimitedError,
    "query-timeout": SourceUnavailableError,
    "not-allowed": SourceAuthError,
    "shrunken-answers": 0,
}


def test_every_named_fault_is_tried() -> None:
    assert (set(ASANA), set(SALESFORCE)) == (set(ASANA_FAULTS), set(SALESFORCE_FAULTS))


@pytest.mark.parametrize("name", ASANA)
def test_a_fault_of_asana_ends_as_expected_a6_a10_a12_a18(name: str) -> None:
    with running_office() as office:
        for number in range(8):
            office.add(f"Task {number}")
        for fault in ASANA_FAULTS[name]():
            office.server.add_fault(fault)
        _ends(lambda: office.connector(http=AsanaHttpOptions(attempts=2)), ASANA[name])


@pytest.mark.parametrize("name", SALESFORCE)
def test_a_fault_of_salesforce_ends_as_expected_s4_s8_s9_s15_s16(name: str) -> None:
    with running_sales() as sales:
        for number in range(8):
            sales.add(f"Deal {number}")
        for fault in SALESFORCE_FAULTS[name]():
            sales.server.add_fault(fault)
        _ends(lambda: sales.connector(http=HttpOptions(attempts=2)), SALESFORCE[name])


def _ends(connector: object, expected: type[SourceError] | int) -> None:
    assert callable(connector)
    if isinstance(expected, int):
        assert len({record.native_id for record in full_read(connector())}) == expected
        return
    with pytest.raises(expected):
        full_read(connector())
