"""What the reconciler sees of the store."""

import inspect
from datetime import date
from typing import Any

import pytest

from model.links import Link, Need, NeedOrigin, Role
from model.network import DateSource, Group, UnknownStatus
from model.reading import Page
from model.records import Absence, Change, Measurement, Move, Outcome, Saving
from model.runs import Coverage
from reconcile.view import View
from state.store import Store
from state.view import StoreView
from tests.state.worlds import DAY_1, DAY_2, DAY_3, deal, item, release, save, sprint


def test_the_view_has_the_shape_that_the_reconciler_asks_for(store: Store) -> None:
    with store.view() as given:
        view: View = given
        assert list(view.deals()) == []
    wanted = {name: member for name, member in vars(View).items() if inspect.isfunction(member) and name[0] != "_"}
    assert len(wanted) > 20
    for name, member in wanted.items():
        assert inspect.signature(getattr(StoreView, name)) == inspect.signature(member), name


def test_the_view_does_not_move_while_it_is_read(store: Store) -> None:
    run = save(store, release("r1", "2.4", date(2026, 10, 1)))
    with store.view() as view:
        store.save_page(run, Page([release("r1", "2.4", date(2026, 12, 1))]), "jira", DAY_2)
        assert [each.release_date for each in view.releases()] == [date(2026, 10, 1)]
    with store.view() as view:
        assert [each.release_date for each in view.releases()] == [date(2026, 12, 1)]


def test_two_views_may_be_open_at_once_and_leave_nothing_behind(store: Store) -> None:
    save(store, item("1"))
    with store.view() as one, store.view() as two:
        assert list(one.spine()) == list(two.spine()) == []
    with store.view() as again:
        assert list(again.spine()) == []


def test_several_answers_may_be_read_side_by_side(store: Store) -> None:
    save(store, deal("1"), deal("2"), release("r1", "2.4"))
    store.replace_links(["crm:1", "crm:2"], [_promises("crm:1"), _promises("crm:2")], [])
    with store.view() as view:
        seen = [(one.id, [other.id for other in view.releases()]) for one in view.deals()]
    assert seen == [("crm:1", ["jira:r1"]), ("crm:2", ["jira:r1"])]


def test_deals_and_savings_are_shown_when_they_are_linked_or_have_a_need(store: Store) -> None:
    saving = Saving(source="xl", native_id="1", key="S-1", title="Saving")
    save(store, deal("linked"), deal("needy", outcome=Outcome.LOST), deal("alone"), saving)
    links = [_promises("crm:linked"), Link("xl:1", "M-1", Role.SAVES, "r")]
    store.replace_links(["crm:linked", "crm:needy", "xl:1"], links, [Need("crm:needy", "2.4")])
    with store.view() as view:
        assert [each.id for each in view.deals()] == ["crm:linked", "crm:needy"]
        assert list(view.savings()) == [saving]


@pytest.mark.parametrize(
    ("absence", "shown"), [(None, True)] + [(a, a.value not in ("deleted", "moved")) for a in Absence]
)
def test_a_deal_that_could_not_be_seen_is_still_judged(store: Store, absence: Absence | None, shown: bool) -> None:
    """D.2: only deleted and moved may change what is concluded."""
    run = save(store, deal("1"))
    store.replace_links(["crm:1"], [_promises("crm:1")], [])
    store.mark_absent(run, "crm", {"1": absence} if absence else {}, DAY_2)
    with store.view() as view:
        assert bool(list(view.deals())) is shown
        assert bool(list(view.links())) is shown
        assert view.absences() == ({"crm:1": (absence, DAY_2)} if absence else {})


def test_the_spine_is_ends_of_needs_and_parents(store: Store) -> None:
    save(
        store,
        item("epic"),
        item("child", parent="epic"),
        item("waits"),
        item("enabler"),
        item("awaited", source="asana", key="LEGAL-1"),
        item("leaf"),
        deal("1"),
    )
    store.replace_links(["jira:waits"], [], [Need("jira:waits", "CORE-enabler")])
    store.replace_links(["crm:1"], [], [Need("crm:1", "legal-1")])
    with store.view() as view:
        assert [each.id for each in view.spine()] == ["asana:awaited", "jira:enabler", "jira:epic", "jira:waits"]


