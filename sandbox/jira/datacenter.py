"""How a Jira Data Center answers where it differs from Jira Cloud: REST v2, lists by position, epics by key."""

from collections.abc import Callable, Collection
from typing import Any

from sandbox.http import Request, Response
from sandbox.jira import answers
from sandbox.jira.content import (
    EPIC_LINK_FIELD,
    PARENT_LINK_FIELD,
    SPRINT_FIELD,
    Field,
    History,
    Issue,
    Person,
    Sprint,
)
from sandbox.jira.jql import JqlError, search
from sandbox.jira.site import JiraSite

_LINK_FIELDS = (
    Field(EPIC_LINK_FIELD, "Epic Link", "any", "com.pyxis.greenhopper.jira:gh-epic-link"),
    Field(PARENT_LINK_FIELD, "Parent Link", "any", "com.atlassian.jpo:jpo-custom-field-parent"),
)
_ONLY_ON_CLOUD = ("parent", "statuscategorychangedate")
_ORDER = ("order by created asc, key asc", "order by created, key")


class DataCenterRoutes:
    """The routes that a Data Center has instead of Cloud's."""

    def __init__(self, site: Callable[[], JiraSite], page_size: int) -> None:
        self._current = site
        self._page_size = page_size

    @property
    def _site(self) -> JiraSite:
        """The site that is served now; a test may put another in its place."""
        return self._current()

    def myself(self, _: Request) -> Response:
        site = self._site
        return Response(person(site.people[site.email]) | {"timeZone": site.time_zone, "locale": "en_UK"})

    def fields(self, _: Request) -> Response:
        known = [one for one in self._site.fields.values() if one.id not in _ONLY_ON_CLOUD]
        return Response([answers.field(one) for one in (*known, *_LINK_FIELDS)])

    def projects(self, request: Request) -> Response:
        states = ("live", "archived") if request.query.get("includeArchived") == "true" else ("live",)
        listed = [one for one in self._site.projects.values() if one.state in states and not one.hidden]
        shown = [answers.project(one) for one in listed]
        return Response([{name: value for name, value in one.items() if name != "deleted"} for one in shown])

    def search(self, request: Request) -> Response:
        asked = request.json() if request.method == "POST" else _from_query(request)
        jql = str(asked.get("jql") or "")
        try:
            found = search(self._site, jql)
        except JqlError as error:
            return Response({"errorMessages": [str(error)], "warningMessages": []}, 400)
        if not jql.lower().endswith(_ORDER):
            # Without an order of what does not change, issues jump between pages (J13).
            found.sort(key=lambda issue: issue.updated, reverse=True)
        start = int(asked.get("startAt") or 0)
        size = min(int(asked.get("maxResults", 50)), self._page_size)
        fields, history = asked.get("fields") or ["*all"], "changelog" in (asked.get("expand") or ())
        shown = [issue_answer(self._site, one, fields, history=history) for one in found[start : start + size]]
        return Response({"startAt": start, "maxResults": size, "total": len(found), "issues": shown})

    def issue(self, request: Request) -> Response:
        try:
            found = self._site.find(request.match[1])
        except KeyError:
            return Response({"errorMessages": ["Issue Does Not Exist"], "errors": {}}, 404)
        if self._site.projects[found.project].state == "deleted":
            return Response({"errorMessages": ["Issue Does Not Exist"], "errors": {}}, 404)
        if not self._site.shows(found) and self._site.projects[found.project].state != "archived":
            refusal = "You do not have the permission to see the specified issue."
            return Response({"errorMessages": [refusal], "errors": {}}, 403)
        fields = request.query.get("fields", "*all").split(",")
        history = "changelog" in request.query.get("expand", "")
        return Response(issue_answer(self._site, found, fields, history=history))


def person(somebody: Person) -> dict[str, Any]:
    """An account as a Data Center writes it: with a name, and without an accountId."""
    return {
        "key": f"JIRAUSER{somebody.account_id.rpartition('-')[2]}",
        "name": somebody.user_name,
        "emailAddress": somebody.email,
        "displayName": somebody.name,
        "active": True,
    }


def issue_answer(site: JiraSite, known: Issue, wanted: Collection[str], *, history: bool) -> dict[str, Any]:
    """Write an issue with the wanted fields, and with its changelog, which is complete here."""
    written = answers.issue(site, known, ["*all"])
    own: dict[str, Any] = {name: value for name, value in written["fields"].items() if name not in _ONLY_ON_CLOUD}
    own |= {EPIC_LINK_FIELD: None, PARENT_LINK_FIELD: None}
    own |= _parent(site, known)
    own["assignee"] = person(site.people[known.assignee]) if known.assignee else None
    own[SPRINT_FIELD] = [sprint_text(site.sprints[known.sprint])] if known.sprint else None
    keep = own if "*all" in wanted else {name: own[name] for name in wanted if name in own}
    written["fields"] = keep
    if not keep:
        del written["fields"]
    if history:
        entries = [_history(entry) for entry in known.history]
        written["changelog"] = {"startAt": 0, "maxResults": len(entries), "total": len(entries), "histories": entries}
    return written


def _parent(site: JiraSite, known: Issue) -> dict[str, Any]:
    """Only a sub-task has a parent; a story has an epic, and an epic something above it, both by key (J26)."""
    above = site.issues.get(known.parent) if known.parent else None
    if above is None:
        return {}
    if known.type == "Sub-task":
        return {"parent": answers.reference(above)}
    return {EPIC_LINK_FIELD if above.type == "Epic" else PARENT_LINK_FIELD: above.key}


def sprint_text(known: Sprint) -> str:
    """A sprint inside an issue: the text of a Java object (J25)."""
    start, end = f"{known.start.isoformat()}T08:00:00.000Z", f"{known.end.isoformat()}T16:00:00.000Z"
    return (
        f"com.atlassian.greenhopper.service.sprint.Sprint@5f1b2c[id={known.id},rapidViewId=1,"
        f"state={known.state.upper()},name={known.name},startDate={start},endDate={end},completeDate=<null>,"
        f"activatedDate=<null>,sequence={known.id},goal=,autoStartStop=false,synced=false]"
    )


def _history(entry: History) -> dict[str, Any]:
    """Fields are told by name only, and people without an accountId."""
    written = answers.history(entry) | {"author": person(entry.author)}
    for change in written["items"]:
        del change["fieldId"]
    return written


def _from_query(request: Request) -> dict[str, Any]:
    asked: dict[str, Any] = dict(request.query)
    for name in ("fields", "expand"):
        asked[name] = [one for one in str(asked.get(name, "")).split(",") if one]
    return asked
