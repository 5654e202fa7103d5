"""What an audience wants to hear: by source, check, decider, severity and money; and roles, which are sets of these."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from digest.audiences.roles import PRESETS, Role
from digest.base import Edition
from digest.brief import sort_edition
from digest.compose import compose
from digest.options import DigestOptions
from digest.render import render_text
from model.calendars import Calendar
from model.findings import Account, Amount, Finding, Impact, Severity, Share
from model.money import Money
from tests.digest.editions import (
    aurora,
    early_saving,
    edition,
    erp,
    late_deal,
    opened,
    revenue,
    savings,
    three_causes,
    tracked,
    unsupported_rollout,
)
from tests.digest.saying import section_text


def told(story: Edition) -> set[str]:
    """The checks of what is told."""
    return {entry.tracked.finding.check for entry in sort_edition(story).told}


def asked(**options: object) -> Edition:
    return edition(list(three_causes().news), **options)


def test_only_what_rests_on_one_of_the_sources_is_told():
    story = asked()

    def of(*sources: str) -> set[str]:
        return told(replace(story, options=story.options.model_copy(update={"sources": sources})))

    assert of("tracker") == {"early-saving"}
    assert of("asana", "tracker") == {"early-saving", "unsupported-commitment"}


def test_only_what_one_of_the_checks_finds_is_told():
    assert told(asked(checks=["unsupported-commitment"])) == {"unsupported-commitment"}


@pytest.mark.parametrize("name", ["lena fischer", "Lena Fischer (CFO)", "lena.fischer@acme.example"])
def test_only_what_a_person_decides_is_told_by_name_or_address(name: str):
    story = replace(asked(decider=[name]), people={"Lena Fischer": "lena.fischer@acme.example"})
    assert told(story) == {"early-saving"}


def test_who_decides_nothing_is_told_nothing():
    assert compose(asked(decider=["Nobody Known"])).empty is True


class TestMoney:
    def test_the_least_money_counts_for_a_whole_cause(self):
        """Design 5.11: forty small deals that one release breaks are one large piece of news."""
        small = [opened(late_deal(f"OPP-{n}", "A", 10_000, "0.5")) for n in range(40)]
        lonely = opened(replace(late_deal("OPP-99", "B", 10_000, "0.5"), cause="jira:other"))
        brief = sort_edition(edition([*small, lonely], minimum_money=300_000))
        assert len(brief.told) == 40
        assert "jira:other" not in {entry.tracked.finding.cause for entry in brief.told}

    def test_a_record_under_two_findings_reaches_the_least_money_once(self):
        one = late_deal("OPP-1", "A", 60_000, "0.5")
        story = edition([opened(one), opened(replace(one, check="scope"))], minimum_money=100_000)
        assert compose(story).empty is True

    def test_each_account_has_its_own_least_money(self):
        assert told(asked(minimum_money={"revenue": 5_000_000, "savings": 900_000})) == {"early-saving"}
        assert told(asked(minimum_money={"savings": 5_000_000})) == {"late-commitment", "unsupported-commitment"}

    def test_only_the_money_of_the_accounts_is_told(self):
        deal = late_deal("OPP-1", "A", 60_000, "0.5")
        mixed = replace(
            deal, impact=Impact(5, (revenue("crm:1", 60_000, "0.5"), savings("tracker:1", 40_000, ("2026-10",))))
        )
        composed = compose(edition([opened(mixed)], accounts=["savings"]))
        text = render_text(composed)
        assert "EUR 40k savings at risk" in composed.subject
        assert "60,000" not in text
        assert "40,000" in text

    def test_what_has_money_in_other_accounts_only_is_not_told(self):
        assert told(asked(accounts=["savings"])) == {"early-saving"}

    def test_the_first_account_comes_first_everywhere(self):
        mixed = replace(
            late_deal("OPP-1", "A", 60_000, "0.5"),
            impact=Impact(5, (revenue("crm:1", 60_000, "0.5"), savings("tracker:1", 40_000, ("2026-10",)))),
        )
        composed = compose(edition([opened(mixed)], accounts=["savings", "revenue"]))
        text = render_text(composed)
        assert "EUR 40k savings at risk" in composed.subject
        assert text.index("savings newly at risk") < text.index("revenue newly at risk")
        assert text.index("Savings lost") < text.index("Revenue at risk")

    def test_unpriced_findings_are_told_whatever_the_least_money_unless_they_are_not_wanted(self):
        bare = replace(unsupported_rollout(), impact=Impact())
        assert told(edition([opened(bare)], minimum_money=1_000_000)) == {"unsupported-commitment"}
        assert told(edition([opened(bare)], unpriced=False)) == set()

    def test_money_without_a_rate_is_never_taken_for_little(self):
        foreign = Impact(5, (Share("crm:1", unconverted=Money(Decimal(9), "USD")),))
        story = edition(
            [opened(replace(unsupported_rollout(), impact=foreign))], minimum_money=1_000_000, unpriced=False
        )
        assert told(story) == {"unsupported-commitment"}

    def test_what_is_wrong_with_the_data_has_no_money_and_is_told_to_those_who_look_after_it(self):
        untidy = replace(unsupported_rollout(), upkeep=True, impact=Impact(), cause=None)
        assert told(edition([opened(untidy)], upkeep=True, minimum_money=5)) == {"unsupported-commitment"}

    def test_deferred_money_and_the_price_of_a_week_are_cut_to_the_accounts_too(self):
        amount = Amount(Account.REVENUE, Money(Decimal(7), "EUR"))
        impact = Impact(1, savings_only(), (Share("a", (amount,)),), (Share("b", (amount,)),), (Share("c", (amount,)),))
        story = edition([opened(replace(erp()[0], impact=impact))], accounts=["savings"])
        [kept] = sort_edition(story).at_risk
        assert (kept.finding.impact.deferred, kept.finding.impact.weekly, kept.finding.impact.yearly) == ((), (), ())


def savings_only() -> tuple[Share, ...]:
    return (savings("tracker:1", 40_000, ("2026-10",)),)


class TestRoles:
    @pytest.mark.parametrize("role", list(Role))
    def test_a_role_is_its_documented_set_of_filters(self, role: Role):
        options = DigestOptions.model_validate({"recipients": ["a@acme.example"], "role": role.value})
        for name, value in PRESETS[role].items():
            assert getattr(options, name) == value
            assert name in DigestOptions.model_fields

    def test_what_is_written_beside_a_role_overrides_it(self):
        given = {"recipients": ["a@acme.example"], "role": "cfo", "unpriced": True, "minimum_severity": "notice"}
        options = DigestOptions.model_validate(given)
        assert (options.unpriced, options.minimum_severity) == (True, Severity.NOTICE)
        assert options.told_accounts[0] is Account.SAVINGS

    def test_sales_hears_of_revenue_only(self):
        assert told(asked(role="sales")) == {"late-commitment", "unsupported-commitment"}

    def test_a_role_that_there_is_not_is_a_mistake(self):
        with pytest.raises(ValidationError, match="role"):
            DigestOptions.model_validate({"recipients": ["a@acme.example"], "role": "pope"})


class TestHygiene:
    def finding(self) -> Finding:
        return replace(early_saving("row 1", "A", 10), upkeep=True, impact=Impact(), cause=None)

    def test_leaders_count_what_owners_had_time_to_mend(self):
        story = edition([opened(aurora()[0])], [tracked(self.finding())])
        assert sort_edition(story).upkeep == 1
        waiting = replace(story, with_owners=frozenset({self.finding().fingerprint}))
        assert sort_edition(waiting).upkeep == 0


class TestWorkingDays:
    CALENDAR = Calendar(off=frozenset({date(2026, 9, 14)}))

    def test_days_left_are_working_days_where_a_calendar_is_named(self):
        """From Tuesday 8 to Tuesday 15 September, without the weekend and a Monday off."""
        story = replace(edition([opened(aurora()[0])], calendar="plant"), calendar=self.CALENDAR)
        assert "Priya Nair by Tue 15 Sep, 4 working days left" in section_text("decisions", story)

    def test_without_a_calendar_every_day_counts(self):
        story = replace(edition([opened(aurora()[0])]), calendar=self.CALENDAR)
        assert "Priya Nair by Tue 15 Sep, 7 days left" in section_text("decisions", story)

    def test_before_a_day_off_today_is_the_last_working_day(self):
        late = replace(aurora()[0], decide_by=date(2026, 9, 14))
        story = replace(edition([opened(late)], calendar="plant"), calendar=self.CALENDAR)
        story = replace(story, now=datetime(2026, 9, 11, 6, tzinfo=UTC))
        assert "[last working day today]" in section_text("decisions", story)


class TestMeeting:
    @pytest.mark.parametrize(("meeting", "said"), [(True, True), (False, False)])
    def test_a_meeting_can_be_dropped_when_nothing_is_to_be_decided(self, meeting: bool, said: bool):
        plain = replace(aurora()[0], severity=Severity.NOTICE)
        story = edition([opened(plain)], meeting=meeting)
        assert ("Nothing to decide: the meeting can be dropped." in section_text("meeting", story)) is said

    def test_with_a_decision_nothing_of_the_kind_is_said(self):
        assert section_text("meeting", edition([opened(aurora()[0])], meeting=True)) == ""

    def test_a_mail_without_news_says_it_too(self):
        composed = compose(edition([], [], meeting=True, heartbeat=True))
        assert "Nothing to decide: the meeting can be dropped." in render_text(composed)
