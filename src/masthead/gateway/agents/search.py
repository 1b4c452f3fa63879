"""Which run a call belongs to, where the caller does not say: found by what its messages go on from.

In this order, the first that holds: the reply that it names (`previous_response_id`); the longest history that some
call of a run ended with; the id of a tool call whose result it brings; words of an earlier reply that it quotes; words
of a tool call that an agent waits for, which this one seems to work on; the same beginning as a call of a run under
way, by an agent that has not begun there yet; else a new run. A run is looked for among those of the same project and
key only.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from masthead.gateway.agents.heard import passages_of
from masthead.gateway.agents.identity import is_alike
from masthead.gateway.agents.live_run import Known, Link, LiveRun, OpenCall
from masthead.gateway.agents.marks import Scope
from masthead.gateway.agents.said import Heard, Identified, Said

BEGINNING_NS: Final = 120 * 10**9
"""How long another agent may take to begin where the run began."""
SEARCHED: Final = 32
"""Messages of a call that are searched for quotes, the latest first."""


class Found(NamedTuple):
    """The run that a call goes on with, how many of its messages are that run's history, and what linked them."""

    run: LiveRun | None
    at: int
    link: Link


_NEW: Final = Found(None, 0, "new")


def search(scope: Scope, heard: Heard, who: Identified) -> Found:
    """Return the run that a call goes on with; none where it begins one."""
    if heard.previous_reply is not None:
        run = _latest(scope.runs("reply", heard.previous_reply))
        if run is not None:
            return Found(run, 0, "reply")
    run, at = by_history(scope, heard.links)
    if run is not None:
        return Found(run, at, "history")
    run = _by_tool_call(scope, heard.said)
    if run is not None:
        return Found(run, 0, "tool call")
    run = _by_words(scope, heard, who)
    if run is not None:
        return Found(run, 0, "quote")
    run = _by_delegation(scope, heard, who) if scope.waiting else None
    if run is not None:
        return Found(run, 0, "delegation")
    run = _by_beginning(scope, heard, who)
    return _NEW if run is None else Found(run, 0, "beginning")


def by_history(scope: Scope, links: Sequence[int], only: LiveRun | None = None) -> tuple[LiveRun | None, int]:
    """Return the run that the longest part of the history belongs to, and how many messages that part has."""
    young, old = scope.young.index["history"], scope.old.index["history"]
    for at in range(len(links) - 1, 0, -1):
        link = links[at]
        if link not in young and link not in old:
            continue
        best: LiveRun | None = None
        for run in scope.runs("history", link):
            if only is not None and run is not only:
                continue
            if best is None or _order(run, link) < _order(best, link):
                best = run
        if best is not None:
            return best, at
    return None, 0


def key_in(run: LiveRun, who: Identified) -> str:
    """Return the key of the agent in the run: its own, or that of one with a system prompt nearly the same."""
    if who.told or not who.instructions:
        return who.key
    known = run.known
    if known is not None:
        if who.key in known.agents:
            return who.key
        for key, agent in known.agents.items():
            if key.startswith("prompt:") and is_alike(agent.instructions, who.instructions):
                return key
    elif run.beginning is not None:
        key = run.beginning.agent_key
        if key.startswith("prompt:") and is_alike(run.beginning.agent.instructions, who.instructions):
            return key
    return who.key


def _order(run: LiveRun, link: int) -> tuple[int, int]:
    """Return what says which of several runs with one history goes on: who did least often, of those the latest."""
    return (0 if run.known is None else run.known.continued.get(link, 0)), -run.last_ns


def _by_tool_call(scope: Scope, said: Sequence[Said]) -> LiveRun | None:
    for one in reversed(said):
        if one.role == "tool" and one.message is not None and one.message.tool_call_id:
            sharing = scope.runs("call", one.message.tool_call_id)
            if len(sharing) == 1:
                return sharing[0]
    return None


def _by_words(scope: Scope, heard: Heard, who: Identified) -> LiveRun | None:
    """Return the run that most of the known passages come from; of several, one that waits for this agent."""
    best: LiveRun | None = None
    for run in scope.most_shown("quote", [passages_of(said) for said in heard.said[-SEARCHED:]]):
        if best is None or (not _takes_part(run, who), run.last_ns) > (not _takes_part(best, who), best.last_ns):
            best = run
    return best


def _by_delegation(scope: Scope, heard: Heard, who: Identified) -> LiveRun | None:
    """Return a run in which another agent waits for a tool whose arguments this call repeats.

    The agent that began a run is not sought in it: its next task may well hold a word of what its experts look up.
    """
    asked = next((one.text for one in reversed(heard.said) if one.role == "user"), "")
    best: LiveRun | None = None
    for run_id, run in list(scope.waiting.items()):
        known = run.known
        calls = [] if known is None else _open_calls(known)
        if known is None or not calls or scope.now_ns - run.last_ns > BEGINNING_NS:
            del scope.waiting[run_id]
        elif (
            who.key != next(iter(known.agents))
            and _is_asked(calls, asked, who)
            and (
                best is None or (not _takes_part(run, who), -run.last_ns) > (not _takes_part(best, who), -best.last_ns)
            )
        ):
            best = run
    return best


def _by_beginning(scope: Scope, heard: Heard, who: Identified) -> LiveRun | None:
    if not heard.said:
        return None
    opening = heard.links[-1]
    for run in reversed(scope.runs("opening", opening)):
        if scope.now_ns - run.last_ns < BEGINNING_NS and key_in(run, who) not in _begun(run, opening):
            return run
    return None


def _begun(run: LiveRun, opening: int) -> Sequence[str]:
    """Return the agents that have begun with these messages."""
    if run.known is not None:
        return run.known.openings.get(opening, ())
    return () if run.beginning is None else (run.beginning.agent_key,)


def _takes_part(run: LiveRun, who: Identified) -> bool:
    if run.known is not None:
        return who.key in run.known.agents
    return run.beginning is not None and run.beginning.agent_key == who.key


def _open_calls(known: Known) -> list[tuple[str, OpenCall]]:
    return [(key, call) for key, agent in known.agents.items() for call in agent.open_calls.values()]


def _is_asked(calls: Sequence[tuple[str, OpenCall]], asked: str, who: Identified) -> bool:
    return any(key != who.key and call.is_told_in(asked) for key, call in calls)


def _latest(runs: Sequence[LiveRun]) -> LiveRun | None:
    best: LiveRun | None = None
    for run in runs:
        if best is None or run.last_ns > best.last_ns:
            best = run
    return best
