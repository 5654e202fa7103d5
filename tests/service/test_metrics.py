"""Metrics: the figures of the state, few series, no title and no id in any label (F11)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.window import Windows
from service.health import Health, assess
from service.metrics import MOST_SOURCES, exposition
from state.figures import SourceFigures
from tests.pipeline.company import Servers
from tests.service.conftest import Watched, plans, watched_in

MOST_SERIES = 500


def samples(text: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(text: bytes, name: str, **labels: str) -> float:
    return samples(text)[f"driftline_{name}", frozenset(labels.items())]


def with_sources(health: Health, number: int, *more: str) -> Health:
    """The same daemon with so many sources."""
    assert health.figures is not None
    now = max(each.read_at for each in health.figures.sources.values() if each.read_at)
    names = [*(f"source-{each}" for each in range(number)), *more]
    stored = {
        name: SourceFigures(read_at=now - index * timedelta(minutes=1), complete=True, records=1, reading_seconds=index)
        for index, name in enumerate(names)
    }
    figures = replace(health.figures, sources=stored)
    return assess(health.pulse, figures, plans(names, now), now=now)


@pytest.fixture(scope="module")
def read(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A daemon that has read everything; nothing changes it."""
    with watched_in(tmp_path_factory.mktemp("read"), servers) as watched:
        watched.read_all()
        watched.company.slip()
        watched.read_all()
        yield watched


@pytest.fixture(scope="module")
def health(read: Watched) -> Health:
    return read.watch.health()


def test_the_figures_are_told(read: Watched, health: Health):
    assert health.figures is not None
    text = exposition(health)
    assert value(text, "source_age_seconds", source="jira") == 0
    assert value(text, "source_stale", source="crm") == 0
    assert value(text, "records", source="crm") == health.figures.sources["crm"].records > 0
    assert value(text, "state_owned") == value(text, "state_readable") == value(text, "beats") == 1
    assert value(text, "jobs_total", job="read", outcome="done") == 4
    assert value(text, "run_duration_seconds_count") == 4
    findings = sum(number for (name, _), number in samples(text).items() if name == "driftline_findings")
    assert findings == len(read.store.tracked()) > 0
    assert value(text, "deliveries", state="unknown") == value(text, "unknown_deliveries") == 0


def test_how_long_mails_could_have_been_doubled_is_told_as_a_histogram(health: Health):
    """M1: the target is 20 ms for 99 of 100."""
    counted = Windows()
    for seconds in (0.001, 0.004, 0.004, 3.0):
        counted.add(seconds)
    text = exposition(replace(health, windows=counted.told()))
    buckets = [value(text, "delivery_window_seconds_bucket", le=le) for le in ("0.002", "0.005", "0.02", "2.0", "+Inf")]
    assert buckets == [1, 3, 3, 3, 4]
    assert value(text, "delivery_window_seconds_count") == 4
    assert value(text, "delivery_window_seconds_sum") == pytest.approx(3.009)


def test_a_source_that_was_never_read_has_no_age_and_is_stale(watched: Watched):
    text = exposition(watched.watch.health())
    assert ("driftline_source_age_seconds", frozenset({("source", "jira")})) not in samples(text)
    assert value(text, "source_stale", source="jira") == value(text, "source_incomplete", source="jira") == 1


def test_there_are_few_series_with_two_hundred_sources_and_the_others_are_told_together(health: Health):
    text = exposition(with_sources(health, 200), waiting_seconds=5)
    assert len(samples(text)) < MOST_SERIES
    others = 200 - MOST_SOURCES
    assert value(text, "records", source="other") == others
    assert value(text, "source_age_seconds", source="other") == 199 * 60
    assert value(text, "source_stale", source="other") == 200 - 121
    assert value(text, "source_read_duration_seconds", source="other") == 199
    assert value(text, "sources") == 200


def test_a_source_named_other_is_told_with_the_others(health: Health):
    few = exposition(with_sources(health, 1, "other"))
    assert value(few, "records", source="other") == 1
    many = exposition(with_sources(health, MOST_SOURCES, "other"))
    assert value(many, "records", source="other") == 1
    assert value(many, "records", source="source-0") == 1


def test_while_the_state_cannot_be_read_the_beat_is_told_still(watched: Watched):
    text = exposition(
        assess(watched.daemon.beat.pulse(), None, plans(["jira"], watched.company.now), now=watched.company.now)
    )
    assert value(text, "state_readable") == 0
    assert value(text, "source_stale", source="jira") == 1
    assert b"driftline_findings{" not in text


def test_no_text_of_a_record_reaches_a_label(read: Watched, health: Health):
    assert health.figures is not None
    labels = {text for _, pairs in samples(exposition(health)) for _, text in pairs}
    for finding in read.store.tracked().values():
        assert finding.fingerprint not in labels
        assert finding.finding.title not in labels
    assert len(labels) < 60
