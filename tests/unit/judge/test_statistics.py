"""Agreement statistics against hand-worked numbers, published examples and independent libraries."""

import importlib
import math
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from masthead.judge.statistics import (
    Confusion,
    auroc,
    calibration_error,
    clustered_bootstrap,
    cohen_kappa,
    confusion,
    fleiss_kappa,
    krippendorff_alpha,
    reliability_curve,
)
from masthead.model.errors import InvalidInput

pytestmark = pytest.mark.unit

# Neither library is typed, so what they return is not either.
metrics: Any = importlib.import_module("sklearn.metrics")
inter_rater: Any = importlib.import_module("statsmodels.stats.inter_rater")

# Fleiss 1971 as reprinted everywhere: 10 subjects, 14 raters, 5 categories, kappa 0.210.
FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
# Krippendorff 2011, section C: four observers, twelve units, missing values.
KRIPPENDORFF: list[list[float | None]] = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def _close(value: float | None, expected: float | None, within: float = 1e-9) -> bool:
    return value is not None and expected is not None and abs(value - expected) <= within


def test_a_hand_worked_table():
    # 20 both yes, 5 and 10 split, 15 both no: agreement .7, chance .5, kappa .4 (the usual textbook table).
    table = Confusion(true_positive=20, false_positive=5, false_negative=10, true_negative=15)
    assert _close(table.kappa, 0.4)
    assert _close(table.precision, 0.8)
    assert _close(table.recall, 2 / 3)
    assert _close(table.f1, 40 / 55)
    assert _close(table.pabak, 0.4)
    # Gwet: share of yes .55, chance 2 x .55 x .45 = .495, (.7 - .495) / .505.
    assert _close(table.ac1, 0.205 / 0.505)


def test_constant_raters_are_undefined_and_never_nan():
    nothing = confusion([False] * 5, [False] * 5)
    assert nothing.kappa is None
    assert nothing.precision is None
    assert nothing.recall is None
    assert nothing.f1 is None
    assert nothing.ac1 == 1
    one_sided = confusion([False] * 4, [True, False, False, False])
    assert one_sided.kappa == 0
    assert one_sided.f1 == 0
    empty = confusion([], [])
    assert (empty.kappa, empty.ac1, empty.pabak, empty.prevalence) == (None, None, None, None)
    assert cohen_kappa(["a"] * 3, ["a"] * 3) is None
    assert cohen_kappa([], []) is None
    assert fleiss_kappa([[3, 0], [3, 0]]) is None
    assert krippendorff_alpha([[1, 1], [1, 1]]) is None
    assert krippendorff_alpha([[1, None], [None, 1]]) is None
    assert auroc([1, 2], [True, True]) is None
    assert calibration_error([]) is None


@given(PAIRS)
def test_binary_statistics_agree_with_scikit_learn(pairs: list[tuple[bool, bool]]):
    verdicts, labels = [a for a, _ in pairs], [b for _, b in pairs]
    table = confusion(verdicts, labels)
    if table.kappa is not None:
        assert _close(table.kappa, metrics.cohen_kappa_score(verdicts, labels))
        assert _close(table.kappa, cohen_kappa(verdicts, labels))
    if table.f1 is not None:
        assert _close(table.f1, metrics.f1_score(labels, verdicts, zero_division=0))
    if table.precision is not None:
        assert _close(table.precision, metrics.precision_score(labels, verdicts))
    for value in (table.kappa, table.f1, table.ac1, table.pabak):
        assert value is None or math.isfinite(value)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=60))
def test_weighted_kappa_agrees_with_scikit_learn_and_statsmodels(pairs: list[tuple[int, int]]):
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    table = metrics.confusion_matrix(first, second, labels=range(5))
    kinds: tuple[Literal["linear", "quadratic"], ...] = ("linear", "quadratic")
    for weights in kinds:
        mine = cohen_kappa(first, second, categories=range(5), weights=weights)
        if mine is None:
            continue
        assert _close(mine, metrics.cohen_kappa_score(first, second, labels=list(range(5)), weights=weights))
        assert _close(mine, inter_rater.cohens_kappa(table, wt=weights, return_results=False))


