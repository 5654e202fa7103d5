"""Spans on their way to a collector, over OpenTelemetry's protocol: in batches, on a thread of its own.

Only names, kinds, numbers and outcomes go out; what an error says does not, because it may quote a record.
"""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import requests
import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, StatusCode

from config.traces import TracesOptions
from model.spans import OpenSpan, Span, SpanValue
from service.metrics import program_version

log = structlog.get_logger("driftline.traces")

CLOSE_SECONDS = 1.5
"""How long the end of the process waits for what is left to be sent."""
ANSWER_SECONDS = 5.0
EVERY_MILLISECONDS = 5_000
MOST_WAITING = 8_192
"""How many spans wait to be sent; of more, the oldest are dropped."""
MOST_AT_ONCE = 512

_HTTP: Mapping[str, str] = {
    "method": "http.request.method",
    "host": "server.address",
    "status": "http.response.status_code",
}
"""What tools know by a name of its own; everything else is ours."""


class Export:
    """Takes the spans of this process and sends them; what cannot be sent is dropped, and told once."""

    def __init__(self, options: TracesOptions) -> None:
        # What goes wrong is told here, once, and not for each batch.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
        self._sender = _Sender(options)
        resource = Resource({"service.name": options.name, "service.version": program_version()})
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._sender,
                max_queue_size=MOST_WAITING,
                schedule_delay_millis=EVERY_MILLISECONDS,
                max_export_batch_size=MOST_AT_ONCE,
            )
        )
        self._tracer = self._provider.get_tracer("driftline", program_version())

    def here(self) -> OpenSpan:
        above = trace.set_span_in_context(trace.get_current_span())

        def open_below(name: str, /, **attributes: SpanValue) -> AbstractContextManager[Span]:
            return self._open(above, name, attributes)

        return open_below

    def note(self, **attributes: SpanValue) -> None:
        _Step(trace.get_current_span()).note(**attributes)

    @contextmanager
    def _open(self, above: Context, name: str, attributes: Mapping[str, SpanValue]) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name,
            context=above,
            kind=SpanKind.CLIENT if "method" in attributes else SpanKind.INTERNAL,
            record_exception=False,
            set_status_on_exception=False,
        ) as opened:
            step = _Step(opened)
            step.note(**attributes)
            try:
                yield step
            except BaseException as failure:
                opened.set_attribute("error.type", type(failure).__name__)
                opened.set_status(StatusCode.ERROR)
                raise

    def close(self) -> None:
        """Send what is left, for a moment; then the process goes on, whatever the collector does."""
        ending = threading.Thread(target=self._provider.shutdown, name="traces end", daemon=True)
        ending.start()
        ending.join(CLOSE_SECONDS)
        if ending.is_alive():
            self._sender.give_up("no answer in time")


class _Step:
    """One open span; or none, which takes no notice."""

    def __init__(self, opened: trace.Span) -> None:
        self._opened = opened

    def note(self, **attributes: SpanValue) -> None:
        for name, value in attributes.items():
            self._opened.set_attribute(_HTTP.get(name, f"driftline.{name}"), value)
        status = attributes.get("status", 0)
        if attributes.get("outcome") == "failed" or (isinstance(status, int) and status >= 400):
            self._opened.set_status(StatusCode.ERROR)


class _Sender(SpanExporter):
    """Sends batches; says once that it fails, and once that it goes on."""

    def __init__(self, options: TracesOptions) -> None:
        self._session = _Session()
        self._exporter = OTLPSpanExporter(
            endpoint=options.endpoint,
            headers={name: secret.reveal() for name, secret in options.headers.items()},
            timeout=ANSWER_SECONDS,
            compression=Compression.Gzip,
            session=self._session,
        )
        self._fails = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            if self._fails:
                log.info("traces.sent_again")
            self._fails = False
        else:
            self._tell(self._session.answered)
        return result

    def give_up(self, reason: str) -> None:
        self._tell(reason)
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True

    def _tell(self, reason: str) -> None:
        if not self._fails:
            log.warning("traces.not_sent", error=reason, hint="the spans are dropped until it works; nothing else is")
        self._fails = True


class _Session(requests.Session):
    """Remembers how the last attempt went. A server that cannot be reached is not tried again: the next batch is."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = _as_it_is
        self.answered = "could not be sent"

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            answer = super().request(*args, **kwargs)
        except requests.RequestException as failure:
            self.answered = type(failure).__name__
            raise OSError(self.answered) from None
        self.answered = f"answered {answer.status_code}"
        if 300 <= answer.status_code < 400:  # nobody follows it, and nobody took the spans
            raise OSError(self.answered)
        return answer


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without an authorisation of its own a session takes one from the machine's .netrc, over the header given."""
    return request
