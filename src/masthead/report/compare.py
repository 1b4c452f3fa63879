"""Does one design fail less than another? Paired by task and repetition where possible, over both denominators."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from masthead.model.errors import NotFound
from masthead.model.ids import Code
from masthead.model.observation import Observation
from masthead.report.observation import selector
from masthead.report.rates import Cell, Rate, cells_of, grouped, plan_of, rate
from masthead.report.statistics import (
    Difference,
    Tally,
    clustered_difference,
    detectable_paired,
    detectable_unpaired,
    fisher_exact,
    holm,
    mcnemar_exact,
)

ALPHA = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    """One comparison. With pairs it is McNemar's exact test, without Fisher's; `p_holm` is corrected for all beside it.

    `only_first` and `only_second` are the pairs in which one side alone has it. The difference is second minus first,
    its interval from a bootstrap over tasks. `detectable` is the least difference that would have been seen with 80 %
    power: "no difference" says no more than that.
    """

    first: Tally
    second: Tally
    pairs: int
    only_first: int
    only_second: int
    difference: Difference | None
    p: float | None
    p_holm: float | None = None
    detectable: float | None

    @property
    def is_different(self) -> bool:
        """Whether it holds at 5 % after the correction."""
        return self.p_holm is not None and self.p_holm < ALPHA


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeTest:
    """How often a failure mode occurs on either side, over the recorded pairs."""

    code: Code
    test: Test


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two groups. `attempted` counts missing runs as wrong, `recorded` leaves pairs with a missing run out."""

    stratum: str | None
    first: Rate
    second: Rate
    attempted: Test
    recorded: Test
    codes: tuple[CodeTest, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sides:
    """For each cell, what each side says: True, False, or None where it has no run there."""

    cells: Mapping[Cell, tuple[bool | None, bool | None]]

    def test(self) -> Test:
        both = [pair for pair in self.cells.values() if None not in pair]
        first, second = self._tallies(0), self._tallies(1)
        only_first = sum(pair == (True, False) for pair in both)
        only_second = sum(pair == (False, True) for pair in both)
        totals = (
            Tally(*map(sum, zip((0, 0), *first.values(), strict=True))),
            Tally(*map(sum, zip((0, 0), *second.values(), strict=True))),
        )
        return Test(
            first=totals[0],
            second=totals[1],
            pairs=len(both),
            only_first=only_first,
            only_second=only_second,
            difference=clustered_difference(first, second),
            p=_p(len(both), only_first, only_second, totals),
            detectable=detectable_paired(len(both), only_first + only_second) if both else detectable_unpaired(*totals),
        )

    def _tallies(self, side: int) -> dict[Hashable, Tally]:
        found: dict[Hashable, Tally] = defaultdict(lambda: Tally(0, 0))
        for cell, pair in self.cells.items():
            if (verdict := pair[side]) is not None:
                known = found[cell.task]
                found[cell.task] = Tally(known.successes + verdict, known.attempts + 1)
        return dict(found)


def _p(pairs: int, only_first: int, only_second: int, totals: tuple[Tally, Tally]) -> float | None:
    if pairs:
        return mcnemar_exact(only_first, only_second)
    if totals[0].attempts and totals[1].attempts:
        return fisher_exact(*totals)
    return None


def compare_groups(
    groups: Mapping[str, Sequence[Observation]], *, stratum: str | None = None, with_codes: bool = True
) -> list[Comparison]:
    """Compare every two groups. P-values are not yet corrected: see `corrected`.

    Groups without a task in common are compared unpaired.
    """
    plan = plan_of(list(groups.values()))
    attempts = len(plan) if plan else None
    codes = sorted({code for runs in groups.values() for run in runs for code in run.codes}) if with_codes else []
    found: list[Comparison] = []
    for (name, first), (other, second) in combinations(groups.items(), 2):
        sides = cells_of(first), cells_of(second)
        found.append(
            Comparison(
                stratum=stratum,
                first=rate(name, first, attempts),
                second=rate(other, second, attempts),
                attempted=_sides(sides, _succeeded, plan or ()).test(),
                recorded=_sides(sides, _succeeded).test(),
                codes=tuple(CodeTest(code=code, test=_sides(sides, _has(code)).test()) for code in codes),
            )
        )
    return found


def _succeeded(run: Observation) -> bool | None:
    return run.is_success


def _has(code: Code) -> Callable[[Observation], bool]:
    return lambda run: code in run.codes


def _sides(
    sides: tuple[Mapping[Cell, Observation], Mapping[Cell, Observation]],
    verdict: Callable[[Observation], bool | None],
    plan: Sequence[Cell] = (),
) -> _Sides:
    """Pair the sides up. With a plan, its cells that a side lacks count as False there; else as unknown."""
    missing = False if plan else None
    cells: dict[Cell, tuple[bool | None, bool | None]] = {}
    for cell in dict.fromkeys([*plan, *sides[0], *sides[1]]):
        first, second = (side.get(cell) for side in sides)
        cells[cell] = (missing if first is None else verdict(first), missing if second is None else verdict(second))
    shared = {cell: pair for cell, pair in cells.items() if None not in pair}
    return _Sides(cells=shared or cells)


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons with p-values corrected by Holm: over all of them, and over all codes of each."""
    for field in ("attempted", "recorded"):
        tests: list[Test] = [getattr(comparison, field) for comparison in comparisons]
        comparisons = [
            replace(comparison, **{field: test})
            for comparison, test in zip(comparisons, _corrected(tests), strict=True)
        ]
    return [replace(comparison, codes=_corrected_codes(comparison.codes)) for comparison in comparisons]


def _corrected_codes(entries: Sequence[CodeTest]) -> tuple[CodeTest, ...]:
    tests = _corrected([entry.test for entry in entries])
    return tuple(replace(entry, test=test) for entry, test in zip(entries, tests, strict=True))


def _corrected(tests: Sequence[Test]) -> list[Test]:
    known = [test.p for test in tests if test.p is not None]
    adjusted = iter(holm(known))
    return [test if test.p is None else replace(test, p_holm=next(adjusted)) for test in tests]


def compared(
    rows: Sequence[Observation], groups: Sequence[str], by: str | None, within: str | None
) -> list[Comparison]:
    """Return every comparison, corrected over all of them. Strata without two groups to compare are left out.

    Raises:
        NotFound: a named group has no runs, or a key fewer than two values, in every stratum.
    """
    found: list[Comparison] = []
    problem: str | None = None
    for stratum, members in (grouped(rows, [within]) if within else {None: rows}).items():
        if by:
            sides = grouped(members, by.split("+"))
        else:
            sides = {group: [row for row in members if selector(group).matches(row)] for group in groups}
        empty = [name for name, own in sides.items() if not own]
        if empty or len(sides) < 2:
            what = f"group {empty[0]!r} has no runs" if empty else f"key {by!r} has fewer than two values"
            problem = problem or f"{what}{f' within {stratum!r}' if stratum else ''}"
        else:
            found += compare_groups(sides, stratum=stratum)
    if not found:
        raise NotFound(f"{problem or f'no run has a value for {within!r}'}; `masthead report --by KEY` lists groups")
    return corrected(found)
