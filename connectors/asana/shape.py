"""What each configured custom field is in Asana now, and which of them cannot be told (S9)."""

from collections.abc import Mapping, Sequence

from connectors.asana.options import AsanaOptions
from connectors.asana.projects import Project, match_fields
from model.errors import SchemaDriftError
from model.reading import Container


def configured_fields(options: AsanaOptions) -> dict[str, str]:
    """Our name of each configured custom field, and how the configuration writes it."""
    named = {"light_field": options.light_field, "status_field": options.status_field}
    return dict(options.fields) | {ours: wanted for ours, wanted in named.items() if wanted is not None}


def known_gids(
    source: str, options: AsanaOptions, projects: Sequence[Project], lost: Sequence[Container] = ()
) -> Mapping[str, frozenset[str]]:
    """Which gids each configured custom field stands for; raise SchemaDriftError for a missing or ambiguous one.

    One that is missing may belong to a project that is lost, and stands for none then.
    """
    gids, problems = match_fields(source, options, projects, lost)
    if problems:
        faulty = [ours for ours, wanted in configured_fields(options).items() if not _is_clear(wanted, gids, projects)]
        raise SchemaDriftError(*problems, fields=faulty)
    return gids


def shape_of(
    source: str, options: AsanaOptions, projects: Sequence[Project], lost: Sequence[Container] = ()
) -> dict[str, str]:
    """Our name of each custom field, and what was configured with the type of it.

    A name stands for whatever field of that name each project has (A15), so only a field that is configured by its gid
    is held to it. One that may belong to a project that is lost has an empty text.
    """
    gids = known_gids(source, options, projects, lost)
    kinds = {gid: kind for project in projects for gid, kind in project.kinds.items()}
    return {
        ours: f"{wanted} ({', '.join(sorted({kinds[gid] for gid in gids[wanted]}))})" if gids[wanted] else ""
        for ours, wanted in configured_fields(options).items()
    }


def _is_clear(wanted: str, gids: Mapping[str, frozenset[str]], projects: Sequence[Project]) -> bool:
    found = gids.get(wanted, frozenset())
    return bool(found) and all(len(found & project.fields.keys()) <= 1 for project in projects)
