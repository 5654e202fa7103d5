"""Once a day the daemon forgets what the settings no longer keep."""

import threading
from datetime import timedelta

from model.deliveries import DeliveryState
from pipeline.retention import PRUNED_ON, horizons, prune_daily
from scheduler import Daemon
from state.store import Store
from tests.pipeline.company import Company
from tests.state.test_outbox import mail


def sent(store: Store, company: Company, days_ago: int) -> None:
    when = company.now - timedelta(days=days_ago)
    [row] = store.add_deliveries([mail(f"{days_ago} days ago", created_at=when)])
    assert row.id is not None
    store.mark_delivery(row.id, DeliveryState.SENT, now=when)


def kept(store: Store) -> list[str]:
    return [row.slot for row in store.deliveries() if row.message]


def test_it_is_done_once_a_day_and_a_stop_leaves_the_rest_to_the_next_hour(company: Company, store: Store) -> None:
    sent(store, company, 91)
    sent(store, company, 89)
    stop = threading.Event()
    stop.set()
    prune_daily(store, company.configuration, now=company.now, stop=stop)
    assert (kept(store), store.note(PRUNED_ON)) == (["91 days ago", "89 days ago"], None)
    done = prune_daily(store, company.configuration, now=company.now, stop=threading.Event())
    assert done is not None
    assert (done.mails, kept(store)) == (1, ["89 days ago"])
    later = company.now + timedelta(hours=3)
    assert prune_daily(store, company.configuration, now=later, stop=threading.Event()) is None
    tomorrow = company.now + timedelta(days=2)
    assert prune_daily(store, company.configuration, now=tomorrow, stop=threading.Event()) is not None
    assert kept(store) == []


def test_the_settings_say_how_long(company: Company) -> None:
    company.settings["state"] |= {"retention": {"keep_revisions": "60d", "keep_mails": "7d"}}
    company.write()
    found = horizons(company.configuration, company.now)
    assert (company.now - found.past, company.now - found.mails) == (timedelta(days=60), timedelta(days=7))


def test_the_daemon_prunes(company: Company, store: Store) -> None:
    sent(store, company, 91)
    Daemon(store, company.configuration, lambda: company.now).prune()
    assert kept(store) == []
