"""What can be set about the running daemon: where it tells its health and figures, and who may ask."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from config.traces import TracesOptions
from model.loopback import is_loopback
from model.options import Duration, Options
from model.secret import Secret


class ServiceOptions(Options):
    """Health and metrics of the daemon over HTTP, /healthz, /readyz and /metrics, and what watches over it."""

    host: str = "127.0.0.1"
    """The address to listen on; on one that other machines reach, a token is required."""
    port: Annotated[int | None, Field(ge=1, le=65535, examples=[9464])] = None
    """The port to listen on; left out: nothing listens."""
    token: Annotated[Secret | None, Field(examples=["env:DRIFTLINE_METRICS_TOKEN"])] = None
    """Who asks must send it as Authorization: Bearer; left out on this machine alone: everybody here may ask."""
    job_deadline: Annotated[Duration, Field(ge=timedelta(minutes=1))] = timedelta(hours=6)
    """How long a run or any other job of the daemon may take, at least 1m. When one goes on beyond that, its source
    counts as failed, and the daemon ends with exit code 3, so that its service manager starts it anew."""
    dead_man_url: Annotated[Secret | None, Field(examples=["env:DRIFTLINE_DEAD_MAN_URL"])] = None
    """An https address that is asked whenever every source was read completely since the last time, as a reference: a
    service that raises the alarm when it is asked no more notices that the daemon itself is gone."""
    traces: TracesOptions | None = None
    """Where the spans of runs are sent, step by step; left out: nowhere. Taken at the start of a program."""

    @model_validator(mode="after")
    def _guarded(self) -> "ServiceOptions":
        if self.port is not None and self.exposed:
            raise ValueError(f"{self.host} can be reached from other machines: set service.token, or host: 127.0.0.1")
        return self

    @property
    def exposed(self) -> bool:
        """Whether whoever reaches this machine could ask, if something listened."""
        return self.token is None and not is_loopback(self.host)
