"""A reader sees only the subtrees that the audience grants: no name, number or count of anything else (X16)."""

import io
import re
import zipfile
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.audiences.grant import granted
from digest.base import Edition, Named, News, Picture
from digest.brief import sort_edition
from digest.compose import compose
from digest.notice import NoticeTime, compose_notice, urgent
from digest.render import render_html, render_text
from model.credentials import Credentials
from model.findings import (
    Account,
    Claim,
    DecisionOption,
    Evidence,
    Finding,
    FindingState,
    Impact,
    OptionKind,
    Severity,
    Share,
    Slip,
    Step,
    TransitionKind,
    Triage,
)
from model.measures import DecisionRate, Latency, Measures
from model.objectives import Level, Objective, ObjectiveTree
from model.runs import CannotJudge
from tests.digest.editions import (
    NOW,
    SOURCES,
    accepted,
    coverage,
    edition,
    happened,
    opened,
    resolved,
    revenue,
    savings,
    tracked,
)
from tests.proofs.ledger import show, show_control

TREE = ObjectiveTree(
    (
        Objective(id="TOP", name="Zenith", level=Level.ORGANIZATION, owner="Olga Oben", sponsor="Sven Spitze"),
        Objective(id="IN", name="Harbour", level=Level.PROGRAM, parent="TOP", owner="Ines Innen"),
        Objective(id="IN-1", name="Quay", level=Level.MEASURE, parent="IN", sponsor="Ida Inland"),
        Objective(id="OUT", name="Quarry", level=Level.PROGRAM, parent="TOP", owner="Otto Aussen"),
        Objective(id="OUT-1", name="Gravel", level=Level.MEASURE, parent="OUT", owner="Oda Draussen"),
    )
)
SECRETS = (
    *(
        "Quarry",
        "Gravel",
        "Zenith",
        "OUT-1",
        "Otto Aussen",
        "Oda Draussen",
        "Karl Kies",
        "SECRET-9",
        "Blasting",
        "vault",
    ),
    *("777", "Pit record", "sealed.xlsx"),
)
"""What belongs to the branch outside alone: names, keys, persons, a source, and amounts with their digits."""
OUTSIDE = {"jira:9": ("SECRET-9", "Blasting licence"), "vault:1": ("PIT-1", "Pit record")}


def inside(number: int, **changes: object) -> Finding:
    """A deal on the granted branch, without any touch of the other."""
    finding = Finding(
        check="late-commitment",
        check_version=1,
        subjects=(f"crm:{number}",),
        title=f"DEAL-{number} promises the crane 12 days before it can be delivered",
        objective_ids=("IN-1",),
        commitment=Claim("Salesforce", f"DEAL-{number}", "promises 30 Sep 2026", NOW.date() + timedelta(22)),
        forecast=Claim("Jira", "CRANE-1", "is due 12 Oct 2026", NOW.date() + timedelta(34)),
        impact=Impact(12, (revenue(f"crm:{number}", 30_000 + number, "0.5"),)),
        cause="jira:1",
        chain=(Step("jira:1", "CRANE-1", "Crane", "due 12 Oct 2026"),),
        severity=Severity.MAJOR,
        owner="Ines Innen",
        decider="Ida Inland",
        decide_by=NOW.date() + timedelta(7),
        advice="Move the promise to 12 Oct, or bring CRANE-1 forward by 12 days?",
        sources=("crm",),
    )
    return replace(finding, **changes)


def outside(number: int, **changes: object) -> Finding:
    """A saving on the other branch."""
    finding = Finding(
        check="early-saving",
        check_version=1,
        subjects=(f"vault:{number}",),
        title="Gravel is booked before Blasting can bring EUR 777,000",
        objective_ids=("OUT-1",),
        commitment=Claim("vault", "PIT-1", "books 777", None, "sealed.xlsx!A1"),
        impact=Impact(777, (savings(f"vault:{number}", 777_000, ("2026-10",)),)),
        cause="jira:9",
        chain=(Step("jira:9", "SECRET-9", "Blasting licence", "due"),),
        severity=Severity.CRITICAL,
        owner="Oda Draussen",
        decider="Otto Aussen",
        decide_by=NOW.date() + timedelta(1),
        advice="Stop Gravel?",
        sources=("vault",),
        triage=Triage(Slip.VALUE, 77),
    )
    return replace(finding, **changes)


