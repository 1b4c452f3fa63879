"""What other runs of the same task say: where a failed run leaves a passing one, and what only failed runs do."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from typing import Final

from masthead.diagnose.case import Case, Step
from masthead.diagnose.rules import MOST, Vote

_LETTERS: Final = re.compile(r"[a-z]{4,}")


def first_divergence(case: Case, passing: Sequence[Case]) -> list[Vote]:
    """Name the first turn that no longer goes as in the passing run that the failed one follows longest.

    Two turns go alike where the same agent does the same kind of thing and says, or gets as result, the same values;
    wording may differ.
    """
    if not passing:
        return []
    shared = max(_common_prefix(case, other) for other in passing)
    later = [turn for turn in case.candidates if turn >= shared] or list(case.candidates[-1:])
    earlier = [turn for turn in case.candidates if turn < shared and turn not in later]
    named = [
        *((turn, 0.6, "the first turn that no passing run of this task has") for turn in later[:1]),
        *((turn, 0.25, "the last turn that a passing run of this task has too") for turn in earlier[-1:]),
        *((turn, 0.15, "the second turn that no passing run of this task has") for turn in later[1:2]),
    ]
    return [Vote(turn, case.steps[turn].speaker, weight, reason, (turn,)) for turn, weight, reason in named]


def _common_prefix(case: Case, other: Case) -> int:
    length = 0
    for mine, theirs in zip(case.steps, other.steps, strict=False):
        if not _goes_alike(mine, theirs):
            break
        length += 1
    return length


def _goes_alike(mine: Step, theirs: Step) -> bool:
    if (mine.speaker, mine.is_result, mine.is_error, mine.has_code) != (
        theirs.speaker, theirs.is_result, theirs.is_error, theirs.has_code,
    ):  # fmt: skip
        return False
    joined = mine.entities | theirs.entities
    return not joined or len(mine.entities & theirs.entities) * 2 >= len(joined)


def spectrum(case: Case, passing: Sequence[Case], failing: Sequence[Case]) -> list[Vote]:
    """Rank turns by Ochiai's coefficient of what they do: high where failed runs do it and passing ones do not.

    Source: Ochiai 1957, as used in fault localisation (Abreu et al. 2007): failed(e) / sqrt(failed · (failed(e) +
    passed(e))). An element is what a speaker did in a turn after what was done before it. `failing` counts `case` too.
    """
    if not passing:
        return []
    failed = Counter(element for run in (case, *failing) for element in set(_elements(run)))
    passed = Counter(element for run in passing for element in set(_elements(run)))
    runs = 1 + len(failing)
    scores = [
        (failed[element] / sqrt(runs * (failed[element] + passed[element])), step)
        for element, step in zip(_elements(case), case.steps, strict=True)
        if step.is_candidate
    ]
    total = sum(score for score, _ in scores)
    votes = [
        Vote(
            step.index,
            step.speaker,
            score / total,
            f"Ochiai {score:.2f} over {runs + len(passing)} runs",
            (step.index,),
        )
        for score, step in scores
        if score > 0
    ]
    return sorted(votes, key=lambda vote: (-vote.weight, vote.turn))[:MOST]


def _elements(case: Case) -> list[tuple[str, ...]]:
    shapes = [_shape(step) for step in case.steps]
    return [shapes[0], *((*before, *after) for before, after in pairwise(shapes))] if shapes else []


def _shape(step: Step) -> tuple[str, ...]:
    mark = "error" if step.is_error else "result" if step.is_result else "code" if step.has_code else "text"
    opening = _LETTERS.findall(step.said[:200].lower())[:1]
    return (step.speaker, mark, *opening)
