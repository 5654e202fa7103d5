"""To-do mails: to each owner in an allowed domain what is theirs, with the way from their record to the money."""

import json
from collections.abc import Callable
from datetime import date
from email import message_from_bytes, policy
from typing import Any

import pytest

from digest.audiences.people_options import OwnersOptions
from model.deliveries import Delivery
from model.errors import UsageError
from pipeline.edition import plain_edition
from pipeline.owners import Addresses, prepare_to_dos, to_do_of, to_dos
from state.store import Store
from tests.databases import Kept, keep
from tests.pipeline.company import LEAD, OBJECTIVES, Company, Servers

WORKER = "wilma.werk@acme.example"
SLOT = "2026-09-15"
Change = Callable[..., None]


@pytest.fixture
def owners(company: Company) -> Change:
    def change(**options: object) -> None:
        company.settings["owners"] = {"domains": ["acme.example"], **options}
        company.write()

    change()
    return change


def owned_by(company: Company, who: str, key: str = "WEB-1") -> None:
    company.jira.add_person(who, who.partition("@")[0])
    company.jira.find(key).assignee = who


def prepared(company: Company, store: Store, slot: str = SLOT) -> dict[str, str]:
    return {
        row.recipient: text_of(row) for row in prepare_to_dos(store, company.configuration, slot=slot, now=company.now)
    }


def text_of(row: Delivery) -> str:
    part = message_from_bytes(row.message, policy=policy.default).get_body(("plain",))
    assert part is not None
    return " ".join(str(part.get_content()).split())