def both() -> Finding:
    """A finding on both branches: a granted deal and a saving outside hang on work that serves only the other."""
    return inside(
        5,
        subjects=("crm:5", "jira:9"),
        title="DEAL-5 and the Pit record wait for Blasting licence, worth EUR 777,000",
        objective_ids=("OUT-1", "IN-1"),
        forecast=Claim(
            "Jira",
            "SECRET-9",
            "is due 12 Oct 2026, said Karl Kies",
            NOW.date() + timedelta(34),
            "https://x.example/SECRET-9",
        ),
        impact=Impact(
            12,
            (revenue("crm:5", 60_000, "0.5"), savings("vault:1", 777_000, ("2026-10",))),
            weekly=(savings("vault:1", 777_000, ("2026-10",)),),
        ),
        cause="jira:9",
        chain=(
            Step("crm:5", "DEAL-5", "Crane for the Quarry", "promised"),
            Step("jira:9", "SECRET-9", "Blasting licence", "due 12 Oct 2026", None, "https://x.example/SECRET-9"),
        ),
        evidence=(
            Evidence(
                "jira:9", "SECRET-9", "due", "2026-10-12", old="2026-09-30", by="Karl Kies", at=NOW - timedelta(hours=9)
            ),
            Evidence("crm:5", "DEAL-5", "promised", "the Quarry opening", old="nothing", by="Ida Inland", at=NOW),
        ),
        owner="Oda Draussen",
        decider="Otto Aussen",
        advice="Fund Blasting licence with EUR 777,000, or move DEAL-5 to 12 Oct?",
        options=(
            DecisionOption(kind=OptionKind.FUND, says="Fund Blasting licence, 777,000", record_id="jira:9"),
            DecisionOption(
                kind=OptionKind.MOVE_PROMISE,
                says="Move DEAL-5 to 12 Oct 2026",
                record_id="crm:5",
                costs=(savings("vault:1", 777_000, ("2026-10",)),),
            ),
        ),
    )


def world(kind: str = "news") -> Edition:
    """Both branches with everything that a mail can tell, as an audience of the branch ``IN`` gets it."""
    hygiene = outside(7, check="unknown-status", upkeep=True, severity=Severity.MINOR, cause=None)
    own_hygiene = inside(8, check="unknown-status", upkeep=True, severity=Severity.MINOR, cause=None, impact=Impact())
    news: list[News] = [opened(inside(1)), opened(both()), opened(outside(2)), resolved(outside(3), "Gravel came")]
    news.append(
        happened(
            tracked(outside(4)), TransitionKind.WORSENED, before=Impact(7, (savings("vault:4", 777, ("2026-10",)),))
        )
    )
    notice = outside(9, severity=Severity.NOTICE, cause=None)
    standing = [
        *(each.tracked for each in news if each.tracked.standing),
        tracked(hygiene),
        tracked(own_hygiene),
        tracked(notice),
        accepted(outside(10, cause="jira:77"), NOW.date() + timedelta(3)),
        tracked(outside(11, cause="jira:78"), inhibited_by="Quarry is on hold"),
        tracked(outside(12, cause="jira:79"), held_since=NOW - timedelta(hours=7), held_because="vault"),
    ]
    told = edition(
        news if kind == "news" else [],
        standing,
        sources=(
            *SOURCES[:2],
            coverage("crm", records=777, linked=77),
            coverage("vault", complete=False, error="Gravel"),
        ),
        objectives=["IN"],
        heartbeat=True,
    )
    return replace(
        told,
        tree=TREE,
        past=tuple(news),
        outside=OUTSIDE,
        granted_sources=frozenset({"crm"}),
        credentials=(Credentials("vault", NOW.date(), "Karl Kies"), Credentials("crm", NOW.date() + timedelta(3))),
        blind=(CannotJudge("early-saving", "no saving of vault has a date", ("vault",)), CannotJudge("x", "all", ())),
        measures=Measures(at=NOW, told=Latency(77, 777, 777), decisions=DecisionRate(777, accepted=77)),
        named={"vault:1": Named("PIT-1", "Pit record", "sealed.xlsx!A1"), "crm:5": Named("DEAL-5", "Crane")},
    )


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if re.search(rf"(?<![0-9a-f]){re.escape(secret)}(?![0-9a-f])", text)]


@pytest.mark.parametrize("kind", ["news", "quiet"])
def test_no_section_no_subject_and_no_reason_tells_anything_of_the_other_branch(kind: str):
    composed = compose(world(kind))
    assert composed.empty is False
    everything = "\n".join(
        [composed.subject, composed.title, composed.reason, render_text(composed), render_html(composed)]
    )
    assert leaks(everything) == []


