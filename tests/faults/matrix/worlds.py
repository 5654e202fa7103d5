"""What may go wrong in the world behind a source: something hidden, gone, broken or another's; how it must end."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from sandbox.asana.faults import ASANA_FAULTS
from sandbox.http import Fault, Response
from sandbox.jira.faults import JIRA_FAULTS
from sandbox.salesforce.faults import SALESFORCE_FAULTS
from tests.faults.matrix.catalogue import End
from tests.faults.matrix.company import ASANA, DATA_CENTER, JIRA, SALESFORCE, TRACKER, WORK, Company, System

WORKBOOK = System("Spreadsheets", "savings", "")
POSITIONS = ("first", "middle", "last")
ANYWHERE = ("any",)


@dataclass(frozen=True)
class Disturbance:
    """Something that happens to one system. ``disturb`` gets the company, the folder and the position."""

    system: System
    name: str
    id: str
    disturb: Callable[[Company, Path, str], None]
    positions: tuple[str, ...] = ANYWHERE
    end: End = End.HELD

    def __str__(self) -> str:
        return f"{self.system.source}-{self.name}"


@dataclass(frozen=True)
class Named:
    """A fault of one vendor by the name under which the stand-in knows it, struck at a position."""

    system: System
    name: str
    id: str
    faults: Callable[[], list[Fault]]
    ends: Mapping[str, End]
    """How it ends, by the position at which it strikes."""

    def __str__(self) -> str:
        return f"{self.system.source}-{self.name}"


_ENDS: Mapping[str, Mapping[str, End]] = {
    "no-bulk": dict.fromkeys(POSITIONS, End.OVERCOME),
    "given-nothing": {"first": End.HELD, "middle": End.HELD, "last": End.IN_DOUBT},
    "expired-offset": dict.fromkeys(POSITIONS, End.OVERCOME),
    "shrunken-lists": {"first": End.HELD, "middle": End.HELD, "last": End.OVERCOME},
    "lost-session": dict.fromkeys(POSITIONS, End.OVERCOME),
    "expired-locator": dict.fromkeys(POSITIONS, End.OVERCOME),
    # The last queries ask for histories and for the right to see everything, which are not everybody's (S15, S22).
    "not-allowed": {"first": End.HELD, "middle": End.HELD},
    "shrunken-answers": {"first": End.HELD, "middle": End.IN_DOUBT, "last": End.OVERCOME},
}
"""What does not end in holding the source wherever it strikes."""


def _named(system: System, known: Any, ids: dict[str, str]) -> Iterator[Named]:
    held = dict.fromkeys(POSITIONS, End.HELD)
    for name, id_ in ids.items():
        yield Named(system, name.replace("-", " "), id_, known[name], _ENDS.get(name, held))


NAMED: tuple[Named, ...] = (
    *_named(
        JIRA,
        JIRA_FAULTS,
        {
            "expired-token": "J23",
            "repeated-page-token": "J5",
            "endless-changelog": "J10",
            "no-bulk": "J10",
            "list-that-ends-early": "J2",
            "given-nothing": "J22",
        },
    ),
    *_named(
        ASANA,
        ASANA_FAULTS,
        {
            "expired-offset": "A6",
            "repeated-offset": "A6",
            "sync-token-expired": "A10",
            "not-in-plan": "A18",
            "not-shared": "A18",
            "shrunken-lists": "A12",
        },
    ),
    *_named(
        SALESFORCE,
        SALESFORCE_FAULTS,
        {
            "lost-session": "S4",
            "expired-locator": "S16",
            "repeated-locator": "S16",
            "day-used-up": "S9",
            "query-timeout": "S8",
            "not-allowed": "S8",
            "shrunken-answers": "S15",
        },
    ),
)


def _index(position: str, length: int) -> int:
    return {"first": 0, "middle": length // 2, "last": length - 1}[position]


def _no_answer(system: System, url: str, company: Company, folder: Path, _: str) -> None:
    company.configure(folder, **{system.source: {"url": url}})


def _another_account(system: System, company: Company, _: Path, position: str) -> None:
    """A proxy that answers for somebody else, from the first, the second or the last time that we ask."""
    who = {
        JIRA.source: ("/rest/api/3/myself", {"accountId": "other", "emailAddress": "other@acme.example"}),
        DATA_CENTER.source: ("/rest/api/2/myself", {"key": "other", "name": "other", "timeZone": "UTC"}),
        ASANA.source: ("/users/me", {"data": {"gid": "42", "name": "Other", "email": "other@acme.example"}}),
        SALESFORCE.source: ("/userinfo", {"user_id": "005000000000042AAA", "organization_id": "00D"}),
    }
    pattern, answer = who[system.source]
    after = {"first": 0, "middle": 1, "last": 1}[position]
    company.servers[system.source].add_fault(Fault(pattern, Response(answer), times=None, after=after))


def _jira_site(system: System, company: Company) -> Any:
    return company.server(system).site


def _hide_project(system: System, company: Company, _folder: Path, _position: str) -> None:
    _jira_site(system, company).projects["OPS"].hidden = True


def _hide_issues(system: System, left: int, company: Company, _folder: Path, _position: str) -> None:
    for issue in list(_jira_site(system, company).issues.values())[left:]:
        issue.withheld = True


def _take_field(system: System, company: Company, _folder: Path, _position: str) -> None:
    del _jira_site(system, company).fields["customfield_20001"]


def _retype_field(system: System, company: Company, _folder: Path, _position: str) -> None:
    site = _jira_site(system, company)
    del site.fields["customfield_20001"]
    site.add_field("customfield_20001", "Stream", "number", "com.atlassian.jira.plugin.system.customfieldtypes:float")


def _spoil_issue(system: System, company: Company, _folder: Path, position: str) -> None:
    issues = list(_jira_site(system, company).issues.values())
    issues[_index(position, len(issues))].summary = "half a \ud83d character"


def _jira(system: System) -> Iterator[Disturbance]:
    yield Disturbance(system, "a project is not shown any more", "J22", partial(_hide_project, system))
    yield Disturbance(system, "no issue is shown any more", "S6", partial(_hide_issues, system, 0))
    yield Disturbance(system, "most issues are not shown any more", "S6", partial(_hide_issues, system, 6))
    partly = partial(Disturbance, system, end=End.WITHOUT_A_FIELD)
    yield partly("a configured field is gone", "S9", partial(_take_field, system))
    yield partly("a configured field is of another type", "S9", partial(_retype_field, system))
    yield Disturbance(system, "one record is spoilt", "S10", partial(_spoil_issue, system), POSITIONS, End.WITHOUT_ONE)


def _asana_hide_project(company: Company, _folder: Path, _position: str) -> None:
    workspace = company.server(ASANA).workspace
    workspace.forbidden.add(next(gid for gid, project in workspace.projects.items() if project.name == "Operations"))


def _asana_hide_tasks(left: int, company: Company, _folder: Path, _position: str) -> None:
    workspace = company.server(ASANA).workspace
    for gid in list(workspace.tasks)[left:]:
        workspace.delete(gid)


def _asana_take_field(company: Company, _folder: Path, _position: str) -> None:
    workspace = company.server(ASANA).workspace
    workspace.custom_fields.clear()


def _asana_spoil(company: Company, _folder: Path, position: str) -> None:
    tasks = list(company.server(ASANA).workspace.tasks.values())
    tasks[_index(position, len(tasks))].name = "half a \ud83d character"


def _crm_hide(left: int, company: Company, _folder: Path, _position: str) -> None:
    org = company.server(SALESFORCE).org
    org.views_all = False
    org.hidden_records.update(list(org.opportunities)[left:])


def _crm_purge(left: int, company: Company, _folder: Path, _position: str) -> None:
    org = company.server(SALESFORCE).org
    for opportunity in list(org.opportunities)[left:]:
        org.delete(opportunity)
        org.purge(opportunity)


def _crm_take_field(company: Company, _folder: Path, _position: str) -> None:
    company.server(SALESFORCE).org.hidden_fields.add("Promised_Date__c")


def _crm_spoil(company: Company, _folder: Path, position: str) -> None:
    rows = list(company.server(SALESFORCE).org.opportunities.values())
    rows[_index(position, len(rows))]["Name"] = "half a \ud83d character"


def _crm_signed_out(company: Company, _folder: Path, _position: str) -> None:
    refusal = Response({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)
    company.server(SALESFORCE).add_fault(Fault("/services/oauth2/token", refusal, times=None))


Write = Callable[[Path, str], None]


def _file(change: Write) -> Callable[[Company, Path, str], None]:
    return lambda _company, folder, position: change(folder / TRACKER, position)


def _truncate(path: Path, position: str) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: {"first": 30, "middle": len(content) // 2, "last": len(content) - 30}[position]])


def _become(content: bytes) -> Write:
    return lambda path, _: path.write_bytes(content) and None


def _link(path: Path, _: str) -> None:
    path.rename(path.with_name("elsewhere.xlsx"))
    path.symlink_to(path.with_name("elsewhere.xlsx"))


def _pipe(path: Path, _: str) -> None:
    path.unlink()
    os.mkfifo(path)


def _edited(edit: Callable[[Any, int], None]) -> Write:
    """Edit the sheet; a position is a row of the table."""

    def change(path: Path, position: str) -> None:
        workbook = load_workbook(path)
        edit(workbook.worksheets[0], 4 + (0 if position == "any" else _index(position, WORK)))
        workbook.save(path)

    return change


def _rename_header(sheet: Any, _: int) -> None:
    sheet["G3"].value = "Something else"
    sheet.tables["ProcurementSavings"]._initialise_columns()


def _lose_table(sheet: Any, _: int) -> None:
    del sheet.tables["ProcurementSavings"]


def _lose_rows(sheet: Any, _: int) -> None:
    for row in range(5, 4 + WORK):
        for column in range(1, 10):
            sheet.cell(row, column).value = None


def _break_amount(sheet: Any, row: int) -> None:
    sheet.cell(row, 7).value = "#REF!"
    sheet.cell(row, 7).data_type = "e"


def _break_key(sheet: Any, row: int) -> None:
    sheet.cell(row, 1).value = "#REF!"
    sheet.cell(row, 1).data_type = "e"


def _double_key(sheet: Any, row: int) -> None:
    """Copy a row below the last one, inside the table."""
    for column in range(1, 10):
        sheet.cell(4 + WORK, column).value = sheet.cell(row, column).value
    sheet.tables["ProcurementSavings"].ref = f"A3:I{4 + WORK}"


_OLE = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(4096)

WORLDS: tuple[Disturbance, ...] = (
    *(
        Disturbance(system, name, "S1", partial(_no_answer, system, url))
        for system in (JIRA, DATA_CENTER, ASANA, SALESFORCE)
        for name, url in (
            ("nobody listens at the address", "http://127.0.0.1:9"),
            ("the host has no address", "https://jira.invalid"),
        )
    ),
    *(
        Disturbance(system, "another account answers", "J23", partial(_another_account, system), ("first", "last"))
        for system in (JIRA, DATA_CENTER, ASANA, SALESFORCE)
    ),
    *_jira(JIRA),
    *_jira(DATA_CENTER),
    Disturbance(ASANA, "a project is not shared any more", "A18", _asana_hide_project),
    Disturbance(ASANA, "no task is there any more", "S6", partial(_asana_hide_tasks, 0)),
    Disturbance(ASANA, "most tasks are not there any more", "A12", partial(_asana_hide_tasks, 6)),
    Disturbance(ASANA, "a configured field is gone", "S9", _asana_take_field, end=End.WITHOUT_A_FIELD),
    Disturbance(ASANA, "one record is spoilt", "S10", _asana_spoil, POSITIONS, End.WITHOUT_ONE),
    Disturbance(SALESFORCE, "the sign-in is refused", "S4", _crm_signed_out),
    Disturbance(SALESFORCE, "sharing hides every deal", "S15", partial(_crm_hide, 0)),
    Disturbance(SALESFORCE, "sharing hides most deals", "S15", partial(_crm_hide, 3)),
    Disturbance(SALESFORCE, "most deals are deleted", "S6", partial(_crm_purge, 3)),
    Disturbance(SALESFORCE, "a configured field is hidden", "S14", _crm_take_field),
    Disturbance(SALESFORCE, "one record is spoilt", "S10", _crm_spoil, POSITIONS, End.WITHOUT_ONE),
    Disturbance(WORKBOOK, "the file is gone", "S11", _file(lambda path, _: path.unlink())),
    Disturbance(WORKBOOK, "the file is half written", "S11", _file(_truncate), POSITIONS),
    Disturbance(WORKBOOK, "the file is empty", "X22", _file(_become(b""))),
    Disturbance(WORKBOOK, "a web page in place of the file", "X22", _file(_become(b"<!doctype html><p>Sign in"))),
    Disturbance(WORKBOOK, "the file is encrypted", "X22", _file(_become(_OLE))),
    Disturbance(WORKBOOK, "a symbolic link in place of the file", "F7", _file(_link)),
    Disturbance(WORKBOOK, "a pipe in place of the file", "F7", _file(_pipe)),
    Disturbance(WORKBOOK, "a header was renamed", "S12", _file(_edited(_rename_header))),
    Disturbance(WORKBOOK, "the table is gone", "S12", _file(_edited(_lose_table))),
    Disturbance(WORKBOOK, "most rows are gone", "S6", _file(_edited(_lose_rows))),
    Disturbance(WORKBOOK, "a broken amount", "X5", _file(_edited(_break_amount)), POSITIONS, End.WITHOUT_ONE),
    Disturbance(WORKBOOK, "a broken key", "X5", _file(_edited(_break_key)), POSITIONS),
    Disturbance(WORKBOOK, "two rows with one key", "X19", _file(_edited(_double_key)), POSITIONS, End.WITHOUT_ONE),
)
