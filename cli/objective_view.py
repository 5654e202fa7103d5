"""The objectives for people: drawn as a tree on a terminal, one plain line each when a program reads them."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.coverage_view import MONEY_WORDS, NOTHING, common_domain, impact_text, percent, roles, sums_text
from cli.output import say, write
from cli.plain import plain
from cli.table import console, print_table, watched
from cli.wording import clean, count, day, label, money

if TYPE_CHECKING:
    from mapping.coverage import LinkCoverage, ObjectiveCoverage
    from model.objectives import Objective, ObjectiveTree

NO_WORK = "no work"
NARROWEST_TREE = 20


@dataclass(frozen=True, slots=True)
class Branch:
    """One objective in its place: ``last`` tells for each step from the top whether it is the last child there."""

    objective: "Objective"
    last: tuple[bool, ...]
    children: bool

    @property
    def head(self) -> str:
        """What stands in front of its first line."""
        return self._trunk + (("└─ " if self.last[-1] else "├─ ") if self.last[1:] else "")

    @property
    def below(self) -> str:
        """What stands in front of its further lines."""
        rest = ("   " if self.last[-1] else "│  ") if self.last[1:] else ""
        return self._trunk + rest + ("│ " if self.children else "  ")

    @property
    def _trunk(self) -> str:
        return "".join("   " if last else "│  " for last in self.last[1:-1])


def branches(tree: "ObjectiveTree", roots: "Sequence[Objective]") -> Iterator[Branch]:
    """The objectives from these roots down, parents first, children in the order of the files."""
    children = children_of(tree)

    def walk(objective: "Objective", last: tuple[bool, ...]) -> Iterator[Branch]:
        below = children.get(objective.id, ())
        yield Branch(objective, last, bool(below))
        for number, child in enumerate(below, start=1):
            yield from walk(child, (*last, number == len(below)))

    for root in roots:
        yield from walk(root, (True,))


def children_of(tree: "ObjectiveTree") -> "Mapping[str | None, list[Objective]]":
    """The children of each objective; None stands for the top."""
    found: dict[str | None, list[Objective]] = {}
    for each in tree.objectives:
        found.setdefault(each.parent, []).append(each)
    return found


def print_tree(tree: "ObjectiveTree", roots: "Sequence[Objective]", found: "LinkCoverage | None") -> None:
    """The tree with what serves each objective, and how far records and money are covered."""
    shown = list(branches(tree, roots))
    if watched():
        _draw(shown, found)
    else:
        _print_plain(shown, found)
    if found is not None:
        say()
        for line in _summary(shown, found, whole=len(shown) == len(tree.objectives)):
            say(line)


def _draw(shown: Sequence[Branch], found: "LinkCoverage | None") -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    domain = common_domain([each.owner for branch in shown if (each := branch.objective).owner])
    rows = [(branch, *_right(branch, found)) for branch in shown]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    made = console(sys.stdout)
    served_width, money_width = (max(9, _widest(row[column] for row in rows)) for column in (1, 2))
    room = made.width - served_width - money_width - 6 if found is not None else made.width
    table.add_column("objective", no_wrap=True, overflow="ellipsis", max_width=max(room, NARROWEST_TREE))
    if found is not None:
        table.add_column("served by", no_wrap=True)
        table.add_column("money", no_wrap=True, justify="right")
    for branch, served, sums in rows:
        each = branch.objective
        told = [about(each, domain), *([lights(each)] if lights(each) else [])]
        told += [""] * (max(len(served), len(sums)) - len(told) - 1)
        left = Text(branch.head, style="dim").append(clean(each.id), style="bold not dim")
        left.append(f" {clean(each.name)}", style="not dim")
        for line in told:
            left.append(f"\n{branch.below}{clean(line)}")
        right = [Text("\n".join(served), style="yellow" if served == [NO_WORK] else ""), Text("\n".join(sums))]
        table.add_row(left, *right[: len(table.columns) - 1])
    with made.capture() as captured:
        made.print(table)
    write("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _right(branch: Branch, found: "LinkCoverage | None") -> tuple[list[str], list[str]]:
    coverage = found.objectives[branch.objective.id] if found else None
    return (_served(coverage), _sums(coverage)) if coverage else ([], [])


def _widest(cells: "Iterable[Any]") -> int:
    return max((len(line) for lines in cells for line in lines), default=1)


def _print_plain(shown: Sequence[Branch], found: "LinkCoverage | None") -> None:
    headers = ["objective", "name", "level", "owner", "target", "lights"]
    rows = []
    for branch in shown:
        each = branch.objective
        row = ["  " * (len(branch.last) - 1) + each.id, each.name, label(each.level.value), each.owner or NOTHING]
        row += [day(each.target), lights(each) or NOTHING]
        if found is not None:
            coverage = found.objectives[each.id]
            row += [", ".join(_served(coverage)) or NOTHING, sums_text(coverage) or NOTHING]
        rows.append(row)
    print_table(headers + (["served by", "money"] if found else []), rows)


def about(each: "Objective", domain: str = "") -> str:
    """``measure, lena.brandt, by 30 Oct 2026, decided``; ``domain`` is what all owners share and is left out."""
    told = [label(each.level.value), (each.owner or "no owner").removesuffix(domain)]
    if each.target:
        told.append(f"by {day(each.target)}")
    if each.stage_gate:
        told.append(label(each.stage_gate.value))
    return ", ".join(told)


def lights(each: "Objective") -> str:
    """The lights that people report."""
    told = (("work", each.implementation), ("value", each.potential))
    shown = ", ".join(f"{what} {light.value}" for what, light in told if light)
    return f"reported: {shown}" if shown else ""


def _served(coverage: "ObjectiveCoverage") -> list[str]:
    """One line per role; what nothing delivers says so."""
    lines = roles(coverage.below).split(", ") if coverage.below else []
    return lines if coverage.has_work else [*lines, NO_WORK]


def _sums(coverage: "ObjectiveCoverage") -> list[str]:
    return sums_text(coverage, separator="\n").splitlines()


def _summary(shown: Sequence[Branch], found: "LinkCoverage", *, whole: bool) -> Iterator[str]:
    with_work = sum(1 for branch in shown if found.objectives[branch.objective.id].has_work)
    yield f"{count(len(shown), 'objective')}, {with_work:,} with work"
    if not whole:
        return
    total = found.total
    yield f"{percent(total.linked, total.records)} of {count(total.records, 'stored record')} serve an objective"
    for each in total.sums:
        what = MONEY_WORDS[each.account]
        yield f"{percent(each.linked, each.total)} of {money(each.total, each.currency)} of {what}"
    if impact := impact_text(found):
        yield impact


def print_objectives(shown: "Sequence[tuple[Objective, str]]") -> None:
    """All objectives as a flat table, each with its place in the files."""
    if watched():
        print_table(
            ["objective", "name", "owner", "target"],
            [(each.id, each.name, each.owner or NOTHING, day(each.target)) for each, _ in shown],
        )
    else:
        print_table(
            ["objective", "name", "level", "parent", "owner", "target", "stage gate", "place"],
            [
                (
                    each.id,
                    each.name,
                    label(each.level.value),
                    each.parent or NOTHING,
                    each.owner or NOTHING,
                    day(each.target),
                    label(each.stage_gate.value) if each.stage_gate else NOTHING,
                    place,
                )
                for each, place in shown
            ],
        )
    say(count(len(shown), "objective"))


def nested(tree: "ObjectiveTree", roots: "Sequence[Objective]", found: "LinkCoverage | None") -> list[dict[str, Any]]:
    """The tree as JSON: each objective with its coverage and its children."""
    children = children_of(tree)

    def of(each: "Objective") -> dict[str, Any]:
        told: dict[str, Any] = plain(each)
        told["coverage"] = _coverage_json(found.objectives[each.id]) if found else None
        told["children"] = [of(child) for child in children.get(each.id, ())]
        return told

    return [of(root) for root in roots]


def _coverage_json(coverage: "ObjectiveCoverage") -> dict[str, Any]:
    told: dict[str, Any] = plain(coverage)
    del told["objective_id"]
    return {**told, "has_work": coverage.has_work}