def test_without_the_grant_the_same_mail_tells_the_other_branch():
    """The proof above can fail: an audience that may see everything reads what is secret to the other."""
    story = world()
    told = render_text(compose(replace(story, options=story.options.model_copy(update={"objectives": ()}))))
    assert {"Gravel", "Otto Aussen", "SECRET-9"} <= set(leaks(told))
    show_control(
        "X16", removed="the grant", seen=f"{len(leaks(told))} names and figures of the other branch in the mail"
    )


def test_what_attachments_and_plots_are_made_from_holds_nothing_of_the_other_branch():
    brief = sort_edition(world())
    kept = replace(brief.edition, options=None, audience="")
    told = repr(
        (kept, brief.told, brief.at_risk, brief.accepted, brief.silenced, brief.decisions, brief.fresh, brief.eased)
    )
    # The ids by which a finding is identified stay, since its code is made from them; nobody prints them.
    assert leaks(re.sub(r"subjects=\([^)]*\)", "", told)) == []


def test_a_finding_on_both_branches_shows_its_granted_part():
    told = next(each for each in sort_edition(world()).at_risk if "crm:5" in each.finding.subjects)
    finding = told.finding
    assert finding.objective_ids == ("IN-1",)
    assert (finding.impact.full(Account.REVENUE), finding.impact.full(Account.SAVINGS)) == (60_000, 0)
    assert finding.title == "DEAL-5 hangs on something outside your objectives"
    assert finding.forecast is not None
    assert finding.forecast.says == "what it hangs on comes on 12 Oct"
    assert [option.says for option in finding.options] == ["Move DEAL-5 to 12 Oct 2026"]
    assert finding.options[0].costs == ()
    assert (finding.owner, finding.decider) == (None, "somebody outside your objectives")
    assert finding.impact.days == 12


def test_who_decides_above_what_is_granted_is_named():
    shared = replace(both(), decider="Sven Spitze", owner="Ines Innen")
    story = replace(world(), news=(opened(shared),), standing=(tracked(shared),))
    [told] = sort_edition(story).at_risk
    assert (told.finding.decider, told.finding.owner) == ("Sven Spitze", "Ines Innen")


def test_findings_that_wait_for_one_hidden_record_stay_one_piece_of_news():
    two = [both(), replace(both(), subjects=("crm:6", "jira:9"))]
    brief = sort_edition(replace(world(), news=tuple(map(opened, two)), standing=()))
    assert len(brief.decisions) == 1
    assert "jira:9" not in brief.decisions[0].key


def test_a_record_that_serves_both_branches_or_none_is_shown():
    story = replace(world(), outside={})
    told = next(each for each in sort_edition(story).at_risk if "crm:5" in each.finding.subjects)
    assert told.finding.impact.full(Account.SAVINGS) == 777_000
    assert told.finding.chain[1].key == "SECRET-9"
    assert "Quarry" not in repr(told.finding.chain[0])


def test_counts_are_those_of_the_granted_branch():
    text = render_text(compose(world()))
    assert "1 finding about the data" in text
    assert "crm as of" in text
    assert "records linked" not in text
    assert "cannot judge" not in text


def test_a_notice_tells_only_what_is_granted():
    story = world()
    story = replace(story, options=story.options.model_copy(update={"at_once": _threshold()}))
    found = urgent(story)
    assert found is not None
    notice = compose_notice(found, NoticeTime(1, 3, None))
    assert leaks("\n".join([notice.subject, notice.title, render_text(notice), render_html(notice)])) == []
    assert "DEAL-5" in render_text(notice)


def _threshold() -> object:
    from digest.options import AtOnceOptions

    return AtOnceOptions(minimum_severity=Severity.MINOR)


def test_an_audience_without_objectives_gets_the_edition_as_it_is():
    story = edition([opened(inside(1))])
    assert granted(story) is story


@pytest.mark.parametrize(("state", "upkeep"), product([FindingState.OPEN, FindingState.RESOLVED], [False, True]))
def test_nothing_of_a_finding_outside_is_kept_in_any_state(state: FindingState, upkeep: bool):
    finding = outside(1, upkeep=upkeep)
    story = replace(world(), news=(happened(tracked(finding, state), TransitionKind.OPENED),), standing=(), past=())
    brief = sort_edition(story)
    assert (brief.told, brief.at_risk, brief.upkeep, brief.edition.standing) == ((), (), 0, ())


