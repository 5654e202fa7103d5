"""What a Jira source could be configured to read: the projects we see, and the site's own fields with a value."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.jira.fields import EPIC_TYPES, SPRINT_TYPE, FieldPlan, SiteField, field_value, shown, site_field
from connectors.jira.options import JiraOptions
from connectors.jira.site import Site
from model.errors import SourceError
from model.keys import normalise_key
from model.reading import Container, DiscoveredField, Discovery

_ISSUES = 20
_LONGEST_SAMPLE = 80
_READ_ANYWAY = {SPRINT_TYPE, *EPIC_TYPES}

_Samples = dict[str, tuple[str, list[str]]]
"""By a field's id: a value, and the names of the projects in which it was found."""


def discover(
    site: Site, options: JiraOptions, plan: FieldPlan, projects: Mapping[Container, str], every: Sequence[Container]
) -> Discovery:
    """Look at all that can be seen; ``projects`` are the configured ones with a search for the issues of each,
    ``every`` all that the account sees."""
    known = [site_field(raw) for raw in site.fields()]
    own = [one for one in known if one.custom and one.custom not in _READ_ANYWAY]
    problems = list(plan.problems)
    samples: _Samples = {}
    for project, jql in projects.items():
        try:
            _sample(samples, project, site.some(jql, [one.id for one in own], _ISSUES), own)
        except SourceError as error:
            problems += error.problems
    return Discovery(option="fields", containers=every, fields=_fields(own, samples, options, plan), problems=problems)


def _fields(
    own: Sequence[SiteField], samples: _Samples, options: JiraOptions, plan: FieldPlan
) -> list[DiscoveredField]:
    found = []
    for one in own:
        value, homes = samples.get(one.id, ("", []))
        found.append(
            DiscoveredField(one.id, one.name, one.what, value, tuple(homes), one.id, _kept_as(one, options, plan))
        )
    return sorted(found, key=lambda field: (normalise_key(field.name), field.id))


def _kept_as(one: SiteField, options: JiraOptions, plan: FieldPlan) -> str:
    """Under which name or option a field is read already."""
    for name, kept in plan.extra.items():
        if kept.id == one.id:
            return name
    if plan.start is not None and plan.start.id == one.id:
        return "start_field" if options.start_field else "start"
    return "estimate_field" if plan.estimate is not None and plan.estimate.id == one.id else ""


def _sample(
    samples: _Samples, project: Container, raw_issues: Sequence[Mapping[str, Any]], own: Sequence[SiteField]
) -> None:
    for raw in raw_issues:
        values = raw.get("fields") or {}
        for one in own:
            value = _text(values.get(one.id), one)
            if not value:
                continue
            _, homes = samples.setdefault(one.id, (value, []))
            if project.name not in homes:
                homes.append(project.name)


def _text(raw: Any, one: SiteField) -> str:
    """A value as people see it; an odd one as it is, because it is only shown."""
    try:
        value = field_value(raw, one)
    except (ValueError, ArithmeticError):
        value = shown(raw)
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)
    return text[:_LONGEST_SAMPLE]