def test_a_deleted_end_of_a_need_stays_in_the_spine_and_is_told_absent(store: Store) -> None:
    run = save(store, item("1"), deal("1"))
    store.replace_links(["crm:1"], [], [Need("crm:1", "CORE-1")])
    store.mark_absent(run, "jira", {"1": Absence.DELETED}, DAY_2)
    with store.view() as view:
        assert [each.id for each in view.spine()] == ["jira:1"]
        assert [each.prerequisites for each in view.needs()] == [("jira:1",)]
        assert view.absences() == {"jira:1": (Absence.DELETED, DAY_2)}


def test_links_are_those_of_deals_savings_measurements_releases_and_the_spine(store: Store) -> None:
    measured = Measurement(source="xl", native_id="m", key="KPI", title="KPI")
    save(store, deal("1"), release("r1", "2.4"), item("epic"), item("leaf", parent="epic"), measured)
    ids = ["crm:1", "jira:r1", "jira:epic", "jira:leaf", "xl:m"]
    roles = [Role.PROMISES, Role.DELIVERS, Role.DELIVERS, Role.DELIVERS, Role.MEASURES]
    store.replace_links(ids, [Link(id_, "M-1", role, "r") for id_, role in zip(ids, roles, strict=True)], [])
    with store.view() as view:
        assert [each.record_id for each in view.links()] == ["crm:1", "jira:epic", "jira:r1", "xl:m"]
        assert [each.record_id for each in view.links(Role.DELIVERS)] == ["jira:epic", "jira:r1"]


def _resolved(store: Store, dependent: str, wanted: str, **fields: Any) -> tuple[str, ...]:
    store.replace_links([dependent], [], [Need(dependent, wanted, **fields)])
    with store.view(objective_ids=["M-014", "CORE-9"]) as view:
        return next(each.prerequisites for each in view.needs() if each.dependent == dependent)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("CORE-1", ("jira:1",)),
        ("core\u00a0- 1", ()),
        ("OLD-1", ("jira:1",)),
        ("jira:1", ("jira:1",)),
        ("jira:Core-1", ("jira:1",)),
        ("1", ()),
        ("2.4", ("jira:r1", "jira:r2")),
        ("CORE/2.4", ("jira:r1",)),
        ("jira:web/2.4", ("jira:r2",)),
        ("m-014", ("objective:M-014",)),
        ("objective:M-014", ("objective:M-014",)),
        ("CORE-9", ("objective:CORE-9",)),
        ("jira:CORE-9", ("jira:9",)),
        ("nothing", ()),
        ("", ()),
    ],
)
def test_a_need_finds_what_its_name_means(store: Store, wanted: str, found: tuple[str, ...]) -> None:
    save(
        store,
        item("1", former_keys=("OLD-1",)),
        item("9"),
        release("r1", "2.4"),
        release("r2", "2.4", container="WEB"),
        deal("1"),
    )
    assert _resolved(store, "crm:1", wanted) == found


def test_a_name_means_first_what_the_own_source_calls_so(store: Store) -> None:
    save(store, item("1", key="T-1"), item("2", key="T-1", source="asana"), item("3"), deal("1"))
    assert _resolved(store, "jira:3", "T-1") == ("jira:1",)
    assert _resolved(store, "jira:3", "1") == ("jira:1",)
    assert _resolved(store, "crm:1", "T-1") == ("asana:2", "jira:1")


def test_a_record_named_after_what_it_waits_for_does_not_wait_for_itself(store: Store) -> None:
    save(store, item("1", key="ERP"), deal("2", key="ERP"))
    assert _resolved(store, "crm:2", "ERP") == ("jira:1",)


def test_a_name_in_force_wins_over_a_former_one_and_present_over_absent(store: Store) -> None:
    run = save(store, item("1", key="A-1"), item("2", key="B-1", former_keys=("A-1",)), item("3", key="A-1"), deal("1"))
    assert _resolved(store, "crm:1", "A-1") == ("jira:1", "jira:3")
    store.mark_absent(run, "jira", {"1": Absence.DELETED}, DAY_2)
    assert _resolved(store, "crm:1", "A-1") == ("jira:3",)


