from collections.abc import Iterator

import pytest

from connectors.salesforce.soql import chunks
from mapping.load import load_mapping
from mapping.match import Matcher, Names
from mapping.strict_yaml import SourceText
from model.errors import SourceContentError, SourceGoneError, SourceUnavailableError
from model.reading import Cursor
from sandbox.http import Fault, Response
from tests.connectors.contract import NOW, records_of
from tests.connectors.salesforce.desk import MIA, Sales, running_sales

SOLD = {
    "products": "OpportunityLineItems.Product2.Name",
    "product_codes": "opportunitylineitems.Product2.ProductCode",
}


@pytest.fixture
def sales() -> Iterator[Sales]:
    with running_sales() as sales:
        yield sales


def test_a_deal_names_its_products_for_rules_to_match_on(sales: Sales) -> None:
    nordwind, _ = sales.add("Nordwind"), sales.add("Kessler")
    for name, code in (("Aurora Sorting", "AUR-SRT"), ("Aurora Core", "AUR-CORE"), ("Aurora Core", "AUR-CORE")):
        sales.org.add_product(nordwind, name, code)
    sales.org.add_product(nordwind, "Training", None)
    deals = sales.read(fields=SOLD)
    assert deals["Nordwind"].custom == {
        "products": ("Aurora Core", "Aurora Sorting", "Training"),
        "product_codes": ("AUR-CORE", "AUR-SRT"),
    }
    assert deals["Nordwind"].provenance["products"] == "OpportunityLineItem.Product2.Name"
    assert deals["Kessler"].custom == {"products": (), "product_codes": ()}, "known to have none"


def test_without_the_option_line_items_are_not_asked_for(sales: Sales) -> None:
    sales.org.add_product(sales.add(), "Aurora Core")
    assert sales.one().custom == {}
    assert not any("OpportunityLineItem" in line for line in sales.server.requests)


def test_fetched_deals_name_their_products_too(sales: Sales) -> None:
    native_id = sales.add()
    sales.org.add_product(native_id, "Aurora Core")
    (deal,) = sales.connector(fields=SOLD).fetch([native_id])
    assert deal.custom["products"] == ("Aurora Core",)


def test_a_product_that_changes_without_a_trace_is_seen_on_the_next_run_s11(sales: Sales) -> None:
    native_id = sales.add()
    line = sales.org.add_product(native_id, "Aurora Core")
    sales.org.remove_product(line)
    sales.org.add_product(native_id, "Aurora Sorting")
    connector = sales.connector(fields=SOLD)
    (deal,) = records_of(connector.side_tables())
    assert deal.custom["products"] == ("Aurora Sorting",)
    assert records_of(connector.changed(Cursor(NOW.isoformat()))) == []


def test_what_one_run_has_read_in_full_is_not_read_twice(sales: Sales) -> None:
    ids = [sales.add(f"Deal {number}") for number in range(7)]
    connector = sales.connector(fields=SOLD)
    assert len(records_of(connector.side_tables())) == 7
    sales.clock.now = NOW
    sales.org.set_stage(ids[0], "Proposal", by=MIA)
    (late,) = records_of(connector.changed(None))
    assert late.native_id == ids[0], "what changed in the meantime is read again"


@pytest.mark.parametrize("refusal", [None, Response([{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}], 403)])
def test_hidden_line_items_stop_the_read_for_unknown_is_not_none_s14(sales: Sales, refusal: Response | None) -> None:
    sales.add()
    if refusal is None:
        sales.org.hidden_objects.add("OpportunityLineItem")
    else:
        sales.server.add_fault(Fault("OpportunityLineItem", refusal, times=None))
    with pytest.raises(SourceGoneError, match="line items of opportunities cannot be read: crm") as caught:
        sales.read(fields=SOLD)
    assert "read access" in caught.value.problems[0].hint
    (problem,) = sales.connector(fields=SOLD).probe().problems
    assert problem == caught.value.problems[0]


@pytest.mark.parametrize("row", [{"Id": "1"}, {"Id": "1", "OpportunityId": "006x", "Product2": None}])
def test_line_items_of_another_form_are_an_error(sales: Sales, row: dict[str, object]) -> None:
    sales.add()
    answer = Response({"done": True, "totalSize": 1, "records": [row]})
    sales.server.add_fault(Fault("OpportunityLineItem", answer, times=None))
    with pytest.raises(SourceContentError, match="line items"):
        sales.read(fields=SOLD)


