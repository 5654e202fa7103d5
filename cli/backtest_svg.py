"""Money at risk over time as a picture: what the tools told on each day, and what had been put right by then.

Hand-laid SVG without scripts, links or foreign markup. Revenue, savings and cost have a panel each, because they are
never added to each other.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from cli.wording import clean, day
from digest.plots.axes import named_days, scale
from model.findings import Account

if TYPE_CHECKING:
    from pipeline.backtest import Backtest, DayTotals

WIDTH, PANEL, HEAD, FOOT = 760, 100, 38, 26
LEFT, RIGHT = 96, 24
"""Room for the amounts on the left, and at the right edge."""
TITLES = {
    Account.REVENUE: "Revenue at risk",
    Account.SAVINGS: "Savings that will be lost",
    Account.COST: "Cost that lies idle or is added",
}
STYLE = """
.bt text{font-family:system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;font-size:12px;fill:#1b2430}
.bt .name{font-size:14px;font-weight:600}.bt .sub{fill:#596474}
.bt .grid{stroke:#dde1e6;stroke-width:1}.bt .axis{stroke:#8a94a1;stroke-width:1}
.bt .risk{fill:#c0392b;fill-opacity:.16;stroke:#b03024;stroke-width:2}
.bt .right{fill:none;stroke:#1f6f43;stroke-width:2.5;stroke-dasharray:7 4}
.bt .key{stroke-width:2}.bt .paper{fill:#fff}
@media (prefers-color-scheme: dark){
.bt text{fill:#e6e9ed}.bt .sub{fill:#a3adb9}.bt .grid{stroke:#2b323a}.bt .axis{stroke:#7b8794}
.bt .risk{fill:#ff8a7d;fill-opacity:.2;stroke:#ff9d92}.bt .right{stroke:#86d6a6}.bt .paper{fill:#14171b}
}
@media print{
.bt text{fill:#000}.bt .sub{fill:#444}.bt .grid{stroke:#ddd}.bt .risk{fill:#c0392b;stroke:#b03024}
.bt .right{stroke:#1f6f43}.bt .paper{fill:#fff}
}
"""


def svg(made: "Backtest", currency: str) -> str:
    """Draw a replay; the file stands alone, in light and dark."""
    accounts = made.accounts
    height = HEAD + max(1, len(accounts)) * (PANEL + FOOT + HEAD) + 8
    name = f"Money at risk from {day(made.start)} to {day(made.end)}"
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="bt" {size} role="img">',
        f"<title>{_text(name)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        *_legend(),
    ]
    for number, account in enumerate(accounts):
        parts.extend(_panel(made, account, currency, HEAD + number * (PANEL + FOOT + HEAD)))
    if not accounts:
        parts.append(_label(LEFT, HEAD + 40, "On no day was any money at risk.", "sub"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend() -> Iterator[str]:
    yield f'<rect class="risk key" x="{LEFT}" y="14" width="26" height="12"/>'
    yield _label(LEFT + 34, 24, "at risk on that day, as the tools told it")
    yield f'<path class="right" d="M{LEFT + 290} 20 h28"/>'
    yield _label(LEFT + 326, 24, "put right so far, in the promise or in the work")


def _panel(made: "Backtest", account: Account, currency: str, top: int) -> Iterator[str]:
    """One account: its amounts on the left, the days below."""
    ceiling, unit = scale(max(max(_of(each.at_risk, account), _of(each.put_right, account)) for each in made.days))
    floor = top + HEAD + PANEL
    yield _label(LEFT, top + 24, f"{TITLES[account]}, {currency}", "name")
    steps = int(ceiling / unit)
    for number in range(steps + 1):
        y = floor - PANEL * number / steps
        yield f'<path class="{"axis" if number == 0 else "grid"}" d="M{LEFT} {y:.1f} H{WIDTH - RIGHT}"/>'
        yield _label(LEFT - 10, y + 4, f"{unit * number:,.0f}", "sub", anchor="end")
    for when in named_days(made.start, made.end, 10):
        x = _x(when, made)
        yield f'<path class="axis" d="M{x:.1f} {floor} v5"/>'
        yield _label(x, floor + 20, f"{when.day} {when:%b}", "sub", anchor="middle")

    def line(name: str) -> str:
        return _stairs(made, [(each, _of(getattr(each, name), account)) for each in made.days], floor, ceiling)

    yield f'<path class="risk" d="{line("at_risk")} V{floor} H{LEFT} Z"/>'
    yield f'<path class="right" d="{line("put_right")}"/>'


def _stairs(made: "Backtest", values: "Sequence[tuple[DayTotals, Decimal]]", floor: float, ceiling: Decimal) -> str:
    """A line that keeps its height until the day on which the amount changes."""

    def y(amount: Decimal) -> float:
        return floor - PANEL * float(amount / ceiling)

    path = [f"M{LEFT} {y(values[0][1]):.1f}"]
    for (_, before), (each, amount) in pairwise(values):
        if amount != before:
            path.append(f"H{_x(each.day, made):.1f} V{y(amount):.1f}")
    # The last day is a day too: it needs room to be seen.
    return " ".join([*path, f"H{WIDTH - RIGHT}"])


def _x(when: date, made: "Backtest") -> float:
    days = (made.end - made.start).days + 1
    return LEFT + (WIDTH - LEFT - RIGHT) * (when - made.start).days / days


def _of(totals: Mapping[Account, Decimal], account: Account) -> Decimal:
    return totals.get(account, Decimal(0))


def _label(x: float, y: float, text: str, kind: str = "", *, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{_text(text)}</text>'


def _text(text: str) -> str:
    return escape(clean(text), quote=True)
