"""The page of metrics, made from an exposition in which every metric has a value."""

import re
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.test_monitoring import alerts_on, every_metric

_INTRODUCTION = """\
# The metrics

With `service.port` set, the daemon and each worker tell these at `/metrics`, in the text format of Prometheus.
Figures of the state are the same from whichever worker; beats, jobs and runs are those of the process that tells them.
How to turn that on, and what to do when an alert comes, is in [the operator's guide](../how-to/operate.md#monitor).
The alerts are those of [deploy/monitoring/alerts.yml](../../deploy/monitoring/alerts.yml).

There are fewer than 500 series however much is configured and stored: no label holds an id, a title or a person.
Beyond 25 sources the rest are told together, with `other` for a name.
Figures of the state are at most five seconds old.
Where a metric has no value that is known, it is left out: a source that was never read has no age.
"""


def metrics_page() -> Iterator[str]:
    """Each metric with its type, its labels, what it means and which alerts look at it."""
    yield f"{_INTRODUCTION}\n| Metric | Type | Labels | Meaning | Alerts |\n|---|---|---|---|---|\n"
    values: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(every_metric()):
        for sample in family.samples:
            for label, value in sample.labels.items():
                values.setdefault(label, set()).add(value)
        names = sorted({sample.name for sample in family.samples} or {family.name})
        labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
        shown = family.name if family.type == "histogram" else ", ".join(names)
        alerts = dict.fromkeys(alert for name in names for alert in alerts_on(name))
        yield (
            f"| `{shown}` | {family.type} | {', '.join(f'`{label}`' for label in labels)} "
            f"| {_escaped(family.documentation)} | {', '.join(alerts)} |\n"
        )
    yield "\n| Label | Its values |\n|---|---|\n"
    for label, told in sorted(values.items()):
        if label != "le" and len(told) > 1:
            yield f"| `{label}` | {', '.join(f'`{value}`' for value in sorted(told))} |\n"


def _escaped(text: str) -> str:
    return re.sub(r"([|<])", r"\\\1", " ".join(text.split()))
