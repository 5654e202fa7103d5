"""``driftline sources approve``: what is held is shown, confirmed, kept with who and why, and concluded once."""

import getpass
from pathlib import Path

import pytest

from sandbox.world import Meridian
from state.lock import Ownership
from state.store import Store
from tests.cli.console import driftline
from tests.databases import url_of


@pytest.fixture
def closed(monday: Meridian) -> Path:
    """A company whose deals were all closed out, which nobody believes yet."""
    assert driftline("sync", "salesforce", folder=monday.folder).code == 0
    for opportunity in list(monday.salesforce.opportunities):
        monday.salesforce.delete(opportunity)
    assert driftline("sync", "--full", "salesforce", folder=monday.folder).code == 3
    return monday.folder


def shown(folder: Path) -> dict[str, object]:
    return driftline("sources", "show", "salesforce", "--json", folder=folder).json  # type: ignore[no-any-return]


def test_what_is_held_is_shown_by_the_source_and_its_records_are_unobserved(closed: Path):
    """D.2, S6."""
    told = shown(closed)
    assert told["absences"] == {"unobserved": 18}
    held = told["held"]
    assert isinstance(held, dict)
    assert (held["doubt"], held["records"]) == ("loss", 18)
    assert sum(container["lost"] for container in held["containers"]) == 18
    said = driftline("sources", "show", "salesforce", folder=closed).out
    assert "18 unobserved" in said
    assert "held since" in said
    assert "18: 18 of 18 in Opportunities; they count as unobserved until somebody approves" in " ".join(said.split())
    assert said.count("no longer shows 18 of 18 records") == 1


def test_an_approval_is_kept_with_who_and_why_and_used_by_the_next_run(closed: Path):
    words = ("--reason", "the unit was sold", "--by", "ann", "--yes")
    said = driftline("sources", "approve", "salesforce", *words, folder=closed)
    assert (said.code, said.err) == (0, "approved; the next run concludes it: driftline sync salesforce\n")
    assert "held records" in said.out
    [waiting] = shown(closed)["approvals"]  # type: ignore[misc]
    assert (waiting["by"], waiting["reason"], waiting["used_at"]) == ("ann", "the unit was sold", None)
    for command in (("status",), ("sources", "show", "salesforce")):
        waiting_for_it = " ".join(driftline(*command, folder=closed).out.split())
        assert "approved; the next run concludes it, or now: driftline sync salesforce" in waiting_for_it
        assert "driftline sources approve salesforce" not in waiting_for_it
    assert driftline("sync", "salesforce", folder=closed).code == 0
    told = shown(closed)
    assert (told["absences"], told["held"]) == ({"deleted": 18}, None)
    assert told["approvals"][0]["used_at"]  # type: ignore[index]
    said = driftline("sources", "show", "salesforce", folder=closed)
    assert "18 records gone, by ann on " in said.out
    assert "because “the unit was sold”; concluded on " in " ".join(said.out.split())


def test_an_approval_may_be_given_while_another_process_owns_the_state(closed: Path, monday: Meridian):
    url = url_of(closed / "state" / "driftline.db")
    with Store.open(url) as store, Ownership.acquire(store, holder="driftline run", now=monday.clock()):
        said = driftline("sources", "approve", "salesforce", "--reason", "sold", "--yes", folder=closed)
        assert said.code == 0
        pending = store.pending_approval("salesforce")
    assert pending is not None
    assert pending.by == getpass.getuser()


def test_it_must_be_confirmed_and_explained_where_nobody_can_answer(closed: Path):
    said = driftline("sources", "approve", "salesforce", "--reason", "sold", folder=closed)
    assert said.code == 2
    assert "add --yes" in said.err
    unexplained = driftline("sources", "approve", "salesforce", "--yes", folder=closed)
    assert unexplained.code == 2
    assert "held records" in unexplained.out
    assert "error: an approval needs a reason" in unexplained.err
    assert 'driftline sources approve salesforce --reason "…"' in unexplained.err
    assert shown(closed)["approvals"] == []


def test_at_a_terminal_it_is_asked_for(closed: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cli.approval_view.sys.stdin", Terminal())
    for answer, code in ((False, 2), (True, 0)):
        monkeypatch.setattr("click.confirm", lambda *_args, _answer=answer, **_wishes: _answer)
        said = driftline("sources", "approve", "salesforce", "--reason", "sold", folder=closed)
        assert said.code == code
        assert len(shown(closed)["approvals"]) == (code == 0)  # type: ignore[arg-type]


class Terminal:
    def isatty(self) -> bool:
        return True


def test_nothing_held_and_an_unknown_name_are_refused(copy: Path):
    for words, said in (
        (("jira", "--reason", "sold"), "nothing is held of jira"),
        (("sap", "--reason", "sold"), "there is no source named sap"),
        (("jira",), "nothing is held of jira"),
    ):
        refused = driftline("sources", "approve", *words, "--yes", folder=copy)
        assert refused.code == 2
        assert said in refused.err


def test_a_changed_type_is_let_through_and_everything_is_read_anew(monday: Meridian):
    """S9: the store holds what the field is now, and the next run reads in full."""
    folder = monday.folder
    assert driftline("sync", "salesforce", folder=folder).code == 0
    [before] = driftline("show", "OPP-0001", "--json", folder=folder).json
    monday.salesforce.add_field("Launch_Release__c", "reference")
    assert driftline("sync", "salesforce", folder=folder).code == 3
    said = driftline("sources", "approve", "salesforce", "--reason", "it is a look-up now", "--yes", folder=folder)
    assert said.code == 0
    told = "promised_field was Launch_Release__c (string) and is now Launch_Release__c (reference)"
    assert told in " ".join(said.out.split())
    assert "held since" in said.out
    [waiting] = shown(folder)["approvals"]  # type: ignore[misc]
    assert (waiting["doubt"], waiting["reason"]) == ("shape", "it is a look-up now")
    synced = driftline("sync", "salesforce", "--json", folder=folder)
    assert synced.code == 0
    [read] = synced.json["results"]
    assert (read["outcome"], read["read"]) == ("complete", 18)
    [after] = driftline("show", "OPP-0001", "--json", folder=folder).json
    assert after["record"] == before["record"]
    again = driftline("sync", "salesforce", "--json", folder=folder)
    assert (again.code, again.json["results"][0]["read"]) == (0, 0)
    refused = driftline("sources", "approve", "salesforce", "--reason", "once more", "--yes", folder=folder)
    assert refused.code == 2
    assert "nothing is held of salesforce" in refused.err
