"""How often failure modes occur in runs that nobody labelled: an evaluator's own rate, and corrected for its errors.

The labelled runs must be like the others, best a random part of them: what is corrected for is how the evaluator errs
there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from masthead.judge.calibrate import Ratings
from masthead.judge.labels import LabelledRun
from masthead.judge.statistics_correction import Rate, naive_rate, ppi_rate, rogan_gladen_rate
from masthead.model.ids import Code


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """One code among unlabelled runs, three ways; None where an estimate is not defined. `labelled` backs the last two.

    A code on which the evaluator abstained in a run is left out there.
    """

    code: Code
    runs: int
    labelled: int
    naive: Rate | None
    ppi: Rate | None
    rogan_gladen: Rate | None


def occurrences(labelled: Sequence[LabelledRun], ratings: Ratings, others: Ratings) -> list[Occurrence]:
    """Return, for each code that the evaluator ever judges, how often it occurs in the others."""
    codes = sorted({code for run in labelled for code in run.labels})
    found: list[Occurrence] = []
    for code in codes:
        pairs = [
            (run.labels[code], rating[code].flag)
            for run, rating in zip(labelled, ratings, strict=True)
            if code in run.labels and code in rating
        ]
        known = [(label, flag) for label, flag in pairs if flag is not None]
        unknown = [flag for rating in others if code in rating and (flag := rating[code].flag) is not None]
        if not known or not unknown:
            continue
        labels, verdicts = [label for label, _ in known], [flag for _, flag in known]
        found.append(
            Occurrence(
                code=code,
                runs=len(unknown),
                labelled=len(known),
                naive=naive_rate(unknown),
                ppi=ppi_rate(labels, verdicts, unknown),
                rogan_gladen=rogan_gladen_rate(labels, verdicts, unknown),
            )
        )
    return found
