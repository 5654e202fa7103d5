from collections.abc import Iterator
from datetime import date

import pytest

from model.errors import SourceAuthError
from model.reading import DiscoveredField
from tests.connectors.salesforce.desk import MIA, Sales, running_sales

SOLD = "OpportunityLineItems.Product2.Name"


@pytest.fixture
def sales() -> Iterator[Sales]:
    with running_sales() as sales:
        yield sales


def _found(sales: Sales, **changes: object) -> dict[str, DiscoveredField]:
    return {field.id: field for field in sales.connector(**changes).discover().fields}


def test_the_org_s_own_fields_are_found_with_a_sample_and_what_reads_them(sales: Sales) -> None:
    sales.org.add_field("Region__c", "picklist")
    sales.add()
    native_id = sales.add(promised_date=date(2026, 9, 30))
    sales.org.set_field(native_id, "Region__c", "DACH", by=MIA)
    found = _found(sales, fields={"stage_name": "StageName"})
    assert found["Region__c"] == DiscoveredField(
        "Region__c", "Region", "picklist", "DACH", ("Opportunities",), "Region__c", ""
    )
    assert found["Promised_Date__c"].kept_as == "promised_date_field"
    assert found["Promised_Date__c"].sample == "2026-09-30"
    assert found["StageName"].kept_as == "stage_name"
    assert "CloseDate" not in found, "what every deal has is not offered"


def test_products_are_offered_where_they_may_be_seen(sales: Sales) -> None:
    sales.org.add_product(sales.add(), "Aurora Core", "AUR-CORE")
    found = _found(sales, fields={"sold": SOLD.lower()})
    assert (found[SOLD].sample, found[SOLD].kept_as) == ("Aurora Core", "sold")
    sales.org.hidden_objects.add("OpportunityLineItem")
    assert SOLD not in _found(sales)


def test_compound_and_hidden_fields_are_not_offered_s14_s25(sales: Sales) -> None:
    sales.org.add_field("Site__c", "location")
    sales.org.hidden_fields.add("Deal_Number__c")
    assert not {"Site__c", "Deal_Number__c"} & set(_found(sales))


def test_wrong_fields_do_not_keep_from_finding_the_right_ones(sales: Sales) -> None:
    discovery = sales.connector(promised_date_field="Promise_Date__c").discover()
    assert "Promised_Date__c" in {field.id for field in discovery.fields}
    (problem,) = discovery.problems
    assert "Promise_Date__c" in problem.message


def test_hundreds_of_fields_are_asked_for_in_legal_addresses_s17(sales: Sales) -> None:
    for number in range(500):
        sales.org.add_field(f"A_rather_long_name_of_a_field_{number:03d}__c", "string")
    sales.add()
    assert len(_found(sales)) > 500


def test_an_org_that_does_not_know_us_shows_nothing(sales: Sales) -> None:
    with pytest.raises(SourceAuthError):
        sales.connector(secret="wrong").discover()
