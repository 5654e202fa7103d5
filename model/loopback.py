"""Which addresses can only mean the machine that one is on."""

from ipaddress import IPv6Address, ip_address


def is_loopback(host: str) -> bool:
    """Whether a host, as it is written, certainly means this machine; an IPv6 address may stand in brackets.

    An IPv4 address that is written as an IPv6 one does not: the versions of Python do not agree on it.
    """
    if host.casefold() == "localhost":
        return True
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return address.is_loopback and not (isinstance(address, IPv6Address) and address.ipv4_mapped is not None)
