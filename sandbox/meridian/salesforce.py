"""Meridian's Salesforce: eighteen opportunities, most of them sold with a launch in mind."""

from datetime import UTC, date, datetime
from decimal import Decimal

from sandbox.meridian.people import ACCOUNT_MANAGER, EVERYONE, SALES, address
from sandbox.salesforce import SalesforceOrg

AURORA_4 = "Aurora 4.0"

# number, account, amount in EUR, probability in percent, stage, what was promised, for when
_ROWS: tuple[tuple[int, str, int, int, str, str | None, date | None], ...] = (
    (1, "Nordwind Logistik", 480_000, 80, "Negotiation", AURORA_4, date(2026, 9, 30)),
    (2, "Kessler Maschinenbau", 360_000, 60, "Proposal", AURORA_4, date(2026, 9, 30)),
    (3, "Porto Cargo", 250_000, 50, "Proposal", AURORA_4, date(2026, 10, 15)),
    (4, "Helvetia Post", 640_000, 90, "Negotiation", AURORA_4, date(2026, 10, 1)),
    (5, "Balder Shipping", 310_000, 100, "Closed Won", AURORA_4, date(2026, 10, 31)),
    (6, "Atlas Retail", 420_000, 40, "Qualification", AURORA_4, date(2026, 11, 16)),
    (7, "Orion Parts", 500_000, 0, "Closed Lost", AURORA_4, date(2026, 9, 30)),
    (8, "Tessin Pharma", 200_000, 75, "Negotiation", AURORA_4, date(2026, 12, 31)),
    (9, "Lund Foods", 90_000, 60, "Proposal", "Aurora 4.1", date(2026, 11, 30)),
    (10, "Verde Energia", 220_000, 50, "Proposal", "AUR-140", date(2026, 10, 31)),
    (11, "Rhein Klinik", 150_000, 70, "Negotiation", "Field 2.0", date(2026, 11, 15)),
    (12, "Skane Service", 95_000, 40, "Qualification", "Field 2.0", date(2026, 12, 1)),
    (13, "Lisboa Elevadores", 130_000, 60, "Proposal", "Field 2.0", date(2026, 11, 30)),
    (14, "Alpen Lift", 175_000, 100, "Closed Won", "Field 2.0", date(2026, 11, 1)),
    (15, "Hansa Parcel", 270_000, 65, "Negotiation", "Routing 1.0", date(2026, 10, 15)),
    (16, "Metro Kurier", 185_000, 35, "Qualification", "Routing 1.0", date(2026, 11, 1)),
    (17, "Brenner Freight", 80_000, 20, "Prospecting", None, None),
    (18, "Adria Ports", 140_000, 30, "Qualification", None, None),
)


def build_salesforce(org: SalesforceOrg) -> dict[str, str]:
    """Fill the org as it stands on Monday, 14 September 2026; give the Salesforce id of each deal number."""
    for name in EVERYONE:
        org.add_person(address(name), name)
    ids: dict[str, str] = {}
    for number, account, amount, probability, stage, promised, promised_date in _ROWS:
        key = f"OPP-{number:04d}"
        ids[key] = org.add_opportunity(
            f"{account} {promised or 'framework'}",
            account=account,
            amount=Decimal(amount),
            probability=probability,
            close=date(2026, 6, 30) if stage.startswith("Closed") else date(2026, 9, 25),
            stage=stage,
            owner=address(SALES if number % 2 else ACCOUNT_MANAGER),
            promised=promised,
            promised_date=promised_date,
            created=datetime(2026, 4, 1 + number, 8, 0, tzinfo=UTC),
            key=key,
        )
    return ids
