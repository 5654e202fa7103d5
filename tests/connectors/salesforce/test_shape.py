"""What the configured fields of Opportunity are, and what becomes of a reading when one of them is not there (S9)."""

from collections.abc import Iterator

import pytest

from model.errors import SchemaDriftError, SourceGoneError
from tests.connectors.salesforce.desk import Sales, read_into, running_sales

FIELDS = {"region": "Region__c", "industry": "Account.Industry", "modules": "OpportunityLineItems.Product2.Name"}
HELD = {
    "key_field": "Deal_Number__c",
    "promised_field": "Launch_Release__c",
    "promised_date_field": "Promised_Date__c",
    "region": "Region__c",
    "amount": "Amount",
    "probability": "Probability",
    "stage": "StageName",
    "close_date": "CloseDate",
    "title": "Name",
}


@pytest.fixture
def sales() -> Iterator[Sales]:
    with running_sales() as sales:
        sales.org.add_field("Region__c", "picklist")
        sales.add()
        yield sales


def test_every_configured_field_has_its_api_name_and_type(sales: Sales) -> None:
    assert sales.connector(fields={"region": "region__C", "modules": FIELDS["modules"]}).shape() == {
        "key_field": "Deal_Number__c (string)",
        "promised_field": "Launch_Release__c (string)",
        "promised_date_field": "Promised_Date__c (date)",
        "region": "Region__c (picklist)",
        "modules": "Product2.Name of a line item",
    }


@pytest.mark.parametrize("name", HELD)
def test_a_field_that_is_gone_is_named_before_anything_is_read_s9_s14(sales: Sales, name: str) -> None:
    """Field-level security hides it, or somebody deleted it: describe leaves it out in both cases."""
    given = {"fields": {"region": "Region__c"}}
    sales.org.hidden_fields.add(HELD[name])
    with pytest.raises(SchemaDriftError) as caught:
        sales.connector(**given).shape()
    assert caught.value.fields == (name,)
    seen: list[str] = []
    with pytest.raises(SchemaDriftError) as caught:
        read_into(seen, sales.connector(**given).changed(None))
    assert (caught.value.fields, seen) == ((name,), [])


def test_a_relation_that_is_gone_names_what_it_fills(sales: Sales) -> None:
    sales.org.hidden_fields.add("OwnerId")
    with pytest.raises(SchemaDriftError) as caught:
        sales.connector().shape()
    assert caught.value.fields == ("owner",)


def test_a_field_of_a_related_record_that_is_gone_is_named(sales: Sales) -> None:
    """Describe of Opportunity does not tell it, so it is asked for once."""
    with pytest.raises(SchemaDriftError, match=r"does not show us Account\.Industry of an opportunity") as caught:
        sales.connector(fields={"region": "Region__c", "industry": "Account.Industry"}).shape()
    assert caught.value.fields == ("industry",)
    assert sales.connector(fields={"customer": "Account.Name"}).shape()["customer"] == "Account.Name"


def test_line_items_that_are_hidden_name_what_they_fill(sales: Sales) -> None:
    sales.org.hidden_objects.add("OpportunityLineItem")
    with pytest.raises(SchemaDriftError, match="line items of opportunities cannot be read") as caught:
        sales.connector(fields={"modules": FIELDS["modules"]}).shape()
    assert caught.value.fields == ("modules",)


@pytest.mark.parametrize(("kind", "name"), [("location", "region"), ("string", "promised_date_field")])
def test_a_type_that_cannot_be_read_is_drift(sales: Sales, kind: str, name: str) -> None:
    sales.org.add_field({"region": "Region__c", "promised_date_field": "Promised_Date__c"}[name], kind)
    with pytest.raises(SchemaDriftError) as caught:
        sales.connector(fields={"region": "Region__c"}).shape()
    assert caught.value.fields == (name,)


def test_another_type_is_another_shape(sales: Sales) -> None:
    before = sales.connector().shape()
    sales.org.add_field("Launch_Release__c", "reference")
    after = sales.connector().shape()
    assert {name for name in after if after[name] != before[name]} == {"promised_field"}


def test_too_many_fields_are_a_mistake_of_the_settings_and_no_drift(sales: Sales) -> None:
    names = [f"Field_{number}_{'x' * 25}__c" for number in range(500)]
    for name in names:
        sales.org.add_field(name, "string")
    with pytest.raises(SourceGoneError, match="more fields than fit") as caught:
        sales.connector(fields={name.casefold(): name for name in names}).shape()
    assert not isinstance(caught.value, SchemaDriftError)