def test_weighted_kappa_needs_an_order():
    with pytest.raises(InvalidInput, match="categories"):
        cohen_kappa(["low"], ["high"], weights="linear")


def test_fleiss_reproduces_the_published_example_and_statsmodels():
    assert _close(fleiss_kappa(FLEISS), 0.210, within=5e-4)
    assert _close(fleiss_kappa(FLEISS), inter_rater.fleiss_kappa(np.asarray(FLEISS)))


def test_fleiss_refuses_items_with_different_numbers_of_raters():
    with pytest.raises(InvalidInput, match="same number"):
        fleiss_kappa([[3, 0], [2, 0]])


def test_krippendorff_reproduces_the_published_examples():
    assert _close(krippendorff_alpha(KRIPPENDORFF), 0.743, within=5e-4)
    assert _close(krippendorff_alpha(KRIPPENDORFF, level="ordinal"), 0.815, within=5e-4)
    assert _close(krippendorff_alpha(KRIPPENDORFF, level="interval"), 0.849, within=5e-4)
    # Section A: two observers, ten units, binary, alpha 0.095.
    first: list[float | None] = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    second: list[float | None] = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    assert _close(krippendorff_alpha([first, second]), 0.095, within=5e-4)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=40))
def test_auroc_agrees_with_scikit_learn(rows: list[tuple[float, bool]]):
    scores, labels = [round(s, 1) for s, _ in rows], [label for _, label in rows]
    mine = auroc(scores, labels)
    if mine is None:
        assert len(set(labels)) == 1
    else:
        assert _close(mine, metrics.roc_auc_score(labels, scores))


def test_the_reliability_curve_groups_by_confidence():
    curve = reliability_curve([0.1, 0.15, 0.9, 1.0], [False, True, True, True], bins=10)
    assert [(each.n, each.rate) for each in curve] == [(2, 0.5), (2, 1.0)]
    assert _close(calibration_error(curve), (2 * 0.375 + 2 * 0.05) / 4)


def test_the_bootstrap_is_wider_when_items_of_a_task_agree():
    random = np.random.default_rng(7)
    tasks = np.repeat(np.arange(20), 10)
    outcome = np.repeat(random.random(20) < 0.4, 10)

    def rate(chosen: NDArray[np.intp]) -> float | None:
        return float(outcome[chosen].mean())

    clustered = clustered_bootstrap(rate, tasks.tolist(), draws=400)
    pretended = clustered_bootstrap(rate, list(range(200)), draws=400)
    assert clustered is not None
    assert pretended is not None
    assert clustered.high - clustered.low > 2 * (pretended.high - pretended.low)
    assert clustered.low < outcome.mean() < clustered.high


def test_the_bootstrap_is_repeatable_and_undefined_for_one_cluster():
    values = np.arange(12.0)

    def mean(chosen: NDArray[np.intp]) -> float | None:
        return float(values[chosen].mean())

    clusters = [i // 3 for i in range(12)]
    assert clustered_bootstrap(mean, clusters, draws=50) == clustered_bootstrap(mean, clusters, draws=50)
    assert clustered_bootstrap(mean, [1] * 12, draws=50) is None
    assert clustered_bootstrap(lambda _: None, clusters, draws=50) is None


@settings(max_examples=25)
@given(PAIRS, PAIRS)
def test_pooling_is_counting_together(first: list[tuple[bool, bool]], second: list[tuple[bool, bool]]):
    def count(pairs: list[tuple[bool, bool]]) -> Confusion:
        return confusion([a for a, _ in pairs], [b for _, b in pairs])

    assert count(first) + count(second) == count(first + second)


def test_unpaired_raters_are_refused():
    with pytest.raises(InvalidInput, match="one to one"):
        confusion([True], [True, False])
