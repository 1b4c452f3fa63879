"""What judges and people had said of a run before it is diagnosed, taken from its scores."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from masthead.detect.registry import entries
from masthead.diagnose.attribution import VERIFIED
from masthead.diagnose.run import EVALUATOR, REPLAY
from masthead.model.diagnosis import Hypothesis
from masthead.model.ids import Code
from masthead.model.score import Finding, Score

ORIGIN: Final = "origin"
_UNMEASURED: Final = 0.5
"""How sure a judge's finding is taken to be where nobody measured it."""
_TOLD: Final = re.compile(r"\d+\. [\w-]+ by [\w-]+: ")
"""How `judge.origin_judge` begins the reason of a score."""


class Known(NamedTuple):
    """What counts of a run's scores.

    `findings` are failure modes that judges and people found, `judged` where judges say that it began, likeliest first,
    and what was verified by replaying; `before` is what earlier diagnoses said and what a new one may take back.
    """

    findings: tuple[Finding, ...] = ()
    judged: tuple[Hypothesis, ...] = ()
    before: tuple[Score, ...] = ()


NOTHING: Final = Known()


def known_of(scores: Iterable[Score]) -> Known:
    """Return what counts for a diagnosis; what detectors said is left out, as it is found anew.

    Of an origin that one judge named several times its last word counts. Origins that people name are labels to hold
    methods against, so they are no part of the ranking.
    """
    told: list[Score] = []
    before: list[Score] = []
    versions = {entry.id: entry.version for entry in entries()}
    for score in scores:
        if score.source != "code" or score.evaluator == REPLAY:
            told.append(score)
        elif _is_stale(score, versions):
            before.append(score)
    return Known(tuple(map(_finding, filter(_is_finding, told))), _judged(told), tuple(before))


def _is_stale(score: Score, versions: Mapping[str, str]) -> bool:
    """Say whether the score is an origin of ours, or a finding of a detector that has another version by now."""
    if score.name == ORIGIN:
        return score.evaluator == EVALUATOR and score.number is not None
    return score.flag is True and score.evaluator_version != versions.get(score.evaluator, score.evaluator_version)


def _is_finding(score: Score) -> bool:
    return score.flag is True and score.name.startswith("FM-")


def _finding(score: Score) -> Finding:
    unsaid = 1.0 if score.source == "human" else _UNMEASURED
    return Finding(
        code=Code(score.name),
        evaluator=score.evaluator,
        evaluator_version=score.evaluator_version,
        evidence=score.evidence,
        reason=score.reason or "",
        confidence=unsaid if score.confidence is None else score.confidence,
        began_turn=score.subject.turn,
        began_agent=score.subject.agent,
    )


def _judged(told: Sequence[Score]) -> tuple[Hypothesis, ...]:
    origins = [score for score in told if score.name == ORIGIN and score.source != "human"]
    last = {score.evaluator: score.time_ns for score in sorted(origins, key=lambda score: score.time_ns)}
    found = [
        Hypothesis(
            agent=score.subject.agent,
            turn=score.subject.turn,
            confidence=_UNMEASURED if score.confidence is None else score.confidence,
            basis=VERIFIED if score.evaluator == REPLAY else "inferred",
            method=score.evaluator,
            reason=_TOLD.sub("", score.reason or "", count=1),
            evidence=score.evidence,
        )
        for score in sorted(origins, key=lambda score: (score.evaluator, score.number or 0))
        if score.time_ns == last[score.evaluator]
        and score.number is not None
        and score.subject.turn is not None
        and score.subject.agent is not None
    ]
    return tuple(found)
