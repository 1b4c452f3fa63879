"""How often a mode occurs where nobody labelled, from what an evaluator says and how it errs where people did."""

from random import Random

import pytest

from masthead.judge.calibrate import Rating
from masthead.judge.corrected import occurrences
from masthead.judge.labels import LabelledRun
from masthead.model.ids import Code

pytestmark = pytest.mark.unit

CODE, SILENT = Code("FM-3.2"), Code("FM-2.3")


def verdict(is_there: bool, chance: Random) -> bool:
    """Judge as somebody who sees seven of ten, and sees it in one of five where it is not."""
    return chance.random() < (0.7 if is_there else 0.2)


def test_a_judge_that_errs_is_corrected_towards_what_is_true():
    chance = Random(4)
    truth = [chance.random() < 0.5 for _ in range(3_000)]
    said = [verdict(each, chance) for each in truth]
    labelled = [
        LabelledRun(run=str(i), task=str(i), system="s", labels={CODE: each, SILENT: False})
        for i, each in enumerate(truth[:300])
    ]
    ratings = [{CODE: Rating(flag=each)} for each in said]
    (found,) = occurrences(labelled, ratings[:300], ratings[300:])
    assert (found.code, found.runs, found.labelled) == (CODE, 2_700, 300)
    assert found.naive is not None and found.ppi is not None and found.rogan_gladen is not None
    rate = sum(truth) / len(truth)
    assert abs(found.naive.value - 0.45) < 0.03
    assert abs(found.ppi.value - rate) < 0.06
    assert found.ppi.interval.low < rate < found.ppi.interval.high
    assert found.rogan_gladen.interval.low < rate < found.rogan_gladen.interval.high


def test_without_other_runs_or_verdicts_nothing_is_said():
    labelled = [LabelledRun(run="a", task="a", system="s", labels={CODE: True})]
    assert occurrences(labelled, [{CODE: Rating(flag=True)}], []) == []
    assert occurrences(labelled, [{CODE: Rating(flag=None)}], [{CODE: Rating(flag=True)}]) == []