def test_a_line_item_without_a_product_names_none(sales: Sales) -> None:
    native_id = sales.add()
    row = {"Id": "1", "OpportunityId": native_id, "Product2": None}
    answer = Response({"done": True, "totalSize": 1, "records": [row]})
    sales.server.add_fault(Fault("OpportunityLineItem", answer, times=None))
    assert sales.one(fields=SOLD).custom["products"] == ()


def test_line_items_that_cannot_be_read_now_are_an_error_and_not_none(sales: Sales) -> None:
    sales.add()
    busy = Response([{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}], 503)
    sales.server.add_fault(Fault("OpportunityLineItem", busy, times=None))
    with pytest.raises(SourceUnavailableError):
        sales.read(fields=SOLD)


@pytest.mark.parametrize("path", ["OpportunityLineItems.Product2.Color__c", "OpportunityLineItems.Nothing__c"])
def test_a_field_that_line_items_do_not_have_is_named_s14(sales: Sales, path: str) -> None:
    sales.add()
    with pytest.raises(SourceGoneError, match="No such column") as caught:
        sales.read(fields={"what": path})
    assert path.partition(".")[2] in caught.value.summary
    (problem,) = sales.connector(fields={"what": path}).probe().problems
    assert problem == caught.value.problems[0]


def test_a_promise_cannot_stand_on_a_line_item(sales: Sales) -> None:
    with pytest.raises(SourceGoneError, match="has no field OpportunityLineItems"):
        sales.read(promised_field="OpportunityLineItems.Product2.Name", fields=SOLD)


def test_a_rule_links_the_deals_that_sell_a_product(sales: Sales) -> None:
    sales.org.add_product(sales.add("Nordwind"), "Aurora Core")
    sales.org.add_product(sales.add("Kessler"), "Training")
    deals = list(sales.read(fields=SOLD).values())
    objectives = SourceText("objectives.yaml", "version: 1\nobjectives: [{id: AUR, name: Aurora, level: measure}]\n")
    match = "{kind: deal, fields: {products: Aurora Core}}"
    rule = f"{{name: Sold, role: promises, objective: AUR, source: crm, match: {match}}}"
    rules = SourceText("rules.yaml", f"version: 1\nrules: [{rule}]\n")
    loaded = load_mapping([objectives], [rules], sources=["crm"], custom_fields={"crm": SOLD})
    matcher = Matcher(loaded, Names.of(deals))
    assert {deal.title: bool(matcher.match(deal).links) for deal in deals} == {"Nordwind": True, "Kessler": False}


def test_a_thousand_deals_are_asked_about_in_addresses_of_a_legal_length_s17() -> None:
    with running_sales() as sales:
        sales.server.page_size = 2000
        ids = [sales.add(f"Deal {number}", key=f"OPP-{number:04d}") for number in range(1000)]
        for native_id in ids[::100]:
            sales.org.add_product(native_id, "Aurora Core")
        deals = records_of(sales.connector(fields=SOLD).changed(None))
        assert sum(deal.custom["products"] == ("Aurora Core",) for deal in deals) == 10
        asked = [line for line in sales.server.requests if "FROM+OpportunityLineItem" in line]
        assert len(asked) == 3
        many = {f"field_{number}": f"A_rather_long_name_of_a_field_{number:03d}__c" for number in range(200)}
        for name in many.values():
            sales.org.add_field(name, "string")
        assert len(list(sales.connector(fields=many).fetch(ids))) == 1000, "many fields leave room for fewer ids"


def test_more_fields_than_fit_in_a_query_are_told_s17(sales: Sales) -> None:
    many = {f"field_{number}": f"A_rather_long_name_of_a_field_{number:03d}__c" for number in range(300)}
    for name in many.values():
        sales.org.add_field(name, "string")
    with pytest.raises(SourceGoneError, match="more fields than fit in one query"):
        sales.read(fields=many)


def test_ids_are_cut_into_chunks_and_none_is_lost_s17() -> None:
    ids = [f"006Dm00000{number:05d}IAA" for number in range(1001)]
    assert [one for part in chunks(ids) for one in part] == ids
    assert [len(part) for part in chunks(ids)] == [400, 400, 201]
    assert max(len(part) for part in chunks(ids, ["A" * 9_000])) < 150
