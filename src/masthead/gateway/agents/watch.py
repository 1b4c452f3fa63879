"""Feeds a live run's turns to the detectors that diagnose stored runs. What they find is a finding of the same kind."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import asdict

from masthead.detect.suite import Suite
from masthead.gateway.agents.live_run import Fired, LiveRun, LiveTurn
from masthead.gateway.agents.said import Said
from masthead.gateway.agents.stitch import Joined
from masthead.model.conversation import Act, AgentKind, Turn
from masthead.model.errors import InvalidInput
from masthead.model.ids import AgentId
from masthead.model.reading import Message
from masthead.semconv.handoffs import tool_target

_USER: Final = AgentId("user")
_KINDS: Final[Mapping[AgentId, AgentKind]] = {_USER: "human"}
_RECENT: Final = 64
_FEWEST: Final = 5
"""Turns that a run must have before the detectors begin to read: no loop shows in fewer."""
_MOST_SUITES: Final = 1000
"""Runs that detectors watch at once; of more, the quietest are read anew from where they are. Each takes some 20 kB."""
_SHORT: Final = 200
_FAILED: Final = re.compile(
    r"\s*(?:\W{0,3}(?:error|exception|traceback|fatal|failed|failure)\b|\{\s*\"(?:error|errors|exception)\"\s*:\s*[^nf]|"
    r"\w*(?:Error|Exception)\b)",
    re.IGNORECASE,
)


class Watcher:
    """Watches runs under way. One set of detectors a run, the quietest first."""

    def __init__(self, suite: Callable[[], Suite]) -> None:
        self._make = suite
        self._suites: dict[str, Suite] = {}
        """By the run's name."""

    def told(self, joined: Joined) -> list[Fired]:
        """Read what a call brings; return what that makes evident."""
        turns: list[LiveTurn] = []
        for said in joined.news:
            _told(turns, said.message, joined)
        return self._feed(joined, turns)

    def replied(self, joined: Joined, reply: Sequence[Said]) -> list[Fired]:
        """Read what an agent answered; return what that makes evident."""
        turns: list[LiveTurn] = []
        for said in reply:
            _said(turns, said.message, joined)
        return self._feed(joined, turns)

    def written_down(self, run: LiveRun) -> None:
        """Put the detectors' state into the run, for a restart."""
        suite = self._suites.get(run.name)
        if suite is not None:
            run.suite = dict(suite.snapshot())

    def forget(self, is_alive: Callable[[str], bool]) -> None:
        """Let go of the detectors of runs that are over: those of whose names `is_alive` says no."""
        for name in [name for name in self._suites if not is_alive(name)]:
            del self._suites[name]

    def _feed(self, joined: Joined, turns: Sequence[LiveTurn]) -> list[Fired]:
        run = joined.run
        run.pending += turns
        run.turns += len(turns)
        name = run.name
        suite = self._suites.pop(name, None)
        if suite is None:
            if run.turns < _FEWEST and run.suite is None:
                return []
            suite = self._begin(run)
        self._suites[name] = suite
        if len(self._suites) > _MOST_SUITES:
            del self._suites[next(iter(self._suites))]
        found: list[Fired] = []
        for turn in run.pending:
            run.recent.append(_short(turn))
            for finding in suite.feed(_turn(turn)):
                shown = tuple(text for text in (_recent(run, turn.index, at) for at in finding.evidence) if text)
                found.append(Fired(finding.code, finding.evaluator, finding.reason, shown))
        run.pending = []
        del run.recent[:-_RECENT]
        run.fired += found
        return found

    def _begin(self, run: LiveRun) -> Suite:
        suite = self._make()
        suite.start(run.task, _KINDS)
        if run.suite is not None:
            try:
                suite.restore(run.suite)
            except InvalidInput:
                suite.start(run.task, _KINDS)  # written by other versions of the detectors: they begin anew
            run.suite = None
        return suite


def _told(turns: list[LiveTurn], message: Message, joined: Joined) -> None:
    agent = AgentId(joined.agent.id)
    index = joined.run.turns + len(turns)
    if message.role == "assistant":
        _said(turns, message, joined)
    elif message.role == "tool":
        call = joined.agent.open_calls.pop(message.tool_call_id or "", None)
        name = call.name if call is not None else message.name or "tool"
        turns.append(
            LiveTurn(
                index=index,
                speaker=AgentId(f"tool:{name}"),
                addressees=(agent,),
                act=Act.TOOL_RESULT,
                text=message.text,
                tool_name=name,
                tool_call_id=message.tool_call_id,
                is_error=_FAILED.match(message.text) is not None,
            )
        )
    else:
        others = joined.run.agents.values() if message.name else ()
        speaker = next((AgentId(other.id) for other in others if other.name == message.name), _USER)
        turns.append(LiveTurn(index=index, speaker=speaker, addressees=(agent,), text=message.text))


def _said(turns: list[LiveTurn], message: Message, joined: Joined) -> None:
    speaker = AgentId(joined.agent.id)
    index = joined.run.turns + len(turns)
    if not message.tool_calls:
        turns.append(LiveTurn(index=index, speaker=speaker, text=message.text, reasoning=message.reasoning))
    for position, call in enumerate(message.tool_calls):
        target = tool_target(call.name, call.arguments)
        turns.append(
            LiveTurn(
                index=index + position,
                speaker=speaker,
                addressees=(AgentId(target or f"tool:{call.name}"),),
                act=Act.TOOL_CALL if target is None else Act.HANDOFF,
                text=message.text if position == 0 else "",
                tool_name=call.name,
                tool_arguments=call.arguments,
                tool_call_id=call.id,
            )
        )


def _turn(turn: LiveTurn) -> Turn:
    return Turn(**asdict(turn))


def _short(turn: LiveTurn) -> str:
    said = f"{turn.tool_name}({turn.tool_arguments or ''})" if turn.act is Act.TOOL_CALL else turn.text
    return f"turn {turn.index}, {turn.speaker}: {' '.join(said[:_SHORT].split())}"


def _recent(run: LiveRun, last: int, index: int) -> str | None:
    """Return turn `index` in short, where `recent` ends with turn `last`."""
    at = index - last - 1 + len(run.recent)
    return run.recent[at] if 0 <= at < len(run.recent) else None
