"""The exposition for Prometheus: fewer than 500 series, whatever the configuration and the records hold (F11)."""

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from model.deliveries import DeliveryState
from model.findings import FindingState, Severity
from model.measures import Latency
from pipeline import window
from service.beat import BUCKETS
from service.health import Health, SourceHealth
from state.faults import Fault

MOST_SOURCES = 25
"""So many sources are told one by one, in the order of the settings; the others together as ``other``."""
OTHER = "other"


def exposition(health: Health, *, waiting_seconds: float | None = None) -> bytes:
    """All figures in the text format; ``waiting_seconds`` is how long the oldest message waits."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told([*_process(health), *_sources(health.sources), *_state(health, waiting_seconds)]))
    return generate_latest(registry)


class _Told(Collector):
    """Figures that were read already."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def program_version() -> str:
    """The version of the installed program."""
    try:
        return version("driftline")
    except PackageNotFoundError:  # run from its folder, without having been installed
        return "unknown"


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"driftline_{name}", help_text, value=value)


def _process(health: Health) -> Iterator[Metric]:
    pulse = health.pulse
    build = GaugeMetricFamily(
        "driftline_build_info", "1, with the versions of the program and of Python.", labels=["version", "python"]
    )
    build.add_metric([program_version(), platform.python_version()], 1)
    yield build
    yield _gauge("up_seconds", "How long the process runs.", pulse.up_seconds)
    yield _gauge("beats", "1 while every thread that keeps the process going comes round in time.", pulse.beats)
    yield _gauge(
        "longest_job_under_way_seconds",
        "How long the job runs that began first of those under way; 0 without one.",
        max(pulse.under_way.values(), default=0.0),
    )
    if health.queue is not None:
        yield _gauge("queue_connected", "1 while a worker hears from the queue; of workers only.", health.queue)
    jobs = CounterMetricFamily("driftline_jobs", "Jobs that ended, since the start.", labels=["job", "outcome"])
    for (kind, outcome), number in sorted(pulse.ended.items()):
        jobs.add_metric([kind, outcome], number)
    yield jobs
    said = "How long runs took that this process judged, since the start."
    yield _histogram("run_duration_seconds", said, BUCKETS, pulse.runs, pulse.run_seconds)
    said = "From a server's acceptance of a message until that was noted: a kill in between doubles it."
    yield _histogram("delivery_window_seconds", said, window.BUCKETS, health.windows.counts, health.windows.seconds)


def _histogram(name: str, help_text: str, bounds: Sequence[float], counts: Sequence[int], total: float) -> Metric:
    """``counts`` has one number for each bound and one more for what lies above the last."""
    family = HistogramMetricFamily(f"driftline_{name}", help_text)
    below = list(accumulate(counts))
    family.add_metric([], list(zip([*map(str, bounds), "+Inf"], below, strict=True)), total)
    return family


@dataclass(frozen=True, slots=True)
class _PerSource:
    """One metric with the source as its label; ``together`` makes one value of those of the other sources."""

    name: str
    help_text: str
    of: Callable[[SourceHealth], float | None]
    together: Callable[[list[float]], float] = sum


_PER_SOURCE = (
    _PerSource(
        "source_age_seconds",
        "Time since the last complete read of the source; none before the first. Of other: of the oldest.",
        lambda each: each.age.total_seconds() if each.age is not None else None,
        max,
    ),
    _PerSource(
        "source_interval_seconds",
        "How long one reading of the source is from the next. Of other: the longest time.",
        lambda each: each.every.total_seconds(),
        max,
    ),
    _PerSource(
        "source_due_seconds",
        "Time until the source is to be read next; 0 when it is due. Of other: the shortest time.",
        lambda each: each.due_in.total_seconds(),
        min,
    ),
    _PerSource(
        "source_put_off",
        "1 while a blackout or its budget keeps back a reading that would be due. Of other: how many.",
        lambda each: float(each.put_off),
    ),
    _PerSource(
        "source_stale",
        "1 when two readings of the source in a row were missed or failed; one that is put off is not missed. Of other:"
        " how many.",
        lambda each: float(each.stale),
    ),
    _PerSource(
        "source_incomplete",
        "1 when the last attempt did not read the source completely. Of other: how many.",
        lambda each: float(not each.figures.complete),
    ),
    _PerSource(
        "source_held",
        "1 while something about the source waits for somebody's approval. Of other: how many.",
        lambda each: float(each.figures.held),
    ),
    _PerSource(
        "source_read_duration_seconds",
        "How long the last reading of the source took. Of other: the longest.",
        lambda each: each.figures.reading_seconds,
        max,
    ),
    _PerSource("records", "Records that are there.", lambda each: each.figures.records),
    _PerSource("absent_records", "Records that are not there any more.", lambda each: each.figures.absent),
    _PerSource("set_aside_records", "Records that could not be read.", lambda each: each.figures.set_aside),
)


