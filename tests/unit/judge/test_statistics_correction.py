"""Corrected rates: their intervals cover the truth by simulation, the naive one does not."""

import numpy as np
import pytest

from masthead.judge.statistics_correction import Rate, naive_rate, ppi_rate, rogan_gladen_rate

pytestmark = pytest.mark.unit


def _close(value: float | None, expected: float, within: float = 1e-9) -> bool:
    return value is not None and abs(value - expected) <= within


TRUE_RATE, SENSITIVITY, SPECIFICITY = 0.30, 0.80, 0.85


def _simulate(random: np.random.Generator, n: int) -> tuple[list[bool], list[bool]]:
    truth = random.random(n) < TRUE_RATE
    heard = np.where(truth, random.random(n) < SENSITIVITY, random.random(n) >= SPECIFICITY)
    return truth.tolist(), heard.tolist()


def _covers(rate: Rate | None) -> bool:
    return rate is not None and rate.interval.low <= TRUE_RATE <= rate.interval.high


def test_corrected_intervals_cover_the_truth_and_the_naive_one_does_not():
    random = np.random.default_rng(1)
    covered = {"naive": 0, "ppi": 0, "rogan": 0}
    draws = 600
    for _ in range(draws):
        labels, verdicts = _simulate(random, 150)
        _, others = _simulate(random, 1500)
        covered["naive"] += _covers(naive_rate(others))
        covered["ppi"] += _covers(ppi_rate(labels, verdicts, others))
        covered["rogan"] += _covers(rogan_gladen_rate(labels, verdicts, others))
    assert 0.92 <= covered["ppi"] / draws <= 0.98
    assert 0.92 <= covered["rogan"] / draws <= 0.985
    assert covered["naive"] / draws < 0.2


def test_prediction_powered_intervals_are_narrower_than_labels_alone_and_never_much_wider():
    random = np.random.default_rng(2)
    labels, verdicts = _simulate(random, 200)
    _, others = _simulate(random, 5000)
    noise = (random.random(200) < 0.5).tolist()
    helped = ppi_rate(labels, verdicts, others)
    unhelped = ppi_rate(labels, noise, (random.random(5000) < 0.5).tolist())
    alone = naive_rate(labels)
    assert helped is not None
    assert unhelped is not None
    assert alone is not None
    assert helped.power is not None
    assert unhelped.power is not None
    assert helped.power > 0.5
    assert unhelped.power < 0.2
    width = alone.interval.high - alone.interval.low
    assert helped.interval.high - helped.interval.low < 0.9 * width
    assert unhelped.interval.high - unhelped.interval.low < 1.05 * width


def test_rogan_gladen_by_hand():
    # Judge: sensitivity .8 (8 of 10), specificity .9 (9 of 10), says yes to 38 of 100: (.38 + .9 - 1) / .7 = .4.
    labels = [True] * 10 + [False] * 10
    verdicts = [True] * 8 + [False] * 2 + [False] * 9 + [True]
    found = rogan_gladen_rate(labels, verdicts, [True] * 38 + [False] * 62)
    assert found is not None
    assert _close(found.value, 0.4)
    assert found.interval.low < 0.4 < found.interval.high


def test_undefined_corrections_are_none():
    assert naive_rate([]) is None
    assert ppi_rate([True], [True], [True, False]) is None
    assert rogan_gladen_rate([True, True], [True, False], [True]) is None
    assert rogan_gladen_rate([True, False], [False, True], [True]) is None


def test_a_constant_judge_leaves_the_labels_alone():
    found = ppi_rate([True, False, False, False], [False] * 4, [False] * 50)
    assert found is not None
    assert _close(found.value, 0.25)
    assert found.power == 0
