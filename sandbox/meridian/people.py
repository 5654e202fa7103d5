"""The people of the demo company; every address ends in the reserved domain ``example``."""

from typing import Final

DOMAIN: Final = "meridian.example"


def address(name: str) -> str:
    """``Aisha Rahman`` becomes ``aisha.rahman@meridian.example``."""
    plain = name.lower().replace("ö", "oe").replace("á", "a").replace(" ", ".")
    return f"{plain}@{DOMAIN}"


COO: Final = "Martin Keller"
CFO: Final = "Claire Dubois"
CONTROLLER: Final = "Renate Vogel"
SALES: Final = "Paul Novak"
PRODUCT: Final = "Aisha Rahman"
IT: Final = "Jonas Weber"
OPERATIONS: Final = "Lena Brandt"
GATEWAY_LEAD: Final = "Tomas Silva"
ACCOUNT_MANAGER: Final = "Mira Lindholm"

EVERYONE: Final = (COO, CFO, CONTROLLER, SALES, PRODUCT, IT, OPERATIONS, GATEWAY_LEAD, ACCOUNT_MANAGER)
