"""The learned ranker: a softmax over the candidate turns of one run, with plain coefficients.

Fitted by `scripts/fit_attribution.py` on the labelled runs of two kinds of systems (group chats with an executor; one
orchestrator that directs workers). It knows these two kinds only: measured across kinds it is worse than the rules
(docs/reference/attribution.md), so for other kinds `rank` says so and its confidences are not calibrated.
"""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from masthead.diagnose.case import Case, Kind
from masthead.diagnose.features import Candidate, candidates_of
from masthead.model.ids import AgentId

MOST_RANKED: Final = 4_000
_SAYS: Final[Mapping[str, str]] = {
    "guesses": "it guesses or assumes",
    "fails": "it reports that something did not work",
    "first_code": "it is the first to bring code",
    "code_failed": "its code failed",
    "open_code_failed": "its code failed and the run never closed",
    "before_first_error": "the first error follows it",
    "errors_before": "errors stand before it",
    "new_claims": "it states values and names that nothing before it said",
    "gives_answer": "what the run answered first appears here",
    "checker": "its speaker is there to check",
    "open_relative": "the run ended without a close",
    "length": "it says more than the others",
    "before_replan": "it stands before the plan was made anew",
    "judged_stuck": "the director then sees no progress",
    "blocked": "it was blocked or met an error page",
    "asks": "it asks for something",
    "hands_over_code": "it hands over code",
    "plans": "it lays down the plan",
    "exchange_1": "it is the first answer to the director",
    "exchange_2": "it is the second answer to the director",
    "exchange_3": "it is the third answer to the director",
    "second": "it is the first reaction to the task",
    "log_rank": "it comes late enough",
}


class Ranked(NamedTuple):
    """A candidate turn, its share of the belief, and what speaks for it most."""

    turn: int
    agent: AgentId
    confidence: float
    because: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """The fitted coefficients of one kind of system."""

    by_feature: Mapping[str, float]
    agent_power: float
    """How much the belief in a turn's agent counts beside the belief in the turn."""
    systems: tuple[str, ...] = ()
    """The agent systems whose labelled runs they were fitted on; elsewhere nobody has measured the beliefs."""


@cache
def shipped() -> Mapping[str, Weights]:
    """Return the coefficients that ship with the package, by kind."""
    text = resources.files("masthead.diagnose").joinpath("coefficients.json").read_text(encoding="utf-8")
    document = json.loads(text)
    return {
        kind: Weights(by_feature=entry["weights"], agent_power=entry["agent_power"], systems=tuple(entry["systems"]))
        for kind, entry in document["kinds"].items()
    }


def is_known(kind: Kind, weights: Mapping[str, Weights]) -> bool:
    """Say whether coefficients were fitted on runs of this kind."""
    return kind in weights


def is_measured(case: Case, weights: Mapping[str, Weights]) -> bool:
    """Say whether the beliefs were measured on labelled runs of this very system."""
    chosen = weights.get(case.kind)
    return chosen is not None and case.conversation.system in chosen.systems


def rank(case: Case, weights: Mapping[str, Weights] | None = None) -> list[Ranked]:
    """Return the candidates, most likely first, 4,000 at most; a lone agent is ranked as one among peers.

    The first is the turn that is likely together with its agent; the others follow by the belief in the turn alone, so
    that the first three are not all one agent's. Confidences sum to at most 1.
    """
    table = shipped() if weights is None else weights
    chosen = table.get("hub" if case.kind == "hub" else "peers")
    candidates = candidates_of(case)
    if chosen is None or not candidates:
        return []
    beliefs = shares([_score(candidate, chosen.by_feature) for candidate in candidates])
    by_agent: dict[AgentId, float] = defaultdict(float)
    for candidate, belief in zip(candidates, beliefs, strict=True):
        by_agent[candidate.agent] += belief
    joint = [
        belief * by_agent[candidate.agent] ** chosen.agent_power
        for candidate, belief in zip(candidates, beliefs, strict=True)
    ]
    usual = _usual(candidates)
    first = max(range(len(joint)), key=lambda place: joint[place])
    sure = joint[first] / sum(joint)
    rest = (1 - sure) / max(1e-9, 1 - beliefs[first])
    believed = [sure if place == first else min(belief * rest, 0.999 * sure) for place, belief in enumerate(beliefs)]
    places = sorted(range(len(believed)), key=lambda place: (-believed[place], candidates[place].turn))
    return [
        Ranked(
            candidates[place].turn,
            candidates[place].agent,
            believed[place],
            because(candidates[place], usual, chosen.by_feature),
        )
        for place in places[:MOST_RANKED]
    ]


def shares(scores: Sequence[float]) -> list[float]:
    """Return the softmax of the scores."""
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def because(candidate: Candidate, usual: Mapping[str, float], by_feature: Mapping[str, float]) -> str:
    """Return, in words, the two features that raise this candidate most above the usual one of its run."""
    raised = sorted(
        (
            ((value - usual.get(name, 0.0)) * by_feature.get(name, 0.0), name)
            for name, value in candidate.features.items()
            if name in _SAYS and value > usual.get(name, 0.0)
        ),
        reverse=True,
    )
    said = [_SAYS[name] for worth, name in raised[:2] if worth > 0]
    return "; ".join(said) or "it stands where failures of such runs usually begin"


def _usual(candidates: Sequence[Candidate]) -> dict[str, float]:
    totals: dict[str, float] = defaultdict(float)
    for candidate in candidates:
        for name, value in candidate.features.items():
            totals[name] += value / len(candidates)
    return totals


def _score(candidate: Candidate, by_feature: Mapping[str, float]) -> float:
    return sum(value * by_feature.get(name, 0.0) for name, value in candidate.features.items())
