"""Each statistic against hand-worked numbers and an independent library."""

from collections.abc import Hashable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from masthead.report.statistics import (
    Tally,
    clustered_difference,
    detectable_paired,
    detectable_unpaired,
    fisher_exact,
    holm,
    mcnemar_exact,
    wilson,
)

pytestmark = pytest.mark.unit

# Neither library ships types.
stats: Any = import_module("scipy.stats")
tables: Any = import_module("statsmodels.stats.contingency_tables")
multitest: Any = import_module("statsmodels.stats.multitest")
proportion: Any = import_module("statsmodels.stats.proportion")


def test_wilson_of_eight_in_ten_is_the_hand_worked_interval():
    interval = wilson(8, 10)
    assert interval is not None
    assert interval.low == pytest.approx(0.4902, abs=1e-4)
    assert interval.high == pytest.approx(0.9433, abs=1e-4)


@pytest.mark.parametrize(("successes", "attempts"), [(0, 7), (7, 7), (1, 3), (1017, 1200), (50, 1000)])
def test_wilson_agrees_with_statsmodels(successes: int, attempts: int):
    interval = wilson(successes, attempts)
    assert interval is not None
    assert tuple(interval) == pytest.approx(
        proportion.proportion_confint(successes, attempts, method="wilson"), abs=1e-12
    )


def test_wilson_of_nothing_is_unknown():
    assert wilson(0, 0) is None


def test_mcnemar_of_one_against_nine_is_the_hand_worked_value():
    # 2 * (1 + 10) / 2^10
    assert mcnemar_exact(1, 9) == pytest.approx(22 / 1024)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (5, 5), (31, 88), (45, 105), (0, 6)])
def test_mcnemar_agrees_with_statsmodels(first: int, second: int):
    table = [[10, first], [second, 10]]
    expected = tables.mcnemar(table, exact=True).pvalue if first + second else 1.0
    assert mcnemar_exact(first, second) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("a", "b", "c", "d"), [(3, 10, 9, 10), (1, 30, 8, 25), (0, 5, 5, 5), (90, 100, 60, 80)])
def test_fisher_agrees_with_scipy(a: int, b: int, c: int, d: int):
    expected = stats.fisher_exact([[a, b - a], [c, d - c]]).pvalue
    assert fisher_exact(Tally(a, b), Tally(c, d)) == pytest.approx(expected, rel=1e-6)


def test_holm_multiplies_the_smallest_by_the_number_of_tests():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_holm_agrees_with_statsmodels():
    p_values = [0.2, 0.001, 0.03, 0.9, 0.03, 0.0004]
    assert holm(p_values) == pytest.approx(multitest.multipletests(p_values, method="holm")[1])


def test_clustered_interval_is_wider_than_the_independent_one_where_repeats_are_alike():
    rng = np.random.default_rng(1)
    first: dict[Hashable, Tally] = {}
    second: dict[Hashable, Tally] = {}
    for task in range(100):
        first[task] = Tally(6 * int(rng.random() < 0.5), 6)
        second[task] = Tally(6 * int(rng.random() < 0.5), 6)
    clustered = clustered_difference(first, second)
    loose_first: dict[Hashable, Tally] = {
        (task, repeat): Tally(tally.successes // 6, 1) for task, tally in first.items() for repeat in range(6)
    }
    loose_second: dict[Hashable, Tally] = {
        (task, repeat): Tally(tally.successes // 6, 1) for task, tally in second.items() for repeat in range(6)
    }
    independent = clustered_difference(loose_first, loose_second)
    assert clustered is not None
    assert independent is not None
    assert clustered.value == pytest.approx(independent.value)
    wide = clustered.interval.high - clustered.interval.low
    narrow = independent.interval.high - independent.interval.low
    assert wide > 2 * narrow


def test_bootstrap_of_independent_rates_is_near_the_normal_interval():
    first: dict[Hashable, Tally] = {task: Tally(int(task < 300), 1) for task in range(1000)}
    second: dict[Hashable, Tally] = {task: Tally(int(task % 2 == 0), 1) for task in range(1000)}
    difference = clustered_difference(first, second, resamples=4000)
    assert difference is not None
    pairs = np.array([second[task].successes - first[task].successes for task in range(1000)])
    half = 1.96 * pairs.std(ddof=1) / np.sqrt(1000)
    assert difference.value == pytest.approx(0.2)
    assert difference.interval.low == pytest.approx(0.2 - half, abs=0.005)
    assert difference.interval.high == pytest.approx(0.2 + half, abs=0.005)


def test_a_side_without_attempts_has_no_difference():
    assert clustered_difference({"a": Tally(1, 1)}, {}) is None


def test_detectable_difference_has_the_power_that_it_claims():
    """Simulate pairs that differ by what is called detectable: about 80 % of exact tests at 5 % must see it."""
    pairs, discordant_share = 600, 0.12
    least = detectable_paired(pairs, round(pairs * discordant_share))
    assert least is not None
    rng = np.random.default_rng(7)
    chances = [(discordant_share + least) / 2, (discordant_share - least) / 2, 1 - discordant_share]
    draws = rng.multinomial(pairs, chances, size=1500)
    seen = np.mean([mcnemar_exact(int(lost), int(won)) < 0.05 for won, lost, _ in draws])
    assert 0.74 < seen < 0.86


def test_detectable_unpaired_agrees_with_the_textbook_formula():
    least = detectable_unpaired(Tally(50, 100), Tally(50, 100))
    assert least == pytest.approx((1.959964 + 0.841621) * np.sqrt(0.25 * 2 / 100), rel=1e-5)
    assert detectable_unpaired(Tally(0, 0), Tally(1, 2)) is None


def test_more_pairs_detect_less():
    few, many = detectable_paired(100, 10), detectable_paired(10_000, 1_000)
    assert few is not None
    assert many is not None
    assert many < few / 5
    assert detectable_paired(0, 0) is None