@pytest.fixture(scope="module")
def slipped_state(servers: Servers, blank_state: Kept, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """What a state holds after WEB-1, which Wilma owns, slipped."""
    company = Company(tmp_path_factory.mktemp("owned") / "acme", servers)
    blank_state.bring_back(company.state)
    with company.open_store() as store:
        owned_by(company, WORKER)
        company.sync(store)
        company.slip()
        company.pass_time(days=1)
        company.sync(store)
    return keep(company.state)


@pytest.fixture
def slipped(slipped_state: Kept, store: Store, company: Company, owners: Change) -> Company:
    store.close()
    slipped_state.bring_back(company.state)
    owned_by(company, WORKER)
    company.slip()
    company.pass_time(days=1)
    return company


class TestWhoGetsOne:
    @pytest.mark.parametrize(
        ("name", "address"),
        [
            ("wilma.werk@acme.example", "wilma.werk@acme.example"),
            ("Wilma Werk <Wilma.Werk@ACME.example>", "wilma.werk@acme.example"),
            ("Wilma Werk", "w.werk@acme.example"),
            ("wilma  WERK (Team Web)", "w.werk@acme.example"),
            ("Somebody Else", None),
            ("eva@elsewhere.example", None),
            ("eva@acme.example.evil.example", None),
            ("eva@sub.acme.example", None),
            ("External Ede", None),
            ("sales@acme.example", None),
            ("TBD", None),
            ("", None),
            (None, None),
        ],
    )
    def test_only_single_persons_in_the_allowed_domains_are_ever_written_to(
        self, name: str | None, address: str | None
    ):
        people = {"wilma werk": "w.werk@acme.example", "external ede": "ede@elsewhere.example"}
        assert Addresses(people, OwnersOptions(domains=("Acme.example",))).find(name) == address

    def test_the_owner_of_the_record_at_the_start_of_the_chain_gets_one_mail(self, store: Store, slipped: Company):
        told = prepared(slipped, store)
        assert WORKER in told
        assert "WEB-1 Checkout" in told[WORKER]
        assert all(row.recipient.endswith("@acme.example") for row in store.deliveries())

    def test_without_owners_in_the_settings_nobody_gets_any(self, store: Store, slipped: Company):
        del slipped.settings["owners"]
        slipped.write()
        assert prepared(slipped, store) == {}
        with pytest.raises(UsageError, match="no to-do mails"):
            to_do_of(store, slipped.configuration, WORKER, now=slipped.now)

    def test_nobody_in_another_domain_can_be_previewed(self, store: Store, slipped: Company):
        with pytest.raises(UsageError, match="in none of the domains"):
            to_do_of(store, slipped.configuration, "x@elsewhere.example", now=slipped.now)


class TestWhatItSays:
    def test_the_way_leads_from_the_record_to_the_money(self, store: Store, slipped: Company):
        text = prepared(slipped, store)[WORKER]
        assert "WEB-1 › R1 › D-8 Customer 8, EUR 800,000 revenue" in text
        assert "1. WEB-1 Checkout [32 days late]" in text
        assert "Money EUR 3,600,000 revenue" in text
        assert "and 6 more ways" in text

    def test_how_far_the_owner_may_decide_alone_comes_from_the_decision_rights(self, store: Store, slipped: Company):
        objectives: Any = json.loads(json.dumps(OBJECTIVES))
        objectives["objectives"][1] |= {
            "tolerance": {"days": 5, "amount": "50000 EUR"},
            "decision_rights": {"within_tolerance": WORKER},
        }
        slipped.write(objectives=objectives)
        text = prepared(slipped, store)[WORKER]
        assert "You may decide this alone up to 5 days and EUR 50,000" in text

    def test_somebody_elses_right_is_not_offered(self, store: Store, slipped: Company):
        objectives: Any = json.loads(json.dumps(OBJECTIVES))
        objectives["objectives"][1] |= {"tolerance": {"days": 5}, "decision_rights": {"within_tolerance": LEAD}}
        slipped.write(objectives=objectives)
        assert "alone" not in prepared(slipped, store)[WORKER]

    def test_what_is_wrong_with_the_data_is_listed_for_its_owner(self, store: Store, slipped: Company):
        found = to_dos(store, slipped.configuration, now=slipped.now)
        mends = {each.finding.check for to_do in found.values() for each in to_do.mends}
        assert all(each.finding.upkeep for to_do in found.values() for each in to_do.mends)
        moves = {each.finding.check for to_do in found.values() for move in to_do.moves for each in move.cause.findings}
        assert "late-commitment" in moves
        assert mends.isdisjoint(moves)

    def test_a_preview_is_the_mail_that_goes_out(self, store: Store, slipped: Company):
        from digest.render import render_text

        seen = to_do_of(store, slipped.configuration, WORKER.upper(), now=slipped.now)
        assert " ".join(render_text(seen).split()) == prepared(slipped, store)[WORKER]

    def test_who_has_nothing_to_do_would_get_nothing(self, store: Store, slipped: Company):
        assert to_do_of(store, slipped.configuration, "idle@acme.example", now=slipped.now).empty is True


class TestWhenItGoes:
    def test_a_list_on_which_nothing_changed_goes_out_again_only_after_a_time(self, store: Store, slipped: Company):
        assert WORKER in prepared(slipped, store)
        slipped.pass_time(days=7)
        assert prepared(slipped, store, "2026-09-22") == {}
        slipped.pass_time(days=7)
        assert WORKER in prepared(slipped, store, "2026-09-29")

    def test_what_got_later_is_told_at_the_next_slot(self, store: Store, slipped: Company):
        prepared(slipped, store)
        slipped.slip(date(2027, 2, 1))
        slipped.pass_time(days=7)
        slipped.sync(store)
        assert WORKER in prepared(slipped, store, "2026-09-22")

    def test_a_slot_is_one_mail_however_often_it_is_composed(self, store: Store, slipped: Company):
        """M12."""
        assert WORKER in prepared(slipped, store)
        assert prepared(slipped, store) == {}

    def test_killed_before_the_rows_were_committed_the_slot_is_told_by_a_restart(
        self, store: Store, slipped: Company, monkeypatch: pytest.MonkeyPatch
    ):
        """C1."""

        def killed(*_args: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(Store, "add_deliveries", killed)
            with pytest.raises(KeyboardInterrupt):
                prepared(slipped, store)
        assert WORKER in prepared(slipped, store)

    def test_a_person_whose_mails_of_the_week_are_used_up_is_asked_in_the_next(self, store: Store, slipped: Company):
        slipped.settings["budget"] = {"mails_per_week": 1}
        slipped.settings["digests"]["others"] = {"recipients": [WORKER]}
        slipped.write()
        slipped.settings["digests"].pop("leaders")
        slipped.write()
        from pipeline.notify import prepare

        prepare(store, slipped.configuration, "others", slot=SLOT, now=slipped.now)
        assert WORKER not in prepared(slipped, store)
        slipped.pass_time(days=7)
        assert WORKER in prepared(slipped, store, "2026-09-22")


def test_leaders_count_what_is_wrong_with_the_data_only_after_its_owner_had_time(store: Store, slipped: Company):
    edition, _ = plain_edition(store, slipped.configuration, "leaders", now=slipped.now)
    young = {each.fingerprint for each in edition.standing if each.finding.upkeep} & edition.with_owners
    slipped.pass_time(days=4)
    edition, _ = plain_edition(store, slipped.configuration, "leaders", now=slipped.now)
    assert edition.with_owners == frozenset()
    owned = {
        each.fingerprint
        for to_do in to_dos(store, slipped.configuration, now=slipped.now).values()
        for each in to_do.mends
    }
    assert young <= owned
