"""Feeds a live run's turns to the detectors that diagnose stored runs. What they find is a finding of the same kind."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import asdict

from masthead.detect.suite import Suite
from masthead.gateway.agents.live_run import Fired, Joined, Known, LiveRun, LiveTurn
from masthead.gateway.agents.live_turns import USER, said_turns, told_turns
from masthead.gateway.agents.said import Said
from masthead.model.conversation import Act, AgentKind, Turn
from masthead.model.errors import InvalidInput
from masthead.model.ids import AgentId

_KINDS: Final[Mapping[AgentId, AgentKind]] = {USER: "human"}
_RECENT: Final = 64
FEWEST: Final = 5
"""Turns that a run must have before the detectors begin to read: no loop shows in fewer."""
_MOST_TURNS: Final = 1024
"""The latest that one call tells of are read, a live loop among them: more take the loop too long (50 µs each)."""
_MOST_SUITES: Final = 1000
"""Runs that detectors watch at once; of more, the quietest are read anew from where they are. Each takes some 20 kB."""
_SHORT: Final = 200


class Watcher:
    """Watches runs under way. One set of detectors a run, the quietest first."""

    def __init__(self, suite: Callable[[], Suite]) -> None:
        self._make = suite
        self._suites: dict[LiveRun, Suite] = {}

    def told(self, joined: Joined) -> list[Fired]:
        """Read what a call brings; return what that makes evident."""
        known = joined.run.known
        if known is None:
            return []
        return self._feed(joined.run, known, told_turns(known, joined.agent, joined.news))

    def replied(self, joined: Joined, reply: Sequence[Said]) -> list[Fired]:
        """Read what an agent answered; return what that makes evident."""
        known = joined.run.known
        if known is None:
            return []
        return self._feed(joined.run, known, said_turns(known, joined.agent, reply))

    def written_down(self, run: LiveRun) -> None:
        """Put the detectors' state into the run, for a restart."""
        suite = self._suites.get(run)
        if suite is not None and run.known is not None:
            run.known.suite = dict(suite.snapshot())

    def forget(self, is_alive: Callable[[LiveRun], bool]) -> None:
        """Let go of the detectors of runs that are over: those of which `is_alive` says no."""
        for run in [run for run in self._suites if not is_alive(run)]:
            del self._suites[run]

    def _feed(self, run: LiveRun, known: Known, turns: Sequence[LiveTurn]) -> list[Fired]:
        known.pending += turns[-_MOST_TURNS:]
        known.turns += len(turns)
        suite = self._suites.pop(run, None)
        if suite is None:
            if known.turns < FEWEST and known.suite is None:
                return []
            suite = self._begin(known)
        self._suites[run] = suite
        if len(self._suites) > _MOST_SUITES:
            del self._suites[next(iter(self._suites))]
        found: list[Fired] = []
        for turn in known.pending:
            known.recent.append(_short(turn))
            for finding in suite.feed(_turn(turn)):
                shown = tuple([text for text in [_recent(known, turn.index, at) for at in finding.evidence] if text])
                found.append(Fired(finding.code, finding.evaluator, finding.reason, shown))
        known.pending = []
        del known.recent[:-_RECENT]
        known.fired += found
        return found

    def _begin(self, known: Known) -> Suite:
        suite = self._make()
        suite.start(known.task, _KINDS)
        if known.suite is not None:
            try:
                suite.restore(known.suite)
            except InvalidInput:
                suite.start(known.task, _KINDS)  # written by other versions of the detectors: they begin anew
            known.suite = None
        return suite


def _turn(turn: LiveTurn) -> Turn:
    return Turn(**asdict(turn))


def _short(turn: LiveTurn) -> str:
    said = f"{turn.tool_name}({turn.tool_arguments or ''})" if turn.act is Act.TOOL_CALL else turn.text
    return f"turn {turn.index}, {turn.speaker}: {' '.join(said[:_SHORT].split())}"


def _recent(known: Known, last: int, index: int) -> str | None:
    """Return turn `index` in short, where `recent` ends with turn `last`."""
    at = index - last - 1 + len(known.recent)
    return known.recent[at] if 0 <= at < len(known.recent) else None
