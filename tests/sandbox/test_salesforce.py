from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import SalesforceLogin

from sandbox.salesforce import SalesforceOrg, SalesforceServer
from sandbox.salesforce.org import long_id

NOW = datetime(2026, 9, 14, 8, 0, tzinfo=UTC)
MIA = "mia@example.com"


class Desk:
    """An org behind a running server, and a signed-in client of it."""

    def __init__(self) -> None:
        self.now = NOW
        self.org = SalesforceOrg(now=lambda: self.now)
        self.org.add_person(MIA, "Mia Roth")
        self.server = SalesforceServer(self.org, page_size=2)

    def sign_in(self, secret: str = "sf-secret") -> requests.Response:
        form = {"grant_type": "client_credentials", "client_id": "driftline", "client_secret": secret}
        return requests.post(f"{self.server.url}/services/oauth2/token", data=form, timeout=5)

    def get(self, path: str, token: str | None = None, **query: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {token or self.sign_in().json()['access_token']}"}
        return requests.get(f"{self.server.url}{path}", params=query, headers=headers, timeout=5)

    def query(self, soql: str, kind: str = "query") -> Any:
        return self.get(f"/services/data/v62.0/{kind}/", q=soql).json()

    def add(self, name: str = "Deal", **values: Any) -> str:
        given: dict[str, Any] = {
            "amount": Decimal(1000),
            "probability": 50,
            "close": date(2026, 9, 30),
            "stage": "Proposal",
        }
        return self.org.add_opportunity(name, account="Acme", owner=MIA, created=NOW, **(given | values))


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    with desk.server:
        yield desk


def test_a_wrong_secret_is_an_invalid_client(desk: Desk) -> None:
    refused = desk.sign_in("other")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client")
    assert desk.sign_in().json()["instance_url"] == desk.server.url


def test_a_token_that_was_not_given_out_or_has_ended_is_an_invalid_session(desk: Desk) -> None:
    token = desk.sign_in().json()["access_token"]
    assert desk.get("/services/oauth2/userinfo", token).json()["organization_id"] == "00DDm00000Meri1MAB"
    desk.server.expire_sessions()
    refused = desk.get("/services/data/v62.0/query/", token, q="SELECT Id FROM Opportunity")
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_a_query_pages_by_locator_and_tells_the_limit(desk: Desk) -> None:
    ids = [desk.add(f"Deal {number}") for number in range(5)]
    token = desk.sign_in().json()["access_token"]
    soql = "SELECT Id FROM Opportunity ORDER BY Id"
    response = desk.get("/services/data/v62.0/query/", token, q=soql)
    assert response.headers["Sforce-Limit-Info"].startswith("api-usage=")
    answer, seen = response.json(), []
    while True:
        seen.append([row["Id"] for row in answer["records"]])
        if answer["done"]:
            break
        answer = desk.get(answer["nextRecordsUrl"], token).json()
    assert seen == [ids[:2], ids[2:4], ids[4:]]
    assert answer["totalSize"] == 5


def test_a_row_has_json_values_and_nested_relations(desk: Desk) -> None:
    native_id = desk.add(promised="Aurora 4.0", promised_date=date(2026, 9, 30), key="OPP-0001")
    fields = "Id, Amount, CloseDate, SystemModstamp, Owner.Email, Account.Name, Deal_Number__c"
    (row,) = desk.query(f"SELECT {fields} FROM Opportunity")["records"]
    assert row["Id"] == native_id
    assert row["Amount"] == 1000.0
    assert row["CloseDate"] == "2026-09-30"
    assert row["SystemModstamp"] == "2026-09-14T08:00:00.000+0000"
    assert (row["Owner"]["Email"], row["Account"]["Name"], row["Deal_Number__c"]) == (MIA, "Acme", "OPP-0001")


def test_conditions_order_and_count_are_understood(desk: Desk) -> None:
    first, second = desk.add("First"), desk.add("Second")
    desk.now = NOW + timedelta(hours=1)
    desk.org.set_amount(first, Decimal(7), by=MIA)
    later = "SELECT Id FROM Opportunity WHERE SystemModstamp >= 2026-09-14T09:00:00Z"
    assert [row["Id"] for row in desk.query(later)["records"]] == [first]
    named = f"SELECT Id FROM Opportunity WHERE Id IN ('{first}', '{second}') AND Amount > 7"
    assert [row["Id"] for row in desk.query(named)["records"]] == [second]
    ordered = "SELECT Id FROM Opportunity ORDER BY SystemModstamp, Id LIMIT 1"
    assert [row["Id"] for row in desk.query(ordered)["records"]] == [second]
    assert desk.query("SELECT COUNT() FROM Opportunity")["totalSize"] == 2


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Nothing__c FROM Opportunity", "INVALID_FIELD"),
        ("SELECT Id FROM Deal", "INVALID_TYPE"),
        ("SELECT * FROM Opportunity", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity WHERE SystemModstamp >= 2026-09-14T09:00:00", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity WHERE Id IN ('nonsense')", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Opportunity WHERE Id", "MALFORMED_QUERY"),
    ],
)
def test_a_query_that_salesforce_would_refuse_is_refused(desk: Desk, soql: str, code: str) -> None:
    (error,) = desk.query(soql)
    assert error["errorCode"] == code


