"""Which addresses a source may be called at."""

from typing import TypeAlias
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from model.errors import ConfigurationError
from model.loopback import is_loopback

Origin: TypeAlias = tuple[str, str, int]

_PORTS = {"https": 443, "http": 80}


def origin(url: str) -> Origin:
    """Scheme, host and port; an address without a valid port belongs to no origin."""
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS.get(parts.scheme, -1)
    except ValueError:
        port = -1
    return parts.scheme, (parts.hostname or "").lower(), port


def site(url: str) -> str:
    """The address without path, query and user, to be shown."""
    scheme, host, port = origin(url)
    return f"{scheme}://{host}" if port == _PORTS.get(scheme) else f"{scheme}://{host}:{port}"


def allowed_origin(source: str, url: str) -> Origin:
    """The origin of a configured address. Raise ConfigurationError unless it is https, or http on this machine (F8)."""
    scheme, host, port = origin(url)
    if not host or port <= 0 or scheme not in _PORTS or not _can_be_called(url):
        raise ConfigurationError(f"{url!r} is not an address", location=source, hint="write url as https://host")
    if scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"{source} would be read over plain http from {host}",
            location=source,
            hint="write https:// in url; plain http is allowed on this machine only",
        )
    return scheme, host, port


def _can_be_called(url: str) -> bool:
    """Whether the library that calls it reads the same host in it."""
    try:
        host = parse_url(url).host or ""
    except LocationParseError:
        return False
    return host.strip("[]").lower() == origin(url)[1]
