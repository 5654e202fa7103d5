"""The metrics of a large company are as few as those of a small one (F11).

``DRIFTLINE_SERIES_RECORDS=100000`` stores so many records; the suite stores a few.
"""

import os
from collections.abc import Iterator

import pytest

from model.reading import Page
from model.records import WorkItem
from service import metrics
from service.metrics import exposition
from tests.pipeline.company import LONG_AGO, MONDAY, Servers
from tests.proofs.ledger import show, show_control
from tests.service.conftest import Watched, watched_in
from tests.service.test_metrics import MOST_SERIES, samples, with_sources

RECORDS = int(os.environ.get("DRIFTLINE_SERIES_RECORDS", "200"))
SOURCES = 200
_PAGE = 1_000


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A daemon over many records of one source, eight promises of which broke."""
    with Servers() as servers, watched_in(tmp_path_factory.mktemp("series"), servers) as watched:
        watched.read_all()
        watched.company.slip()
        watched.read_all()
        run = watched.store.start_run(MONDAY, baseline=False)
        for first in range(0, RECORDS, _PAGE):
            numbers = range(first, min(first + _PAGE, RECORDS))
            watched.store.save_page(run, Page(tuple(map(item, numbers))), "jira", MONDAY)
        yield watched


def item(number: int) -> WorkItem:
    """A work item with a title that nobody wants to find in a label."""
    title = f'Title {number}"}} 1\ndriftline_forged{{x="'
    return WorkItem(
        source="jira", native_id=f"N-{number}", key=f"BIG-{number}", title=title, container="BIG", changed=LONG_AGO
    )


def test_there_are_fewer_than_500_series_however_many_records_findings_and_sources_there_are(watched: Watched):
    """F11."""
    health = watched.watch.health()
    assert health.figures is not None
    stored = sum(each.records for each in health.figures.sources.values())
    assert stored >= RECORDS
    few, many = (samples(exposition(each)) for each in (health, with_sources(health, SOURCES)))
    assert len(few) < len(many) < MOST_SERIES
    labels = {text for _, pairs in [*few, *many] for _, text in pairs}
    assert not any("BIG-" in label or "Title" in label for label in labels)
    assert not any("forged" in name for name, _ in few)
    show(
        "F11",
        "The metrics have fewer than 500 series, whatever is stored, and no text of a record in a label",
        reach=f"{stored:,} records with titles in the form of a metric, {len(watched.store.tracked())} findings; then "
        f"{SOURCES} sources",
        seen=f"{len(few)} series with 2 sources, {len(many)} with {SOURCES}; {len(labels)} different labels, no title "
        "and no id among them",
    )


def test_control_with_a_series_for_each_source_there_are_too_many(watched: Watched, monkeypatch: pytest.MonkeyPatch):
    """F11."""
    monkeypatch.setattr(metrics, "MOST_SOURCES", SOURCES)
    number = len(samples(exposition(with_sources(watched.watch.health(), SOURCES))))
    assert number > MOST_SERIES
    show_control("F11", removed="sources beyond the first 25 are told together", seen=f"{number:,} series")