def _sources(sources: Sequence[SourceHealth]) -> Iterator[Metric]:
    yield _gauge("sources", "Sources that are configured.", len(sources))
    yield _gauge("stale_sources", "Sources that are stale.", sum(each.stale for each in sources))
    shown, others = _shown(sources)
    for metric in _PER_SOURCE:
        family = GaugeMetricFamily(f"driftline_{metric.name}", metric.help_text, labels=["source"])
        for each in shown:
            value = metric.of(each)
            if value is not None:
                family.add_metric([each.name], value)
        rest = [value for each in others if (value := metric.of(each)) is not None]
        if rest:
            family.add_metric([OTHER], metric.together(rest))
        yield family


def _shown(sources: Sequence[SourceHealth]) -> tuple[list[SourceHealth], list[SourceHealth]]:
    if len(sources) <= MOST_SOURCES:
        return list(sources), []
    named = [each for each in sources if each.name != OTHER][:MOST_SOURCES]
    return named, [each for each in sources if each not in named]


def _state(health: Health, waiting_seconds: float | None) -> Iterator[Metric]:
    figures = health.figures
    errors = CounterMetricFamily(
        "driftline_state_errors", "How often the database refused, by why, since the start.", labels=["kind"]
    )
    for fault in Fault:
        errors.add_metric([fault.value], health.faults.get(fault, 0))
    yield errors
    yield _gauge("state_readable", "1 while the state can be read.", figures is not None)
    if figures is None:
        return
    yield _gauge("state_owned", "1 while this process owns the state, alone or with the other workers.", figures.owned)
    yield _gauge("configuration_refused", "1 while an edit is not taken because it is wrong.", figures.refused)
    absences = GaugeMetricFamily(
        "driftline_absences", "Records that are not there any more, by the reason.", labels=["reason"]
    )
    for reason, number in figures.absences.items():
        absences.add_metric([reason.value], number)
    yield absences
    findings = GaugeMetricFamily("driftline_findings", "Findings.", labels=["state", "severity"])
    for state in FindingState:
        for severity in Severity:
            findings.add_metric([state.value, severity.label], figures.findings.get((state, severity), 0))
    yield findings
    yield _gauge("held_findings", "Findings that stand and could not be judged anew.", figures.held_findings)
    deliveries = GaugeMetricFamily("driftline_deliveries", "Messages by what became of them.", labels=["state"])
    for each in DeliveryState:
        deliveries.add_metric([each.value], figures.deliveries.get(each, 0))
    yield deliveries
    unknown = figures.deliveries.get(DeliveryState.UNKNOWN, 0)
    yield _gauge("unknown_deliveries", "Messages of which nobody knows whether they were accepted.", unknown)
    yield _gauge(
        "oldest_waiting_delivery_seconds", "How long the oldest message waits; 0 without one.", waiting_seconds or 0.0
    )
    if figures.measures is not None:
        yield from _latency(figures.measures.told, figures.measures.reflected, figures.measures.first_mail)


def _latency(told: Latency, reflected: Latency, first_mail: Latency) -> Iterator[Metric]:
    until = {"told": told, "reflected": reflected, "first_mail": first_mail}
    names = ["until"]
    median = GaugeMetricFamily(
        "driftline_reality_latency_median_seconds",
        "From a change until people were told of it, or until the commitment was changed; the median of 90 days.",
        labels=names,
    )
    worst = GaugeMetricFamily("driftline_reality_latency_worst_seconds", "The same, the longest.", labels=names)
    changes = GaugeMetricFamily(
        "driftline_reality_latency_changes",
        "Changes of which this could be measured, is not known, or has not come yet.",
        labels=["until", "what"],
    )
    for name, latency in until.items():
        if latency.median_seconds is not None:
            median.add_metric([name], latency.median_seconds)
        if latency.worst_seconds is not None:
            worst.add_metric([name], latency.worst_seconds)
        for what in ("measured", "unknown", "waiting"):
            changes.add_metric([name, what], getattr(latency, what))
    yield from (median, worst, changes)
