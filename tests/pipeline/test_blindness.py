"""What could not be judged is kept from the last judgement for everybody who shows how far the findings reach."""

from model.runs import CannotJudge
from pipeline.blindness import blindness, keep_blindness
from pipeline.notify import edition_for
from reconcile.check import Blind
from reconcile.judgement import Judgement
from state.store import Store
from tests.pipeline.company import Company

NO_DATE = Blind("no deal of crm has a promised date", ("crm",))


def test_what_the_last_judgement_could_not_judge_replaces_what_the_one_before_could_not(store: Store):
    keep_blindness(store, Judgement(blind={"late-commitment": (NO_DATE, NO_DATE), "value-slip": (Blind("no plan"),)}))
    assert blindness(store) == (
        CannotJudge("late-commitment", "no deal of crm has a promised date", ("crm",)),
        CannotJudge("value-slip", "no plan"),
    )
    keep_blindness(store, Judgement())
    assert blindness(store) == ()


def test_a_run_keeps_it_and_a_digest_tells_it(store: Store, company: Company):
    company.sync(store)
    told = blindness(store)
    assert told
    audience = next(iter(company.configuration.settings.digests))
    edition, _ = edition_for(store, company.configuration, audience, now=company.now)
    assert edition.blind == told