def test_a_deleted_opportunity_is_shown_by_query_all_only(desk: Desk) -> None:
    native_id = desk.add()
    desk.org.delete(native_id)
    assert desk.query("SELECT Id FROM Opportunity")["records"] == []
    (row,) = desk.query("SELECT Id, IsDeleted FROM Opportunity", "queryAll")["records"]
    assert (row["Id"], row["IsDeleted"]) == (native_id, True)


def test_moves_leave_history_with_who_and_when(desk: Desk) -> None:
    native_id = desk.add(promised_date=date(2026, 9, 30))
    desk.now = NOW + timedelta(hours=1)
    desk.org.move_promise(native_id, date(2026, 11, 15), by=MIA)
    desk.org.move_close(native_id, date(2026, 12, 18), by=MIA)
    desk.org.set_stage(native_id, "Closed Won", by=MIA)
    tracked = desk.query(
        "SELECT Field, OldValue, NewValue, CreatedBy.Email FROM OpportunityFieldHistory"
        " WHERE Field = 'Promised_Date__c' ORDER BY CreatedDate, Id"
    )["records"]
    assert [(row["OldValue"], row["NewValue"], row["CreatedBy"]["Email"]) for row in tracked] == [
        ("2026-09-30", "2026-11-15", MIA)
    ]
    answer = desk.query("SELECT StageName, CloseDate FROM OpportunityHistory ORDER BY CreatedDate, Id LIMIT 2")
    assert [row["CloseDate"] for row in answer["records"]] == ["2026-09-30", "2026-09-30"]
    assert desk.query("SELECT IsWon, IsClosed FROM Opportunity")["records"][0]["IsWon"] is True


def test_currencies_appear_when_an_opportunity_names_one(desk: Desk) -> None:
    desk.add("Plain")
    (error,) = desk.query("SELECT CurrencyIsoCode FROM Opportunity")
    assert error["errorCode"] == "INVALID_FIELD"
    desk.add("Foreign", currency="USD")
    rows = desk.query("SELECT Name, CurrencyIsoCode FROM Opportunity")["records"]
    assert {row["Name"]: row["CurrencyIsoCode"] for row in rows} == {"Plain": "EUR", "Foreign": "USD"}


def test_hidden_fields_are_neither_described_nor_selectable(desk: Desk) -> None:
    desk.org.hidden_fields.add("Amount")
    described = desk.get("/services/data/v62.0/sobjects/Opportunity/describe").json()["fields"]
    assert "Amount" not in {field["name"] for field in described}
    assert desk.query("SELECT Amount FROM Opportunity")[0]["errorCode"] == "INVALID_FIELD"


