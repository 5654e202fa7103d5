"""Where a name may lead: never to where machines and clouds talk to themselves, looked at when a connection is made."""

import ipaddress
import socket
from collections.abc import Callable
from typing import TypeAlias

from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from model.errors import SourceUnavailableError
from model.loopback import is_loopback

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254")))
"""Where some clouds tell a machine its credentials; others use link-local addresses."""
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that are translated to the IPv4 address in their last 32 bits."""


def connect_to_a_place(source: str, connection: HTTPConnection, connect: Callable[[], socket.socket]) -> socket.socket:
    """Let a connection look up its host here and connect to an address that it may, the first that answers.

    Through a proxy the proxy looks it up, and which one that is the environment says.
    """
    if connection.proxy is not None:
        return connect()
    host = connection._dns_host
    try:
        places = allowed_places(source, host.strip("[]"), connection.port)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    failure: Exception | None = None
    try:
        for connection._dns_host in places:
            try:
                return connect()
            except (NewConnectionError, ConnectTimeoutError) as error:
                failure = error
    finally:
        connection._dns_host = host
    raise failure or NewConnectionError(connection, "the name has no address")


def allowed_places(source: str, host: str, port: int) -> list[str]:
    """The numeric addresses of a host, to be called as they are: a second look at the name could give another (F8).

    Loopback is for hosts that are written as this machine; link-local and multicast addresses and those at which a
    cloud hands out credentials are for nobody. Raise OSError when the name has no address, SourceUnavailableError when
    one of its addresses is not allowed; then none is called.
    """
    found = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)
    numeric = list(dict.fromkeys(str(each[4][0]) for each in found))
    for address in numeric:
        if not _is_allowed(address, host):
            raise SourceUnavailableError(
                f"{host} leads to {address}, an address inside this machine or its cloud; it was not called",
                location=source,
                hint="correct the url of the source or what the name service says of it; a service on this machine is"
                " written as 127.0.0.1 or localhost",
            )
    return numeric


def _is_allowed(text: str, host: str) -> bool:
    try:
        address = _meant(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return False
    if address.is_loopback:
        return is_loopback(host)
    closed = address.is_link_local or address.is_multicast or address.is_unspecified or address in _METADATA
    return not closed


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _TRANSLATED or (int(address) >> 32 == 0 and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
