"""What a digest's pictures, workbook and triage are made from, gathered from a real state."""

import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from email import message_from_bytes, policy

from icalendar import Calendar as Entry
from openpyxl import load_workbook

from digest.brief import sort_edition
from digest.compose import compose as compose_mail
from model.deliveries import Delivery, DeliveryState
from model.findings import Account, Slip, Transition, TransitionKind, Triage
from pipeline.notify import edition_for, prepare
from state.store import Store
from tests.pipeline.company import Company


def configured(company: Company, **options: object) -> Company:
    company.settings["digests"]["leaders"].update(options)
    company.write()
    return company


def compose(store: Store, company: Company, slot: str) -> list[Delivery]:
    """Compose the mails of a slot, and let them arrive."""
    rows = prepare(store, company.configuration, "leaders", slot=slot, now=company.now)[1]
    for row in rows:
        assert row.id is not None
        store.mark_delivery(row.id, DeliveryState.SENT, now=company.now)
    return rows


def attached(row: Delivery) -> dict[str, bytes]:
    mail = message_from_bytes(row.message, policy=policy.default)
    return {part.get_filename() or "": part.get_payload(decode=True) for part in mail.iter_attachments()}  # type: ignore


def entry(row: Delivery) -> tuple[str, str, int]:
    """The method, identity and number of the entry in a mail."""
    parsed = Entry.from_ical(attached(row)["triage.ics"])
    (event,) = parsed.walk("VEVENT")
    return str(parsed["METHOD"]), str(event["UID"]), int(event["SEQUENCE"])


def fire(store: Store, over: Triage | None) -> None:
    """Let the trigger fire for everything that stands, or not any more."""
    lives = [each for each in store.tracked().values() if each.standing]
    store.save_findings(None, [replace(each, finding=replace(each.finding, triage=over)) for each in lives], [])


OVER = Triage(Slip.SCHEDULE, Decimal("18.4"))


def test_plots_are_drawn_from_the_stored_past(store: Store, tuesday: Company):
    edition, _ = edition_for(store, tuesday.configuration, "leaders", now=tuesday.now)
    assert {step.kind for news in edition.past for step in news.transitions} == {TransitionKind.OPENED}
    assert len(edition.past) == 8
    [(record, moves)] = edition.moves.items()
    assert record.startswith("jira:")
    assert [(move.old, move.new) for move in moves] == [(date(2026, 9, 25), date(2026, 11, 16))]
    later, _ = edition_for(store, tuesday.configuration, "leaders", now=tuesday.now + timedelta(days=100))
    assert later.past == ()


def test_a_source_that_fails_again_and_again_adds_little_to_what_is_gathered(store: Store, tuesday: Company):
    """F9: months of held and released findings are not read for mails and pictures that they do not change."""
    before, _ = edition_for(store, tuesday.configuration, "leaders", now=tuesday.now)
    told = compose_mail(before)
    blinks = (TransitionKind.HELD, TransitionKind.RELEASED) * 3
    steps = [Transition(fingerprint=each, kind=kind, at=tuesday.now) for kind in blinks for each in store.tracked()]
    store.save_findings(None, [], steps)
    after, covers = edition_for(store, tuesday.configuration, "leaders", now=tuesday.now)
    assert after.past == before.past != ()
    for earlier, later in zip(before.news, after.news, strict=True):
        assert [step.kind for step in later.transitions] == [
            *(step.kind for step in earlier.transitions),
            TransitionKind.HELD,
        ]
    assert covers == store.newest_transition()
    assert compose_mail(after) == told


def test_what_the_options_do_not_ask_for_is_not_gathered(store: Store, tuesday: Company):
    edition, _ = edition_for(store, configured(tuesday, plots=False).configuration, "leaders", now=tuesday.now)
    assert (edition.past, edition.moves, edition.named, edition.meeting) == ((), {}, {}, None)


def test_the_workbook_traces_every_amount_to_a_stored_record(store: Store, tuesday: Company):
    rows = compose(store, configured(tuesday, workbook=True), "2026-09-15")
    [(name, content)] = attached(rows[0]).items()
    assert name == "driftline-findings-2026-09-15.xlsx"
    sheet = load_workbook(io.BytesIO(content))["Records"]
    listed = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert {row[0] for row in listed} == {*(f"D-{number}" for number in range(1, 9)), "Total"}
    assert all(row[-1].startswith("http") for row in listed[:-1])
    edition, _ = edition_for(store, tuesday.configuration, "leaders", now=tuesday.now)
    assert listed[-1][8] == sort_edition(edition).after.full(Account.REVENUE)
    assert attached(rows[1]) == attached(rows[0])


def test_a_call_that_nobody_received_is_made_again(store: Store, tuesday: Company):
    """M4: the call was all that was news, so without it the later digest would be empty."""
    compose(store, tuesday, "2026-09-15")
    configured(tuesday, triage={"weekday": "fri", "at": "09:00"})
    fire(store, OVER)
    first, again = (
        prepare(store, tuesday.configuration, "leaders", slot=slot, now=tuesday.now)[1]
        for slot in ("2026-09-16", "2026-09-17")
    )
    assert entry(again[0]) == entry(first[0])
    assert again[0].reason == "triage"


def test_a_triage_is_told_changed_and_called_off_over_the_days(store: Store, tuesday: Company):
    """Every mail is built from the state alone: a restart between them changes nothing."""
    configured(tuesday, triage={"weekday": "fri", "at": "09:00"})
    fire(store, OVER)
    first = entry(compose(store, tuesday, "2026-09-15")[0])
    assert (first[0], first[2]) == ("PUBLISH", 0)
    assert compose(store, tuesday, "2026-09-16") == []
    tuesday.pass_time(days=1)
    tuesday.slip(date(2026, 12, 18))
    tuesday.sync(store)
    fire(store, OVER)
    assert entry(compose(store, tuesday, "2026-09-16")[0]) == ("PUBLISH", first[1], 1)
    fire(store, None)
    off = compose(store, tuesday, "2026-09-17")
    assert entry(off[0]) == ("CANCEL", first[1], 2)
    assert off[0].reason == "triage"
    assert compose(store, tuesday, "2026-09-18") == []
