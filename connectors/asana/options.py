"""How an Asana source is configured."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from connectors.base import HttpOptions, SourceOptions
from model.records import Light, StatusCategory
from model.secret import Secret

Gid = Annotated[str, Field(coerce_numbers_to_str=True)]
"""A gid or a name; a gid may stand in YAML without quotes."""

PortfolioGid = Annotated[str, Field(coerce_numbers_to_str=True, pattern=r"^\d+$")]
"""A gid; Asana lists portfolios only by their owner, so that a name cannot be looked up."""


class AsanaHttpOptions(HttpOptions):
    """How patiently Asana is called, and how often."""

    requests_per_minute: Annotated[int, Field(ge=1)] | None = 150
    """At most so many requests within any minute. 150 is what Asana grants a token on the free plan and holds on every
    plan; write 1500 on a paid one. The count starts anew with every run and knows nothing of other programs with the
    same token."""


class AsanaOptions(SourceOptions):
    """An Asana account and the projects to read in it."""

    kind: Literal["asana"] = "asana"
    """Asana."""
    url: str = "https://app.asana.com/api/1.0"
    """Where Asana's API is; only a proxy or a test server lies elsewhere."""
    token: Secret
    """A personal access token or a service account's token, as a reference: env:ASANA_TOKEN."""
    projects: Annotated[tuple[Gid, ...], Field(min_length=1)]
    """The projects to read, by gid (the long number in a project's address) or by name."""
    portfolios: tuple[PortfolioGid, ...] = ()
    """Portfolios whose projects are read too, by gid (the long number in a portfolio's address); needs a plan with
    portfolios."""
    fields: Mapping[str, Gid] = {}
    """Extra custom fields to keep: our name for it, and the custom field's gid or name in Asana."""
    light_field: Gid | None = None
    """The custom field in which people report green, yellow or red, by gid or name."""
    lights: Mapping[str, Light] = {}
    """What further words of that field mean as a light, besides green, yellow, amber, red, on track, at risk and off
    track; a word that nothing explains is grey."""
    status_field: Gid | None = None
    """The custom field that holds a task's status, by gid or name; without it the section's name is the status."""
    statuses: Mapping[str, StatusCategory] = {}
    """What a status (or section) means: todo, doing, done or dropped. Once one is named, the status of an open task
    that nothing here explains is unknown, which is a finding."""
    doing_sections: tuple[str, ...] = ()
    """Sections whose open tasks are being worked on."""
    dropped_sections: tuple[str, ...] = ()
    """Sections whose tasks will not be done, completed or not."""
    start_means_doing: bool = False
    """Whether an open task counts as being worked on from its start date; a planned start is not a begun task."""
    project_status: bool = False
    """Whether to keep each project as a work item of the type project too, with its dates, its owner and the light of
    its latest status update. Rules that take every record of the source then take it as well."""
    goals: bool = False
    """Whether to read the goals of the projects' workspaces as measurements too, with value, target, unit and period;
    needs a plan with goals. Where Asana refuses them, what is stored of them stays as it is, and the source counts as
    not completely read until they are back or this is false. Rules that take every record of the source then take them
    as well."""
    date_history: bool = False
    """Whether to ask who moved a due date and when; it costs one more request per task with a due date."""
    http: AsanaHttpOptions = AsanaHttpOptions()
    """Time-outs, retries and how many requests a minute Asana grants."""

    shardable: ClassVar[bool] = True
