"""What a run remembers, and how much: every collection in it is bounded, whatever its length."""

from collections.abc import Sequence
from sys import getsizeof
from typing import Any, Final

from masthead.gateway.agents.live_run import Beginning, Known, LiveRun

_SEEN: Final = 4096
_AGENTS: Final = 64
_OPEN_CALLS: Final = 32
_BEGINNING_BYTES: Final = 1500
_KNOWN_BYTES: Final = 2500
_MARK_BYTES: Final = 150
_DIGEST_BYTES: Final = 80
_SAID_BYTES: Final = 150


def mark_seen(known: Known, digest: int) -> bool:
    """Note a message; return whether it was not noted before."""
    seen = known.seen
    if digest in seen:
        return False
    seen[digest] = None
    if len(seen) > _SEEN:
        del seen[next(iter(seen))]
    return True


def mark_told(known: Known, passages: Sequence[int]) -> None:
    """Note passages that an agent was told."""
    told = known.told
    for passage in passages:
        if passage not in told:
            told[passage] = None
    while len(told) > _SEEN:
        del told[next(iter(told))]


def bound(known: Known) -> None:
    """Forget the agents, open calls and histories that are too old to matter."""
    _shorten(known.continued, _SEEN)
    _shorten(known.spoken, _SEEN)
    _shorten(known.agents, _AGENTS)
    for agent in known.agents.values():
        _shorten(agent.open_calls, _OPEN_CALLS)


def size_bytes(run: LiveRun) -> int:
    """Return about how much memory the run takes, without its detectors."""
    known = run.known
    if known is None:
        return _BEGINNING_BYTES if run.beginning is None else _beginning_bytes(run.beginning)
    noted = len(known.told) + len(known.seen) + len(known.spoken) + len(known.continued) + len(known.openings)
    marks = sum([len(kept) for kept in known.marks.values()])
    texts = sum([getsizeof(turn.text) + getsizeof(turn.tool_arguments) for turn in known.pending])
    agents = sum([500 + len(agent.instructions) for agent in known.agents.values()])
    texts += getsizeof(known.task) + sum([getsizeof(line) for line in known.recent])
    return _KNOWN_BYTES + _DIGEST_BYTES * noted + _MARK_BYTES * marks + texts + agents


def _beginning_bytes(beginning: Beginning) -> int:
    size = _BEGINNING_BYTES + len(beginning.agent.instructions)
    for said in beginning.heard.said:
        size += _SAID_BYTES + getsizeof(said.text)
    for said in beginning.reply or ():
        size += _SAID_BYTES + getsizeof(said.text) + _MARK_BYTES * len(said.known_passages or ())
    return size


def _shorten(noted: dict[Any, Any], most: int) -> None:
    while len(noted) > most:
        del noted[next(iter(noted))]
