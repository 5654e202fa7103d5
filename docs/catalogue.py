"""The catalogue of checks, and the patterns that they answer, made from the checks themselves.

The output of each check is that of ``driftline show`` for the world in which its own tests let it find something; what
is shown there is calculated by hand in these tests.
"""

import contextlib
import inspect
import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from cli.finding_view import print_finding
from config.catalogue import options_of
from config.load import Configuration
from config.settings import Settings
from mapping.load import LoadedMapping
from model.findings import Finding, TrackedFinding
from model.links import Role
from reconcile.check import FAMILIES, FORECAST_READS, Check
from reconcile.checks import checks
from reconcile.options import field_name

REFERENCE = Path(__file__).parent / "reference"

_INTRODUCTION = """\
# The checks

Each check finds one kind of disagreement between tools.
`driftline explain NAME` prints what it finds, why it matters, what to do and an example in words.
Every option stands with its type in [settings.md](settings.md), below `reconcile.checks`; each check has `enabled` too.
Ids such as F1.1 and I33 are those of the [patterns](patterns.md) that a check answers.
*The forecast* among the fields that it needs means: key, status, resolution, start, due and finish dates, parent,
releases, sprint and needs of the work, and the dates and states of releases and sprints, over all tools.
The output is made by running the check on a small example as of 15 Sep 2026. It is a part of `driftline show`.
Checks of your own stand beside these, [in YAML](../how-to/write-a-custom-check.md) or
[in Python](../how-to/write-a-check.md).
"""
_SHOWN = (
    *("decides", "severity", "triage", "variance", "deferred", "money"),
    *("revenue at risk", "savings lost", "extra cost"),
)
_MOST_EVIDENCE = 8


def checks_page() -> Iterator[str]:
    """The page of all checks: a table of contents by family, then each check."""
    yield f"{_INTRODUCTION}\n"
    for family in FAMILIES:
        yield f"* **{family.capitalize()}**\n"
        for name, check in _of(family):
            yield f"  * [{name}](#{name}): {check.title} ({', '.join(check.patterns)})\n"
    for family in FAMILIES:
        yield f"\n## {family.capitalize()}\n"
        for name, check in _of(family):
            yield from _check(name, check)


def patterns_page() -> Iterator[str]:
    """Every pattern with the checks that answer it, or what limits.md says about it."""
    answered: dict[str, list[str]] = {}
    for name, check in checks().items():
        for pattern in check.patterns:
            answered.setdefault(pattern, []).append(name)
    other = without_check((REFERENCE / "limits.md").read_text(encoding="utf-8"))
    yield "# The patterns\n\n"
    yield "The ways in which plans, reports and money come apart, and what answers each: a check, or what "
    yield "[limits.md](limits.md#patterns-without-a-check) says.\n\n| Id | Pattern | Answered by |\n|---|---|---|\n"
    for pattern, words in patterns().items():
        by = [f"[{name}](checks.md#{name})" for name in sorted(answered.get(pattern, ()))]
        said = other.get(pattern, "")
        said = f"; {said}" if by and said else said[:1].upper() + said[1:]
        yield f"| {pattern} | {words} | {', '.join(by)}{said} |\n"


def patterns() -> Mapping[str, str]:
    """Every id with what it is about."""
    told: dict[str, str] = yaml.safe_load((REFERENCE / "patterns.yaml").read_text(encoding="utf-8"))
    return told


def without_check(limits: str) -> Mapping[str, str]:
    """What the page of limits says about patterns, by id; a line there begins with the ids that it is about."""
    lines = re.findall(r"^\* ((?:[FI][\d.]+(?:, )?)+): (.+)$", limits, re.MULTILINE)
    return {pattern: said for ids, said in lines for pattern in ids.split(", ")}


def _of(family: str) -> list[tuple[str, Check[Any]]]:
    return [(name, check) for name, check in checks().items() if check.family == family]


