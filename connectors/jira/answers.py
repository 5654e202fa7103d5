"""What every answer of Jira must look like before anything is read from it."""

from collections.abc import Callable
from typing import Any, TypeAlias

from model.errors import DriftlineError

Json: TypeAlias = dict[str, Any]
Complaint: TypeAlias = Callable[[str], DriftlineError]


def mapping(answer: Any, complain: Complaint) -> Json:
    """The answer as an object; raise what ``complain`` makes when it is none."""
    if not isinstance(answer, dict):
        raise complain("answered something that is not what was asked for")
    return answer


def rows(answer: Any, complain: Complaint) -> list[Json]:
    """The answer as a list of objects; raise what ``complain`` makes when it is none."""
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise complain("answered without the list that was asked for")
    return answer


def row_id(row: Json, complain: Complaint) -> str:
    """The id of a row; raise what ``complain`` makes when it has none."""
    if not isinstance(row.get("id"), (str, int)):
        raise complain("answered a row without its id")
    return str(row["id"])
