"""Finds the projects of the configured portfolios, where the plan has portfolios and they are shared with us (A18)."""

from collections.abc import Sequence

from connectors.asana.client import AsanaClient, NotInPlanError, NotSharedError
from model.errors import Problem, SourceGoneError

_FIELDS = "gid,resource_type"
_PLAN_HINT = "upgrade the Asana plan, or name the projects themselves in projects and take portfolios out"
_SHARE_HINT = "share the portfolio with the account that the token belongs to, or take it out of portfolios"


class PortfolioNotAvailableError(SourceGoneError):
    """A portfolio cannot be looked into: that is not the same as an empty one."""


def portfolio_projects(source: str, portfolios: Sequence[str], client: AsanaClient) -> list[str]:
    """The gids of the projects in these portfolios and in the portfolios within them, each once.

    Raise PortfolioNotAvailableError when the plan has no portfolios or one of them is not shown to us.
    """
    waiting, seen = list(portfolios), set(portfolios)
    projects: dict[str, None] = {}
    while waiting:
        gid = waiting.pop(0)
        for kind, member in _items(source, gid, client):
            if kind == "project":
                projects.setdefault(member)
            elif kind == "portfolio" and member not in seen:
                seen.add(member)
                waiting.append(member)
    return list(projects)


def _items(source: str, gid: str, client: AsanaClient) -> list[tuple[str, str]]:
    try:
        rows = [row for page in client.portfolio_items(gid, _FIELDS) for row in page]
    except NotInPlanError as error:
        raise _not_available(source, f"the plan of {source} does not include portfolios", _PLAN_HINT) from error
    except (NotSharedError, SourceGoneError) as error:
        what = f"{source} does not show us the portfolio {gid}: it was deleted, or is not shared with us"
        raise _not_available(source, what, _SHARE_HINT) from error
    return [(str(row.get("resource_type")), str(row["gid"])) for row in rows]


def _not_available(source: str, why: str, hint: str) -> PortfolioNotAvailableError:
    return PortfolioNotAvailableError(Problem(f"portfolios are not available: {why}", source, hint))
