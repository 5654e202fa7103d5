"""Findings hold one value for what they say alike; what they say stays as it was."""

from dataclasses import replace
from datetime import date

from model.findings import Evidence, Finding, Step
from reconcile.alike import Alike


def finding(deal: str) -> Finding:
    """A promise to a customer that waits for a release, as for each of its deals."""
    release = "jira:version:6"
    return Finding(
        check="late-commitment",
        check_version=1,
        subjects=(deal,),
        title=f"{deal} is late",
        chain=(
            Step(deal, deal, "Deal", "promised for 30 Sep 2026"),
            Step(release, "2.4", "", "21 Oct 2026", date(2026, 10, 21)),
        ),
        evidence=(Evidence(deal, deal, "promised_date", "2026-09-30"), Evidence(release, "2.4", "date", "2026-10-21")),
    )


def test_what_two_findings_have_in_common_is_one_value_and_the_rest_their_own() -> None:
    told, alike = [finding("crm:1"), finding("crm:2")], Alike()
    one, two = map(alike.share, told)
    assert [one, two] == told
    assert one.chain[1] is two.chain[1]
    assert one.evidence[1] is two.evidence[1]
    assert told[0].chain[1] is not told[1].chain[1], "without sharing each has its own"
    assert (one.chain[0].node, two.evidence[0].record_id) == ("crm:1", "crm:2")


def test_what_differs_in_one_word_is_kept_apart() -> None:
    later, alike = replace(finding("crm:1").evidence[1], value="2026-10-22"), Alike()
    one, two = map(alike.share, [finding("crm:1"), replace(finding("crm:1"), evidence=(later,))])
    assert (one.evidence[1].value, two.evidence[0].value) == ("2026-10-21", "2026-10-22")