def test_an_objective_id_wins_except_in_what_a_source_itself_links(store: Store) -> None:
    save(store, item("9"), item("3"), item("4"))
    assert _resolved(store, "jira:3", "CORE-9") == ("objective:CORE-9",)
    assert _resolved(store, "jira:4", "CORE-9", origin=NeedOrigin.SOURCE_LINK) == ("jira:9",)
    assert _resolved(store, "jira:4", "M-014", origin=NeedOrigin.SOURCE_LINK) == ("objective:M-014",)


def test_every_need_comes_once_with_what_was_said_about_it(store: Store) -> None:
    save(store, item("1"), release("r1", "2.4"), release("r2", "2.4", container="WEB"))
    needs = [
        Need("jira:1", "2.4", 14, NeedOrigin.RULE, "launch", "rules.yaml:9", ("jira:r1", "jira:r2")),
        Need("jira:1", "unknown", origin=NeedOrigin.SOURCE_LINK),
    ]
    objectives = [Need("objective:M-1", "CORE-1", origin=NeedOrigin.OBJECTIVES_FILE, prerequisites=("jira:1",))]
    store.replace_links(["jira:1"], [], needs)
    store.replace_objective_needs(objectives)
    with store.view() as view:
        assert sorted(view.needs(), key=str) == sorted(needs + objectives, key=str)


def test_moves_come_from_the_changelog_and_where_it_is_silent_from_revisions(store: Store) -> None:
    told = Move("due", date(2026, 9, 1), date(2026, 10, 1), DAY_1, "Ann")
    save(store, item("1", due=date(2026, 10, 1), start=date(2026, 8, 1), moves=(told,)), deal("1"), item("3"))
    save(store, deal("1", promised_date=date(2026, 11, 1), custom={"go_live": date(2026, 12, 1)}), now=DAY_2)
    save(store, item("1", due=date(2026, 11, 1), start=date(2026, 8, 9), moves=(told,)), now=DAY_2)
    save(store, deal("1", promised_date=date(2026, 11, 9), custom={"go_live": date(2026, 12, 1)}), now=DAY_3)
    with store.view() as view:
        moves = view.moves(["jira:1", "crm:1", "jira:3", "jira:unknown"])
    assert moves == {
        "jira:1": (told, Move("start", date(2026, 8, 1), date(2026, 8, 9), DAY_2)),
        "crm:1": (
            Move("go_live", None, date(2026, 12, 1), DAY_2),
            Move("promised_date", None, date(2026, 11, 1), DAY_2),
            Move("promised_date", date(2026, 11, 1), date(2026, 11, 9), DAY_3),
        ),
    }


def test_changes_come_from_the_changelog_and_where_it_is_silent_from_revisions(store: Store) -> None:
    """F1.3: who took work out of its release, as far as the source tells it, and when we saw it otherwise."""
    told = Change("status", "To Do", "Done", DAY_1, "Ann")
    now = item("1", status="Done", changes=(told,), releases=("version:1", "version:2"))
    save(store, now, deal("1", promised="R-1"), item("3", status="To Do"))
    save(store, item("1", status="Done", changes=(told,), releases=("version:2", "version:3")), now=DAY_2)
    save(store, deal("1", promised="R-2"), item("3", status="To Do", title="Renamed"), now=DAY_2)
    save(store, item("1", status="Open", changes=(told,), resolution="Won't Do"), now=DAY_3)
    with store.view() as view:
        changes = view.changes(["jira:1", "crm:1", "jira:3", "jira:unknown"])
    assert changes == {
        "jira:1": (
            told,
            Change("releases", "version:1", None, DAY_2),
            Change("releases", None, "version:3", DAY_2),
            Change("resolution", None, "Won't Do", DAY_3),
            Change("releases", "version:2", None, DAY_3),
            Change("releases", "version:3", None, DAY_3),
        ),
        "crm:1": (Change("promised", "R-1", "R-2", DAY_2),),
    }


def test_a_record_whose_changelog_is_told_again_says_nothing_new(store: Store) -> None:
    """The changelog is kept with the record and makes no revision of its own."""
    told = Change("status", "To Do", "Done", DAY_1, "Ann")
    for day in (DAY_1, DAY_2, DAY_3):
        save(store, item("1", status="Done", changes=(told,)), now=day)
    with store.view() as view:
        assert [each.seen for each in view.histories(["jira:1"])["jira:1"]] == [DAY_1]


