"""What a Data Center is searched for, and what happens on it meanwhile."""

import json
from typing import Any

from sandbox.jira import JiraServer


def searches(server: JiraServer) -> list[dict[str, Any]]:
    """Collects what is searched for from now on."""
    asked: list[dict[str, Any]] = []
    original = server.answer

    def listening(method: str, target: str, headers: Any, body: bytes) -> Any:
        if target.endswith("/search"):
            asked.append(json.loads(body))
        return original(method, target, headers, body)

    server.answer = listening  # type: ignore[method-assign]
    return asked


def after_each_search(server: JiraServer, happen: Any) -> None:
    """Let something happen on the site after every page."""
    original = server.answer

    def disturbed(method: str, target: str, headers: Any, body: bytes) -> Any:
        answer = original(method, target, headers, body)
        if target.endswith("/search"):
            happen()
        return answer

    server.answer = disturbed  # type: ignore[method-assign]
