"""Traces: the spans of this process go to a collector, when the settings name one. Nothing is imported otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager

from config.traces import TracesOptions
from model.errors import ConfigurationError
from model.spans import traced_by


@contextmanager
def tracing(options: TracesOptions | None) -> Iterator[None]:
    """Send the spans that end within the block; what the collector does disturbs nothing.

    Raise ConfigurationError when the installation lacks the extra. Leaving takes a moment, for what is left to be sent,
    and never longer than that.
    """
    if options is None:
        yield
        return
    try:
        from service.traces_export import Export
    except ImportError as error:
        raise ConfigurationError(
            f"traces need {error.name or 'a library'}, which is not installed",
            location="service.traces",
            hint="pip install 'driftline[traces]', or take service.traces out of the settings",
        ) from error
    export = Export(options)
    try:
        with traced_by(export):
            yield
    finally:
        export.close()