def test_histories_tell_every_content_that_was_seen_oldest_first(store: Store) -> None:
    save(store, item("1", due=date(2026, 10, 1)), item("2"))
    save(store, item("1", due=date(2026, 11, 1)), item("2"), now=DAY_2)
    with store.view() as view:
        histories = view.histories(["jira:1", "jira:2", "jira:unknown"])
    assert {id_: [(each.seen, each.record) for each in several] for id_, several in histories.items()} == {
        "jira:1": [(DAY_1, item("1", due=date(2026, 10, 1))), (DAY_2, item("1", due=date(2026, 11, 1)))],
        "jira:2": [(DAY_1, item("2"))],
    }


def test_measurements_are_shown_with_their_links_when_they_are_linked(store: Store) -> None:
    readings = [Measurement(source="xl", native_id=id_, key=id_, title="Delivery time") for id_ in ("1", "2")]
    save(store, *readings)
    link = Link("xl:1", "M-1", Role.MEASURES, "r")
    store.replace_links(["xl:1"], [link], [])
    with store.view() as view:
        assert (list(view.measurements()), list(view.links())) == ([readings[0]], [link])


def test_observed_is_the_last_confirmation_of_each_record(store: Store) -> None:
    run = save(store, item("1"), item("2"))
    store.mark_absent(run, "jira", {"2": Absence.DELETED}, DAY_2)
    store.save_page(run, Page([item("3")]), "jira", DAY_2)
    store.finish_source(run, "jira", None, full=False, now=DAY_3)
    with store.view() as view:
        assert view.observed(["jira:1", "jira:2", "jira:3", "jira:9"]) == {
            "jira:1": DAY_3,
            "jira:2": DAY_1,
            "jira:3": DAY_3,
        }


def test_coverage_counts_present_and_linked_records_per_source(store: Store) -> None:
    run = save(store, item("1"), item("2"), item("3"), deal("1"))
    store.replace_links(["jira:1"], [Link("jira:1", o, Role.DELIVERS, "r") for o in ("M-1", "M-2")], [])
    store.mark_absent(run, "jira", {"3": Absence.UNOBSERVED}, DAY_2)
    with store.view() as view:
        assert view.coverage() == [Coverage("crm", 1, 0, DAY_1), Coverage("jira", 2, 1, DAY_1)]


def test_single_records_are_given_by_id_whether_absent_or_not(store: Store) -> None:
    run = save(store, item("1"), item("2"), deal("3"))
    store.mark_absent(run, "jira", {"2": Absence.DELETED}, DAY_2)
    with store.view() as view:
        assert view.records(["jira:1", "jira:2", "jira:9"]) == {"jira:1": item("1"), "jira:2": item("2")}


def test_sprints_and_releases_are_shown_whether_absent_or_not(store: Store) -> None:
    run = save(store, sprint("s1", date(2026, 9, 12)), release("r1", "2.4"))
    store.mark_absent(run, "jira", {"s1": Absence.DELETED, "r1": Absence.ARCHIVED}, DAY_2)
    with store.view() as view:
        assert [each.id for each in view.sprints()] == ["jira:s1"]
        assert [each.id for each in view.releases()] == ["jira:r1"]


def test_an_empty_store_has_an_empty_view(store: Store) -> None:
    with store.view() as view:
        assert list(view.needs()) == list(view.links()) == list(view.coverage()) == []
        for group in Group:
            assert list(view.rollups(group, list(DateSource), date(2026, 9, 1))) == []
            assert list(view.rollups(group, [], date(2026, 9, 1))) == []


def _promises(record_id: str) -> Link:
    return Link(record_id, "M-1", Role.PROMISES, "promised")


def test_statuses_of_unknown_meaning_are_counted_by_source_and_text(store: Store) -> None:
    unknown = [item(str(number), status="Geparkt \u201eÄ\u201c", category=None) for number in (3, 1, 2)]
    save(store, *unknown, item("4", status="Foo", category=None), item("5", status="Open"))
    with store.view() as view:
        assert list(view.unknown_statuses()) == [
            UnknownStatus("jira", "Foo", 1, "jira:4"),
            UnknownStatus("jira", "Geparkt \u201eÄ\u201c", 3, "jira:1"),
        ]