RECORDS = st.sampled_from(["crm:1", "crm:2", "vault:1", "vault:2", "jira:1", "jira:9"])
NAMES = {
    "crm:1": ("DEAL-1", "Crane"),
    "crm:2": ("DEAL-2", "Winch"),
    "jira:1": ("CRANE-1", "Crane"),
    "vault:1": ("PIT-1", "Pit record"),
    "vault:2": ("PIT-2", "Pit record"),
    "jira:9": ("SECRET-9", "Blasting licence"),
}
HIDDEN = {"vault:1", "vault:2", "jira:9"}


@st.composite
def mixed_findings(draw: st.DrawFn) -> Finding:
    """A finding that names records and objectives of either side anywhere."""

    def share() -> Share:
        node = draw(RECORDS)
        return savings(node, 777_000 if node in HIDDEN else 5_000, ("2026-10",))

    def text() -> str:
        node = draw(RECORDS)
        return f"{draw(st.sampled_from(NAMES[node]))} waits" + (", EUR 777,000" if node in HIDDEN else "")

    def claim() -> Claim:
        node = draw(RECORDS)
        key, title = NAMES[node]
        where = f"https://x.example/{key}"
        return Claim("vault" if node in HIDDEN else "crm", key, f"{title} is due, {text()}", NOW.date(), where)

    nodes = draw(st.lists(RECORDS, min_size=1, max_size=4))
    chain = tuple(
        Step(n, *NAMES[n], f"{NAMES[n][1]} due", NOW.date(), f"https://x.example/{NAMES[n][0]}") for n in nodes
    )
    person = st.sampled_from(["Ines Innen", "Otto Aussen", "Sven Spitze", None])
    return Finding(
        check="mixed",
        check_version=1,
        subjects=tuple(nodes),
        title=text(),
        objective_ids=("OUT-1", "IN-1"),
        commitment=claim(),
        forecast=claim(),
        impact=Impact(7, (share(), share()), (share(),), (share(),), (share(),)),
        cause=draw(st.sampled_from(nodes)),
        chain=chain,
        evidence=tuple(
            Evidence(
                n,
                NAMES[n][0],
                "due",
                NAMES[n][1],
                old="Karl Kies" if n in HIDDEN else "then",
                by="Karl Kies" if n in HIDDEN else "Ida Inland",
            )
            for n in nodes
        ),
        severity=Severity.MAJOR,
        owner=draw(person),
        decider=draw(person),
        decide_by=NOW.date() + timedelta(draw(st.integers(0, 9))),
        advice=text(),
        options=tuple(DecisionOption(kind=OptionKind.FUND, says=text(), record_id=n, costs=(share(),)) for n in nodes),
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(mixed_findings(), min_size=1, max_size=4), st.sampled_from(list(TransitionKind)))
def test_whatever_a_finding_names_nothing_of_the_other_branch_is_told(findings: list[Finding], kind: TransitionKind):
    news = [happened(tracked(finding), kind, before=finding.impact, reason=finding.title) for finding in findings]
    outside = {node: names for node, names in NAMES.items() if node in HIDDEN}
    story = replace(
        world(), news=tuple(news), past=tuple(news), standing=tuple(n.tracked for n in news), outside=outside
    )
    composed = compose(story)
    told = "\n".join([composed.subject, composed.reason, render_text(composed), render_html(composed)])
    brief = sort_edition(story)
    kept = repr((brief.told, brief.at_risk, brief.decisions, brief.edition.past, brief.last_decisions))
    assert leaks(told) + leaks(re.sub(r"subjects=\([^)]*\)", "", kept)) == []


def test_the_workbook_and_the_pictures_hold_nothing_of_the_other_branch():
    story = world()
    options = story.options.model_copy(update={"workbook": True, "plots": True})
    composed = compose(replace(story, options=options))
    files = [attachment.content for attachment in composed.attachments]
    assert files
    for content in files:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            told = "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
        assert "DEAL-1" in told
        assert leaks(re.sub(r"<[^>]*>", " ", told)) == []
    alternatives = [block.alt for section in composed.blocks for block in section.blocks if isinstance(block, Picture)]
    assert leaks("\n".join(alternatives)) == []
    mail = "\n".join([composed.subject, composed.reason, render_text(composed), render_html(composed)])
    assert leaks(mail) == []
    show(
        "X16",
        "An audience of one branch is told no name, number or count of another one: every text and figure of the other"
        " branch is a canary, in findings, causes, decisions, evidence, sources and people",
        reach="0 canaries across the border",
        seen=f"0 of {len(SECRETS)} canaries in subject, text and HTML, {len(files)} attachments and"
        f" {len(alternatives)} pictures",
    )
