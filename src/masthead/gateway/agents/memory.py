"""What a run remembers, and how much: every collection in it is bounded, whatever its length."""

from collections.abc import Sequence
from sys import getsizeof
from typing import Any, Final

from masthead.gateway.agents.live_run import LiveRun

_SEEN: Final = 4096
_AGENTS: Final = 64
_OPEN_CALLS: Final = 32
_RUN_BYTES: Final = 2500
_MARK_BYTES: Final = 150
_DIGEST_BYTES: Final = 80


def mark_seen(run: LiveRun, digest: int) -> bool:
    """Note a message; return whether it was not noted before."""
    seen = run.seen
    if digest in seen:
        return False
    seen[digest] = None
    if len(seen) > _SEEN:
        del seen[next(iter(seen))]
    return True


def mark_told(run: LiveRun, passages: Sequence[int]) -> None:
    """Note passages that an agent was told."""
    told = run.told
    for passage in passages:
        if passage not in told:
            told[passage] = None
    while len(told) > _SEEN:
        del told[next(iter(told))]


def bound(run: LiveRun) -> None:
    """Forget the agents, open calls and histories that are too old to matter."""
    _shorten(run.continued, _SEEN)
    _shorten(run.spoken, _SEEN)
    _shorten(run.agents, _AGENTS)
    for agent in run.agents.values():
        _shorten(agent.open_calls, _OPEN_CALLS)


def size_bytes(run: LiveRun) -> int:
    """Return about how much memory the run takes, without its detectors."""
    noted = len(run.told) + len(run.seen) + len(run.spoken) + len(run.continued) + len(run.openings)
    marks = sum([len(kept) for kept in run.marks.values()])
    texts = sum([getsizeof(turn.text) + getsizeof(turn.tool_arguments) for turn in run.pending])
    agents = sum([500 + len(agent.instructions) for agent in run.agents.values()])
    texts += getsizeof(run.task) + sum([getsizeof(line) for line in run.recent])
    return _RUN_BYTES + _DIGEST_BYTES * noted + _MARK_BYTES * marks + texts + agents


def _shorten(noted: dict[Any, Any], most: int) -> None:
    while len(noted) > most:
        del noted[next(iter(noted))]