def test_only_served_versions_answer(desk: Desk) -> None:
    assert desk.get("/services/data/v99.0/query/", q="SELECT Id FROM Opportunity").status_code == 404
    listed = requests.get(f"{desk.server.url}/services/data", timeout=5).json()
    assert "62.0" in {row["version"] for row in listed}


def test_a_long_id_tells_its_capitals() -> None:
    assert long_id("001A0000006Vm9r") == "001A0000006Vm9rIAC"


def _refresh(desk: Desk, token: str) -> requests.Response:
    form = {"grant_type": "refresh_token", "client_id": "driftline", "refresh_token": token}
    return requests.post(f"{desk.server.url}/services/oauth2/token", data=form, timeout=5)


def test_a_refresh_token_is_good_for_ever_or_once_with_rotation(desk: Desk) -> None:
    desk.org.refresh_tokens = {"first"}
    assert "refresh_token" not in _refresh(desk, "first").json()
    desk.org.rotates_refresh_tokens = True
    second = _refresh(desk, "first").json()["refresh_token"]
    assert _refresh(desk, "first").json()["error"] == "invalid_grant"
    token = _refresh(desk, second).json()["access_token"]
    assert desk.get("/services/oauth2/userinfo", token).status_code == 200


def test_soap_login_gives_a_session_to_the_official_client(desk: Desk) -> None:
    desk.org.passwords[MIA] = "secrettoken"
    session, host = SalesforceLogin(
        username=MIA, password="secret", security_token="token", sf_version="62.0", scratch_url=desk.server.url
    )
    assert desk.server.url == f"http://{host}"
    assert desk.get("/services/data/v62.0/query/", session, q="SELECT Id FROM Opportunity").status_code == 200
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        SalesforceLogin(username=MIA, password="no", security_token="token", scratch_url=desk.server.url)
    with pytest.raises(SalesforceAuthenticationFailed, match="UNSUPPORTED_API_VERSION"):
        SalesforceLogin(
            username=MIA, password="secret", security_token="token", sf_version="65.0", scratch_url=desk.server.url
        )


def test_the_daily_limit_counts_what_others_ask(desk: Desk) -> None:
    desk.org.daily_requests, desk.org.requests_of_others = 5_000, 4_000
    response = desk.get("/services/data/v62.0/query/", q="SELECT Id FROM Opportunity")
    assert response.headers["Sforce-Limit-Info"] == "api-usage=4002/5000"


def test_line_items_name_their_products(desk: Desk) -> None:
    native_id = desk.add()
    line = desk.org.add_product(native_id, "Aurora Core", "AUR-CORE")
    soql = (
        f"SELECT Id, Product2.Name, Product2.ProductCode FROM OpportunityLineItem WHERE OpportunityId = '{native_id}'"
    )
    (row,) = desk.query(soql)["records"]
    assert (row["Id"], row["Product2"]["Name"], row["Product2"]["ProductCode"]) == (line, "Aurora Core", "AUR-CORE")
    desk.org.remove_product(line)
    assert desk.query(soql)["records"] == []


def test_merged_accounts_leave_their_opportunities_to_the_winner(desk: Desk) -> None:
    native_id = desk.add()
    desk.now = NOW + timedelta(hours=1)
    desk.org.merge_accounts(winner="Acme Group", loser="Acme")
    (row,) = desk.query("SELECT Id, AccountId, Account.Name, SystemModstamp FROM Opportunity")["records"]
    assert (row["Id"], row["Account"]["Name"]) == (native_id, "Acme Group")
    assert row["AccountId"] == desk.org.accounts["Acme Group"]["Id"]
    assert row["SystemModstamp"] == "2026-09-14T09:00:00.000+0000"


def test_an_address_that_is_too_long_with_its_headers_is_refused(desk: Desk) -> None:
    ids = ", ".join(["'006Dm0000099999IAA'"] * 600)
    response = desk.get("/services/data/v62.0/query/", q=f"SELECT Id FROM Opportunity WHERE Id IN ({ids})")
    assert (response.status_code, response.json()[0]["errorCode"]) == (414, "URI_TOO_LONG")
