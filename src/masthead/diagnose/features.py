"""Structural features of the turns where a failure may have begun, for the learned ranker.

None of them looks at a reference answer, at metadata or at what the run was about; they see order, speakers, errors,
code, and words that give away guessing, failing or checking. Each is a number of order one. Fitted weights refer to the
names below: a change here needs `scripts/fit_attribution.py` again.
"""

import math
from collections.abc import Mapping
from typing import Final

import msgspec

from masthead.diagnose.case import SHORT_CHARS, Case, Step, words_of
from masthead.diagnose.patterns import (
    ASKING,
    BLOCKED,
    CHECKER_NAME,
    CHECKING,
    CLOSING,
    FAILING,
    GUESSING,
    NO_PROGRESS,
    PLANNING,
    REPLANNING,
)
from masthead.model.ids import AgentId

Features = Mapping[str, float]

_OWN_CHARS: Final = 600
"""An opening turn repeats the task; what the agent adds stands at its end."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A turn where the failure may have begun, with its features."""

    turn: int
    agent: AgentId
    features: Features


def candidates_of(case: Case) -> list[Candidate]:
    """Return the candidates in order, with the features of the case's kind; none where the kind is unknown."""
    if case.kind == "hub":
        return _hub(case)
    return _peers(case)


def answer_entities(case: Case) -> frozenset[str]:
    """Return the numbers and names of the run's answer: of the last turn in which an agent says something."""
    for index in reversed(case.candidates):
        if len(case.steps[index].said) >= SHORT_CHARS * 2 // 3:
            return case.steps[index].entities
    return frozenset()


def _count(pattern_count: int, most: int) -> float:
    return min(most, pattern_count) / most


def _peers(case: Case) -> list[Candidate]:
    steps, found = case.steps, list[Candidate]()
    answer = answer_entities(case)
    first_error = next((step.index for step in steps if step.is_error), None)
    before_error = max((i for i in case.candidates if first_error is not None and i < first_error), default=-1)
    last_rank = max(1, len(case.candidates) - 1)
    known = set(case.task_entities)
    errors, rank, has_coded = 0, 0, False
    candidates = set(case.candidates)
    for step in steps:
        if step.index in candidates:
            before = steps[step.index - 1] if step.index else None
            after = steps[step.index + 1] if step.index + 1 < len(steps) else None
            is_tried_wrong = after is not None and after.is_error
            own = step.said[-_OWN_CHARS:] if rank == 0 else step.said
            relative = rank / last_rank
            new = step.entities - known
            features = {
                **_words(own),
                "first": float(rank == 0),
                "second": float(rank == 1),
                "log_rank": math.log1p(rank),
                "relative": relative,
                "short": float(len(step.said) < SHORT_CHARS),
                "length": math.log1p(len(step.said)) / 8,
                "first_code": float(step.has_code and not has_coded),
                "code_failed": float(is_tried_wrong),
                "nothing_to_run": float(after is not None and after.is_refusal),
                "before_first_error": float(step.index == before_error),
                "after_error": float(before is not None and before.is_error),
                "after_result": float(
                    before is not None and before.is_result and not before.is_error and not before.is_refusal
                ),
                "errors_before": _count(errors, 3),
                "checker": float(CHECKER_NAME.search(step.speaker) is not None),
                "new_claims": 0.0 if step.has_code else math.log1p(len(new)) / 3,
                "gives_answer": float(bool(new & answer)),
                "open_relative": 0.0 if case.is_closed else relative,
                "open_code_failed": float(is_tried_wrong and not case.is_closed),
            }
            found.append(Candidate(turn=step.index, agent=step.speaker, features=features))
            rank += 1
            has_coded = has_coded or step.has_code
        errors += step.is_error
        known |= step.entities
    return found


def _words(text: str) -> dict[str, float]:
    return {
        "guesses": _count(len(GUESSING.findall(text)), 3),
        "fails": _count(len(FAILING.findall(text)), 3),
        "checks": _count(len(CHECKING.findall(text)), 4),
        "asks": _count(len(ASKING.findall(text)), 2),
        "closes": float(CLOSING.search(text) is not None),
    }


def _hub(case: Case) -> list[Candidate]:
    steps, found = case.steps, list[Candidate]()
    answer = answer_entities(case)
    replan = next((i for i in case.candidates if steps[i].speaker == case.hub and _replans(steps[i])), None)
    known_entities, known_words = set(case.task_entities), set(case.task_words)
    candidates, exchanges = set(case.candidates), 0
    for step in steps:
        words = words_of(step.said)
        if step.index in candidates:
            if step.speaker == case.hub:
                features = _director(step)
            else:
                features = _worker(case, step, exchanges, replan)
                exchanges += 1
            features["asks"] = _count(len(ASKING.findall(step.said)), 2)
            features["gives_answer"] = float(bool((step.entities - known_entities) & answer))
            features["new_words"] = len(words - known_words) / max(1, len(words))
            found.append(Candidate(turn=step.index, agent=step.speaker, features=features))
        known_entities |= step.entities
        known_words |= words
    return found


def _replans(step: Step) -> bool:
    return not _plans(step) and REPLANNING.search(step.said[:400]) is not None


def _plans(step: Step) -> bool:
    return PLANNING.search(step.said[:2_000]) is not None


def _director(step: Step) -> dict[str, float]:
    return {
        "directs": 1.0,
        "hands_over_code": float(step.is_handoff and step.has_code),
        "says_little": float(len(step.said) < SHORT_CHARS),
        "plans": float(_plans(step)),
    }


def _worker(case: Case, step: Step, exchanges: int, replan: int | None) -> dict[str, float]:
    judged = "\n".join(later.said for later in case.steps[step.index + 1 : step.index + 3] if later.speaker == case.hub)
    return {
        "exchange_1": float(exchanges == 0),
        "exchange_2": float(exchanges == 1),
        "exchange_3": float(exchanges == 2),
        "log_exchange": math.log1p(exchanges),
        "judged_stuck": float(NO_PROGRESS.search(judged) is not None),
        "before_replan": float(replan is not None and step.index < replan),
        "blocked": float(BLOCKED.search(step.said) is not None),
    }
