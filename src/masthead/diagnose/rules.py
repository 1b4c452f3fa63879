"""Three rules that name candidates from marks in the record: errors, where the answer came from, what was dropped.

Each returns its candidates, most likely first, and nothing where the run has no such mark.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Final, NamedTuple

from masthead.diagnose.case import Case
from masthead.diagnose.features import answer_entities
from masthead.diagnose.provenance import Provenance
from masthead.model.conversation import EndingKind
from masthead.model.ids import AgentId

MOST: Final = 5
_DECAY: Final = 0.5
"""How much of a claim's blame passes on to what it was taken from."""


class Vote(NamedTuple):
    """A rule's candidate: its weight among the rule's candidates, and what in the record says so."""

    turn: int
    agent: AgentId
    weight: float
    reason: str
    evidence: tuple[int, ...]


def before_first_error(case: Case) -> list[Vote]:
    """Name the agent's step before the first error, then before the later ones; without errors, nothing."""
    votes: list[Vote] = []
    seen: set[int] = set()
    for step in case.steps:
        if not step.is_error:
            continue
        turn = _candidate_before(case, step.index)
        if turn is None or turn in seen:
            continue
        seen.add(turn)
        order = "first" if not votes else "next"
        reason = f"the {order} error, at turn {step.index}, answers this turn"
        votes.append(Vote(turn, case.steps[turn].speaker, _DECAY ** len(votes), reason, (turn, step.index)))
        if len(votes) == MOST:
            break
    return votes


def error_or_first_reaction(case: Case) -> list[Vote]:
    """Name the step before the first error, or where there is none the first reactions to the task."""
    votes = before_first_error(case)
    named = {vote.turn for vote in votes}
    reactions = [turn for turn in (*case.candidates[1:3], *case.candidates[:1]) if turn not in named]
    return votes + [
        Vote(turn, case.steps[turn].speaker, _DECAY ** (len(votes) + place), "an early reaction to the task", (turn,))
        for place, turn in enumerate(reactions)
    ]


def backward_slice(case: Case, provenance: Provenance) -> list[Vote]:
    """Follow the answer back to the turns that first said its parts, and those back to what they used."""
    answer = case.conversation.ending.answer
    wanted = answer_entities(case) | frozenset([answer.strip()] if answer else [])
    blame: dict[int, float] = defaultdict(float)
    origins: dict[int, list[str]] = {}
    for fact in sorted(wanted):
        if (turn := provenance.first_said.get(fact)) is not None:
            author = _author(case, turn)
            if author is not None:
                blame[author] += 1.0
                origins.setdefault(author, []).append(fact)
    for turn in sorted(blame, reverse=True):
        for link in provenance.into.get(turn, ())[:2]:
            author = _author(case, link.source)
            if author is not None and author != turn:
                blame[author] += _DECAY * blame[turn] / 2
    total = sum(blame.values())
    votes = [
        Vote(turn, case.steps[turn].speaker, worth / total, _slice_reason(origins.get(turn)), (turn,))
        for turn, worth in blame.items()
    ]
    return sorted(votes, key=lambda vote: (-vote.weight, vote.turn))[:MOST]


def _slice_reason(facts: list[str] | None) -> str:
    if not facts:
        return "the turn that first said the answer used what this one said"
    shown = ", ".join(repr(fact[:40]) for fact in facts[:3])
    return f"of the answer, {shown} was first said here or in the result of its call"


def _author(case: Case, turn: int) -> int | None:
    """Return the candidate that answers for a turn: itself, or for a result the agent that asked for it."""
    if case.steps[turn].is_candidate:
        return turn
    if case.steps[turn].is_result:
        return _candidate_before(case, turn)
    return None


def _candidate_before(case: Case, turn: int) -> int | None:
    place = bisect_left(case.candidates, turn)
    return case.candidates[place - 1] if place else None


def dropped_at_handoff(case: Case, provenance: Provenance) -> list[Vote]:
    """Name handoffs that lost values, names or files which the giver had been told and the run needed again later."""
    later_use: Counter[str] = Counter()
    for facts in provenance.facts.values():
        later_use.update(facts.keys())
    votes: list[Vote] = []
    for before, turn in pairwise(case.candidates):
        step = case.steps[turn]
        if not step.is_handoff:
            continue
        told = provenance.facts.get(before, {})
        lost = [fact for fact in told if fact not in provenance.facts[turn] and later_use[fact] >= 3]
        if lost:
            shown = ", ".join(repr(fact[:40]) for fact in lost[:3])
            reason = f"the handoff leaves out {shown}, which turn {before} had said and later turns need"
            votes.append(Vote(turn, step.speaker, float(len(lost)), reason, (before, turn)))
    total = sum(vote.weight for vote in votes)
    votes = [vote._replace(weight=vote.weight / total) for vote in votes]
    return sorted(votes, key=lambda vote: (-vote.weight, vote.turn))[:MOST]


def broke_off(case: Case) -> list[Vote]:
    """Name the last turn of an agent where the run ended in an error."""
    if case.conversation.ending.kind is not EndingKind.ERROR or not case.candidates:
        return []
    turn = case.candidates[-1]
    return [Vote(turn, case.steps[turn].speaker, 1.0, "the run broke off with an error after this turn", (turn,))]
