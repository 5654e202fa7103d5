"""What can be set about traces: where the spans of runs go."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, field_validator

from model.loopback import is_loopback
from model.options import Options
from model.secret import Secret

PATH = "/v1/traces"
"""Where OTLP over HTTP takes traces, below the address of a collector."""
HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]


class TracesOptions(Options):
    """Traces of runs over OpenTelemetry's protocol (OTLP over HTTP). Needs the extra traces of the installation."""

    endpoint: Annotated[str, Field(examples=["https://otel.example.com:4318"])]
    """The https address of a collector, or plain http on this machine; without a path, /v1/traces is asked."""
    headers: Mapping[HeaderName, Secret] = Field({}, examples=[{"Authorization": "env:DRIFTLINE_TRACES_AUTH"}])
    """Headers to send along, each as a reference to a secret."""
    name: Annotated[str, Field(min_length=1, max_length=100)] = "driftline"
    """By which service name the traces are found; to tell several installations apart."""

    @field_validator("endpoint")
    @classmethod
    def _is_an_address(cls, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        host = parts.hostname
        _ = parts.port  # raises ValueError for what is none
        if parts.scheme not in ("https", "http") or not host:
            raise ValueError("write it as https://host")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("it holds no user, password or query: what is secret goes into headers")
        if parts.scheme == "http" and not is_loopback(host):
            raise ValueError("write https://; plain http is allowed on this machine only")
        return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") or PATH, "", ""))
