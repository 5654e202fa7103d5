"""Finds the configured projects, and the custom fields and sections that the options name, in Asana."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from connectors.asana.client import AsanaClient, NotSharedError, Row
from connectors.asana.options import AsanaOptions
from model.errors import Problem, SourceError, SourceGoneError
from model.keys import normalise_key
from model.reading import Container

_FIELDS = (
    "gid,name,archived,custom_field_settings.custom_field.gid,custom_field_settings.custom_field.name,"
    "custom_field_settings.custom_field.resource_subtype,permalink_url,owner.email,owner.name,start_on,due_on,"
    "completed,completed_at,created_at,modified_at,current_status_update.status_type,workspace.gid"
)
_SHARE = "share the project with the account that the token belongs to"


@dataclass(frozen=True, slots=True)
class Project:
    """A project with the custom fields it shows, gid to name and gid to kind; ``row`` is what Asana tells of it."""

    gid: str
    name: str
    archived: bool
    fields: Mapping[str, str]
    kinds: Mapping[str, str]
    row: Row

    @property
    def container(self) -> Container:
        return Container(self.gid, self.name, "archived" if self.archived else "visible")


@dataclass(frozen=True, slots=True)
class Found:
    """The configured projects that we may see, and containers that stand for those that we may not."""

    projects: Sequence[Project]
    lost: Sequence[Container] = ()


def find_projects(
    source: str, wanted: Sequence[str], client: AsanaClient, listed: Sequence[Row] | None = None
) -> Found:
    """Find every configured project, in order; one that is not shown to us is lost.

    Raise SourceGoneError for a name that no visible project bears: which records were of it cannot be told then.
    ``listed`` are the visible projects where somebody asked for them before.
    """
    gids: dict[str, str] = {}
    if listed is None:
        listed = [] if all(text.isdecimal() for text in wanted) else visible_projects(client)
    for text in wanted:
        gids.setdefault(text if text.isdecimal() else _by_name(source, text, listed), text)
    questions = [partial(_project, source, gid, text, client) for gid, text in gids.items()]
    answers = list(client.ask_all(questions))
    return Found(
        [answer for answer in answers if isinstance(answer, Project)],
        [answer for answer in answers if isinstance(answer, Container)],
    )


def match_fields(
    source: str, options: AsanaOptions, projects: Sequence[Project], lost: Sequence[Container] = ()
) -> tuple[dict[str, frozenset[str]], list[Problem]]:
    """Tell which gids each configured custom field stands for; a missing or ambiguous one is a problem.

    While a project is lost, a missing field may be that project's own, and is no problem.
    """
    matched: dict[str, frozenset[str]] = {}
    problems: list[Problem] = []
    for wanted in {*options.fields.values(), options.light_field, options.status_field} - {None}:
        if wanted is None:
            continue
        found: set[str] = set()
        for project in projects:
            here = _matching(wanted, project)
            if len(here) > 1:
                problems.append(_ambiguous(source, wanted, project, here))
            found.update(here)
        if not found and not lost:
            problems.append(_missing(source, wanted, projects))
        matched[wanted] = frozenset(found)
    return matched, problems


def missing_sections(
    source: str, options: AsanaOptions, client: AsanaClient, projects: Sequence[Project]
) -> list[Problem]:
    """A problem for every section that the options name and no project has; a typing error there changes nothing."""
    wanted = [*options.doing_sections, *options.dropped_sections]
    if not wanted:
        return []
    names = [row["name"] for project in projects for page in client.sections(project.gid) for row in page]
    known = {normalise_key(name) for name in names}
    return [
        Problem(f"no project of {source} has a section {name}", source, _near(name, names))
        for name in wanted
        if normalise_key(name) not in known
    ]


def visible_projects(client: AsanaClient) -> list[Row]:
    """Every project of every workspace that our account sees, archived ones included."""
    workspaces = [row["gid"] for page in client.workspaces() for row in page]
    return [row for workspace in workspaces for page in client.projects(workspace) for row in page]


def workspaces_of(projects: Sequence[Project]) -> list[str]:
    """The gids of the workspaces that these projects are in, each once."""
    told = ((project.row.get("workspace") or {}).get("gid") for project in projects)
    return [str(gid) for gid in dict.fromkeys(told) if gid]


def _by_name(source: str, name: str, listed: Sequence[Row]) -> str:
    matches = [row for row in listed if normalise_key(row["name"]) == normalise_key(name)]
    if not matches:
        # It may bear another name, or be kept from us: which of the two cannot be known.
        near = _near(name, [row["name"] for row in listed])
        hint = f"{near}{'' if near.endswith('?') else ';'} otherwise {_SHARE}"
        raise SourceGoneError(f"{source} shows us no project named {name}", location=source, hint=hint)
    if len(matches) > 1:
        gids = ", ".join(row["gid"] for row in matches)
        raise SourceError(
            f"{source} has several projects named {name}", location=source, hint=f"name it by gid: one of {gids}"
        )
    return str(matches[0]["gid"])


def _project(source: str, gid: str, text: str, client: AsanaClient) -> Project | Container:
    try:
        row = client.project(gid, _FIELDS)
    except (SourceGoneError, NotSharedError):
        problem = Problem(
            f"{source} does not show us the project {text}: it was deleted, or is not shared with us",
            source,
            f"{_SHARE}, or take it out of projects",
        )
        return Container(gid, text, "lost", problem)
    fields = [setting["custom_field"] for setting in row.get("custom_field_settings") or ()]
    names = {field["gid"]: field["name"] for field in fields}
    kinds = {field["gid"]: str(field.get("resource_subtype") or "") for field in fields}
    return Project(gid, row["name"], bool(row.get("archived")), names, kinds, row)


def _matching(wanted: str, project: Project) -> list[str]:
    if wanted in project.fields:
        return [wanted]
    return [gid for gid, name in project.fields.items() if normalise_key(name) == normalise_key(wanted)]


def _ambiguous(source: str, wanted: str, project: Project, gids: Sequence[str]) -> Problem:
    return Problem(
        f"the project {project.name} has several custom fields named {wanted}",
        source,
        f"name it by gid: one of {', '.join(gids)}",
    )


def _missing(source: str, wanted: str, projects: Sequence[Project]) -> Problem:
    names = [name for project in projects for name in project.fields.values()]
    return Problem(f"no project of {source} has the custom field {wanted}", source, _near(wanted, names))


def _near(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]}?"
    return f"known are: {', '.join(sorted(set(known))[:20])}" if known else "none are visible to us"
