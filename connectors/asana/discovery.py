"""What an Asana source could be configured to read: the visible projects, and the custom fields of the chosen ones."""

from collections.abc import Iterator, Mapping, Sequence

from connectors.asana.client import AsanaClient
from connectors.asana.options import AsanaOptions
from connectors.asana.portfolios import PortfolioNotAvailableError, portfolio_projects
from connectors.asana.projects import Project, find_projects, match_fields, visible_projects
from model.errors import Problem, SourceError
from model.keys import normalise_key
from model.reading import Container, DiscoveredField, Discovery

_SAMPLE_FIELDS = "gid,custom_fields.gid,custom_fields.display_value"


def discover(source: str, options: AsanaOptions, client: AsanaClient) -> Discovery:
    """Look at all that can be seen; a configured project or field that is not there is a problem, not the end."""
    listed = visible_projects(client)
    projects: list[Project] = []
    problems: list[Problem] = []
    try:
        within = portfolio_projects(source, options.portfolios, client)
    except PortfolioNotAvailableError as error:
        within, problems = [], list(error.problems)
    for wanted in [*options.projects, *within]:
        try:
            found = find_projects(source, [wanted], client, listed)
        except SourceError as error:
            problems += error.problems
            continue
        projects += found.projects
        problems += [container.problem for container in found.lost if container.problem]
    problems += match_fields(source, options, projects)[1] if projects else []
    return Discovery(
        option="fields",
        containers=[
            Container(row["gid"], row["name"], "archived" if row.get("archived") else "visible") for row in listed
        ],
        fields=_fields(options, projects, _samples(client, projects)),
        problems=problems,
    )


def _fields(options: AsanaOptions, projects: Sequence[Project], samples: Mapping[str, str]) -> list[DiscoveredField]:
    names = {gid: name for project in projects for gid, name in project.fields.items()}
    kinds = {gid: kind for project in projects for gid, kind in project.kinds.items()}
    found = []
    for gid, name in names.items():
        kept_as, setting = _kept(options, gid, name) or ("", _setting(gid, name, projects))
        homes = tuple(project.name for project in projects if gid in project.fields)
        found.append(DiscoveredField(gid, name, kinds[gid], samples.get(gid, ""), homes, setting, kept_as))
    return sorted(found, key=lambda field: (normalise_key(field.name), field.id))


def _kept(options: AsanaOptions, gid: str, name: str) -> tuple[str, str] | None:
    """Under which name or option a field is read already, and how the configuration writes it."""
    asked = [*options.fields.items(), ("light_field", options.light_field), ("status_field", options.status_field)]
    for ours, wanted in asked:
        if wanted is not None and (wanted == gid or normalise_key(wanted) == normalise_key(name)):
            return ours, wanted
    return None


def _setting(gid: str, name: str, projects: Sequence[Project]) -> str:
    """The gid; but the name where each project has a field of its own by that name (A15)."""
    alike = [_alike(name, project) for project in projects]
    if all(len(here) <= 1 for here in alike) and len({other for here in alike for other in here}) > 1:
        return name
    return gid


def _alike(name: str, project: Project) -> list[str]:
    return [gid for gid, known in project.fields.items() if normalise_key(known) == normalise_key(name)]


def _samples(client: AsanaClient, projects: Sequence[Project]) -> dict[str, str]:
    """One value of each custom field, from the first page of each project's tasks."""
    found: dict[str, str] = {}
    for project in projects:
        for gid, value in _values(client, project):
            found.setdefault(gid, value)
    return found


def _values(client: AsanaClient, project: Project) -> Iterator[tuple[str, str]]:
    for row in next(client.tasks(project.gid, _SAMPLE_FIELDS), []):
        for field in row.get("custom_fields") or ():
            if field.get("display_value"):
                yield str(field["gid"]), str(field["display_value"])