def _check(name: str, check: Check[Any]) -> Iterator[str]:
    first, parts = _documented(check)
    yield f"\n### {name}\n\n{first} {', '.join(check.patterns)}.\n\n"
    finds = "What it finds"
    yield f"**{finds}.** {parts[finds]}\n\n"
    for heading in ("Why it matters", "What to do"):
        yield f"* **{heading}.** {parts[heading]}\n"
    yield f"* **Formula.** {check.formula}\n* **Needs.** {_needs(check)}\n"
    for each in options_of(check.options_type):
        if each.name != "enabled":
            default = "none" if each.default_text in ("null", "[]", "{}") else f"`{each.default_text}`"
            yield f"* **Option** `{each.name}`, by default {default}: {' '.join(each.sentence.split())}\n"
    yield f"\n```text\n{example_output(name)}\n```\n"


def _documented(check: Check[Any]) -> tuple[str, Mapping[str, str]]:
    """The first line of a check's docstring, and what stands below each of its headings, each on one line."""
    first, *rest = (inspect.getdoc(type(check)) or "").splitlines()
    parts: dict[str, str] = {}
    heading = ""
    for line in rest:
        if line and not line.startswith(" "):
            heading = line
        elif line:
            parts[heading] = f"{parts.get(heading, '')} {line.strip()}".strip()
    return first, parts


def _needs(check: Check[Any]) -> str:
    """The fields that it reads and the roles of the links that it follows, in words."""
    if check.reads is None:
        return "Any field."
    forecast = check.reads >= FORECAST_READS
    more = sorted(check.reads - FORECAST_READS if forecast else check.reads)
    said = "; ".join(
        (["The forecast"] if forecast else []) + ([", ".join(f"`{field}`" for field in more)] if more else [])
    )
    return f"{said or 'No field of records'}. {_through([role.value for role in Role if role in check.roles])}"


def _through(roles: list[str]) -> str:
    if len(roles) == len(Role):
        return "Links in any role."
    if len(roles) < 2:
        return f"Links in the role {roles[0]}." if roles else "No links."
    return f"Links in the roles {', '.join(roles[:-1])} and {roles[-1]}."


def example_output(name: str) -> str:
    """What ``driftline show`` says about the gravest finding in the example of a check: what disagrees, who decides,
    the money and the evidence. The example is that of its tests."""
    module = import_module(f"tests.reconcile.checks.test_{field_name(name)}")
    example = module.story_world() if hasattr(module, "story_world") else module.example_world()
    found = example.judge(with_checks={name: checks()[name]}).findings
    configuration = Configuration(
        REFERENCE, Settings(version=1), LoadedMapping(example.tree, (), (), ""), fingerprint="", files=()
    )
    return _part(_shown(found[0], configuration))


def _shown(finding: Finding, configuration: Configuration) -> str:
    at = datetime(2026, 9, 15, 6, tzinfo=UTC)
    tracked = TrackedFinding(finding=finding, opened_at=at, changed_at=at, judged_at=at, told=finding.impact)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        print_finding(tracked, (), configuration)
    return out.getvalue()


def _part(shown: str) -> str:
    """The title, the chosen lines and the first pieces of evidence."""
    title, _, rest = shown.partition("\n\n")
    pairs, *blocks = rest.split("\n\n")
    kept, keep = [], False
    for line in pairs.splitlines():
        keep = line.startswith(_SHOWN) if not line.startswith(" ") else keep
        if keep:
            kept.append(line)
    evidence = next((block.rstrip().splitlines() for block in blocks if block.startswith("evidence\n")), [])
    return "\n".join(line.rstrip() for line in (title, *kept, *_first(evidence)))


def _first(evidence: list[str]) -> list[str]:
    """The heading and the first lines below it, and how many are left out."""
    if len(evidence) <= _MOST_EVIDENCE + 1:
        return evidence
    cut = evidence[: _MOST_EVIDENCE + 1]
    while not cut[-1].startswith("    "):  # a record of which nothing would follow
        cut.pop()
    return [*cut, f"  ({len(evidence) - len(cut)} lines more)"]
