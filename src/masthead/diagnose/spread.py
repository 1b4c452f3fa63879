"""How an error at one turn reached the others: who stands on it, by what, and who could have stopped it."""

from collections import deque
from collections.abc import Mapping
from typing import Final

from masthead.diagnose.case import SHORT_CHARS, Case, Step
from masthead.diagnose.patterns import CHECKER_NAME, CHECKING, FAILING, NO_PROGRESS
from masthead.diagnose.provenance import Link, Provenance
from masthead.model.conversation import Act
from masthead.model.diagnosis import MissedCheck, Spread, SpreadEdge

MOST_EDGES: Final = 400
"""Edges listed, the earliest first; `standing` is always whole."""
MOST_CHECKS: Final = 10


def spread_of(case: Case, provenance: Provenance, origin: int) -> Spread:
    """Follow what the turn at `origin` brought forward through the run, in one pass over the later turns.

    A turn stands on the origin when it uses a value, name, file or passage of the origin or of a turn that does, asked
    for a result, or answers what it was told to do.
    """
    standing: dict[int, tuple[Link, ...]] = {origin: ()}
    for step in case.steps[origin + 1 :]:
        used = tuple(link for link in provenance.into.get(step.index, ()) if link.source in standing)
        if used:
            standing[step.index] = used
    edges = [
        SpreadEdge(source=link.source, target=link.target, carried=link.carried)
        for turn in standing
        for link in standing[turn]
    ]
    last = next((turn for turn in reversed(case.candidates) if len(case.steps[turn].said) >= SHORT_CHARS), origin)
    return Spread(
        origin=origin,
        edges=tuple(edges[:MOST_EDGES]),
        standing=tuple(turn for turn in standing if turn != origin),
        path=_path(standing, origin),
        missed_checks=tuple(_missed_checks(case, standing, origin))[:MOST_CHECKS],
        reaches_end=last in standing,
    )


def _path(standing: Mapping[int, tuple[Link, ...]], origin: int) -> tuple[int, ...]:
    """Return a shortest chain of edges from the origin to the last turn that stands on it."""
    end = max(standing)
    onward: dict[int, list[int]] = {}
    for links in standing.values():
        for link in links:
            onward.setdefault(link.source, []).append(link.target)
    came_from: dict[int, int] = {origin: origin}
    queue = deque([origin])
    while queue and end not in came_from:
        here = queue.popleft()
        for target in onward.get(here, ()):
            if target not in came_from:
                came_from[target] = here
                queue.append(target)
    path = [end]
    while path[-1] != origin:
        path.append(came_from[path[-1]])
    return tuple(reversed(path))


def _missed_checks(case: Case, standing: Mapping[int, tuple[Link, ...]], origin: int) -> list[MissedCheck]:
    missed: list[MissedCheck] = []
    for turn in standing:
        step = case.steps[turn]
        if turn == origin or not step.is_candidate:
            continue
        reason = _why_missed(case, step)
        if reason is not None:
            missed.append(MissedCheck(turn=turn, agent=step.speaker, reason=reason))
    return missed


def _why_missed(case: Case, step: Step) -> str | None:
    """Say why this turn was a chance to stop the error; None where it was not, or where it objected."""
    if FAILING.search(step.said[:2_000]) or NO_PROGRESS.search(step.said):
        return None
    before = case.steps[step.index - 1]
    if before.is_error:
        return f"it saw the error at turn {before.index} and went on"
    if case.conversation.turns[step.index].act is Act.VERDICT:
        return "its verdict let it pass"
    checks = len(CHECKING.findall(step.said))
    if CHECKER_NAME.search(step.speaker) and checks:
        return "a checker saw it and confirmed"
    if checks >= 3:
        return "it says that it checked, and confirmed"
    return None
