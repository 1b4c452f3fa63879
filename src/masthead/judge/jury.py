"""Several judgements of the same run made one: repeats of a judge, and juries of several models with reserves."""

from collections.abc import Awaitable, Callable, Sequence

from masthead.judge.verdict import Verdict
from masthead.model.ids import EvaluatorId

Member = Callable[[], Awaitable[list[Verdict]]]
"""Judges one run; its verdicts are in the same order of codes for every member."""


def vote(ballots: Sequence[Sequence[Verdict]], *, evaluator: EvaluatorId | None = None) -> list[Verdict]:
    """Return the majority's verdict on each code; a tie, or no vote that could be cast, abstains."""
    return [_majority(list(votes), evaluator) for votes in zip(*ballots, strict=True)]


def _majority(votes: list[Verdict], evaluator: EvaluatorId | None) -> Verdict:
    cast = [verdict for verdict in votes if verdict.occurred is not None]
    yes = [verdict for verdict in cast if verdict.occurred]
    no = len(cast) - len(yes)
    first = votes[0]
    by = evaluator or first.evaluator
    if len(yes) == no:
        why = "the votes are even" if cast else next((v.failure for v in votes if v.failure), "no vote could be cast")
        return Verdict(
            code=first.code, occurred=None, failure=why, evaluator=by, evaluator_version=first.evaluator_version
        )
    occurred = len(yes) > no
    chosen = yes[0] if occurred else next(verdict for verdict in cast if not verdict.occurred)
    return Verdict(
        code=first.code,
        occurred=occurred,
        evidence=chosen.evidence,
        quote=chosen.quote,
        reason=chosen.reason,
        agreement=max(len(yes), no) / len(cast),
        evaluator=by,
        evaluator_version=first.evaluator_version,
    )


async def sit(members: Sequence[Member], *, size: int, evaluator: EvaluatorId) -> list[Verdict]:
    """Ask the first `size` members; each that fails on every code is replaced by the next reserve. Asks models."""
    ballots: list[list[Verdict]] = []
    failed: list[list[Verdict]] = []
    for member in members:
        if len(ballots) == size:
            break
        verdicts = await member()
        has_failed = bool(verdicts) and all(verdict.failure is not None for verdict in verdicts)
        (failed if has_failed else ballots).append(verdicts)
    return vote(ballots or failed, evaluator=evaluator)


def flip_rate(ballots: Sequence[Sequence[Verdict]]) -> float | None:
    """Return the share of codes on which repeats (or swapped orders) of one judge differ; None where none compare.

    A failure is left out; a code counts where at least two votes were cast on it.
    """
    casts = [[v.occurred for v in votes if v.occurred is not None] for votes in zip(*ballots, strict=True)]
    compared = [cast for cast in casts if len(cast) > 1]
    return sum(len(set(cast)) > 1 for cast in compared) / len(compared) if compared else None
