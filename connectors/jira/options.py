"""What a Jira source is configured with."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from connectors.base import SourceOptions
from model.records import StatusCategory, WorkItem
from model.secret import Secret

_CLOUD_HOSTS = (".atlassian.net", ".jira.com", "api.atlassian.com")

ProjectKey = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]+$")]


class JiraOptions(SourceOptions):
    """A Jira Cloud site, read with an account's e-mail address and API token, or a Jira Data Center, read with a
    personal access token or a user name and password."""

    kind: Literal["jira"]
    """Which connector reads it."""
    url: Annotated[str, Field(pattern=r"^https?://[^/\s]+")]
    """The site, as https://company.atlassian.net or https://jira.company.com/jira. For a scoped token of Jira Cloud:
    https://api.atlassian.com/ex/jira/CLOUD-ID."""
    browse_url: str | None = None
    """Where people open issues, if that is not the address which the site itself names."""
    email: str | None = None
    """For Jira Cloud: the e-mail address of the account that reads."""
    user: str | None = None
    """For Jira Data Center without a personal access token: the name with which the account signs in."""
    token: Secret
    """The account's API token; on Data Center its personal access token, or with user: its password. As a reference:
    env:JIRA_TOKEN, file:PATH or command:PROGRAM."""
    projects: Annotated[tuple[ProjectKey, ...], Field(min_length=1)]
    """The keys of the projects to read; at least one."""
    fields: Mapping[str, str] = {}
    """Extra fields to read: our name for it, and the field's id (customfield_10050) or its unique name."""
    start_field: str | None = None
    """The field with the planned start, by id or unique name. Without it: the field named Start date, if it exists."""
    estimate_field: str | None = None
    """The field with the estimate in points, by id or unique name. Without it: Jira's time estimates, in hours."""
    statuses: Mapping[str, StatusCategory] = {}
    """What a status means where Jira's own category is not right or missing: status name, and todo, doing,
    done or dropped."""
    dropped: tuple[str, ...] = (
        "Won't Do",
        "Won't Fix",
        "Cancelled",
        "Canceled",
        "Rejected",
        "Declined",
        "Duplicate",
        "Obsolete",
        "Invalid",
        "Cannot Reproduce",
    )
    """Final statuses and resolutions that mean that the work will never be delivered."""
    need_links: tuple[str, ...] = ("Blocks",)
    """Link types that mean a need: a type's name (the issue that "is blocked by" needs the other), or the phrase as
    the needing issue shows it ("depends on")."""
    sprints: bool = True
    """Whether to read boards and sprints; false for a site without Jira Software."""
    page_size: Annotated[int, Field(ge=1, le=1000)] = 100
    """How many issues to ask for at a time; Jira may answer fewer."""

    shardable: ClassVar[bool] = True

    @field_validator("url", "browse_url")
    @classmethod
    def _without_trailing_slash(cls, value: str | None) -> str | None:
        return value.rstrip("/") if value else value

    @field_validator("fields")
    @classmethod
    def _not_our_own_names(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        taken = sorted({known.name for known in fields(WorkItem)} & set(value))
        if taken:
            raise ValueError(f"{taken[0]} is read anyway; choose another name for the extra field")
        return value

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> Self:
        """Cloud knows e-mail address and token only; Data Center a token alone, or user and password (J32)."""
        if self.email and self.user:
            raise ValueError("email is for Jira Cloud and user for Jira Data Center; give one of them")
        host = urlsplit(self.url).hostname or ""
        if host.endswith(_CLOUD_HOSTS) and not self.email:
            raise ValueError("Jira Cloud is read with an e-mail address and an API token; add email")
        return self
