"""Which run a call belongs to, where the caller does not say: found by what its messages go on from.

In this order, the first that holds: the reply that it names (`previous_response_id`); the longest history that some
call of a run ended with; the id of a tool call whose result it brings; words of an earlier reply that it quotes; words
of a tool call that an agent waits for, which this one seems to work on; the same beginning as a call of a run under
way, by an agent that has not begun there yet; else a new run. A run is looked for among those of the same project and
key only.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Final, Literal, NamedTuple

from masthead.gateway.agents.heard import Heard, linked, passages_of
from masthead.gateway.agents.identity import Identified, is_alike
from masthead.gateway.agents.live_run import LiveAgent, LiveRun, OpenCall, name_of
from masthead.gateway.agents.marks import Marks
from masthead.gateway.agents.memory import bound, mark_seen, mark_told, size_bytes
from masthead.gateway.agents.said import Said
from masthead.semconv.handoffs import tool_target
from masthead.semconv.messages import parse

Link = Literal["said", "reply", "history", "tool call", "quote", "delegation", "beginning", "new"]

IDLE_NS: Final = 3600 * 10**9
"""A run that was quiet for so long is over."""
BEGINNING_NS: Final = 120 * 10**9
"""How long another agent may take to begin where the run began."""
MOST_RUNS: Final = 10_000
_LOOKED_THROUGH: Final = 256
_COUNTED_EVERY: Final = 64
_MOST_BYTES: Final = 8 * 1024 * 1024
"""What all runs may take together: the quietest are forgotten first."""
_TASK_CHARACTERS: Final = 8192
_SEARCHED: Final = 32
"""Messages of a call that are searched for quotes, the latest first."""
_SHORTEST_WORD: Final = 3
_MOST_WORDS: Final = 8
_WORD_CHARACTERS: Final = 2000
_MOST_WAITING: Final = 256
"""Runs with an agent that waits that are looked through, the latest."""


class Joined(NamedTuple):
    """Where a call belongs: its run, its agent in it, the messages that are news to the run, and what linked them."""

    run: LiveRun
    agent: LiveAgent
    agent_key: str
    heard: Heard
    news: tuple[Said, ...]
    link: Link


class Stitcher:
    """Keeps the runs under way, and finds the one that a call goes on with. Bounded in runs, and in marks of each."""

    def __init__(self) -> None:
        self.runs: dict[str, LiveRun] = {}
        """By name, the one that was quiet for longest first."""
        self._runs_of: Counter[str] = Counter()
        """How many there are, by scope."""
        self._largest = ""
        self._pushed_out = 0
        self._marks = Marks()
        self._bytes = 0
        self._waiting: dict[str, LiveRun] = {}
        """Those in which an agent may wait for a tool's result, the latest last."""

    def said(self, scope: str, run_id: str, heard: Heard, who: Identified, now_ns: int) -> Joined:
        """Return the place of a call whose run the caller named."""
        run = self.runs.get(name_of(scope, run_id)) or self._begin(scope, run_id, now_ns)
        _, at = self._by_history(scope, heard.links, only=run)
        return self._placed(run, heard, who, at=at, link="said", now_ns=now_ns)

    def found(self, scope: str, new_run_id: str, heard: Heard, who: Identified, now_ns: int) -> Joined:
        """Return the place of a call that names no run; `new_run_id` is taken where it begins one."""
        run, at, link = self._search(scope, heard, who, now_ns)
        if run is None:
            run = self._begin(scope, new_run_id, now_ns)
        return self._placed(run, heard, who, at=at, link=link, now_ns=now_ns)

    def replied(self, joined: Joined, reply: Sequence[Said], reply_id: str | None) -> None:
        """Note what a call was answered, so that the next one is found by it."""
        run = joined.run
        name = run.name
        self._runs_of[run.scope] += name not in self.runs
        if self.runs.setdefault(name, run) is not run:
            return  # it was forgotten meanwhile, and another run has taken its id
        link = joined.heard.links[-1]
        for said in reply:
            link = linked(link, said)
        self._marks.leave(run, "history", link)
        if reply_id:
            self._marks.leave(run, "reply", reply_id)
        for said in reply:
            mark_seen(run, said.digest)
            run.spoken[said.digest] = joined.agent_key
            for call in said.message.tool_calls:
                if call.id:
                    self._marks.leave(run, "call", call.id)
                    joined.agent.open_calls[call.id] = OpenCall(call.name, _words(call.arguments))
                    self._wait(run)
            quotable = [passage for passage in passages_of(said) if passage not in run.told]
            if quotable:
                self._marks.leave(run, "quote", *quotable)
        bound(run)

    def failed(self, joined: Joined) -> None:
        """Note that a call got no answer: the same beginning again is a retry, no run of its own."""
        begun = joined.run.openings.get(joined.heard.links[-1])
        if begun is not None and joined.agent_key in begun:
            begun.remove(joined.agent_key)

    def take_up(self, run: LiveRun) -> None:
        """Take up a run that was kept over a restart."""
        name = run.name
        self._runs_of[run.scope] += name not in self.runs
        self.runs[name] = run
        self._marks.take_up(run)
        self._wait(run)
        run.counted_bytes = 0
        self.weigh(run)

    def weigh(self, run: LiveRun) -> None:
        """Count what a run takes, and let go of the quietest ones where all take too much."""
        if self.runs.get(run.name) is not run:
            return  # it was forgotten meanwhile
        size = size_bytes(run)
        self._bytes += size - run.counted_bytes
        run.counted_bytes = size
        if self._bytes > _MOST_BYTES:
            self._forget(run.last_ns)

    def _search(self, scope: str, heard: Heard, who: Identified, now_ns: int) -> tuple[LiveRun | None, int, Link]:
        if heard.previous_reply is not None:
            run = _latest(self._marks.runs(scope, "reply", heard.previous_reply))
            if run is not None:
                return run, 0, "reply"
        run, at = self._by_history(scope, heard.links)
        if run is not None:
            return run, at, "history"
        run = self._by_tool_call(scope, heard.said)
        if run is not None:
            return run, 0, "tool call"
        run = self._by_words(scope, heard, who)
        if run is not None:
            return run, 0, "quote"
        run = self._by_delegation(scope, heard, who, now_ns)
        if run is not None:
            return run, 0, "delegation"
        run = self._by_beginning(scope, heard, who, now_ns)
        return run, 0, "new" if run is None else "beginning"

    def _by_history(self, scope: str, links: Sequence[int], only: LiveRun | None = None) -> tuple[LiveRun | None, int]:
        """Return the run that the longest part of the history belongs to, and how many messages that part has."""
        for at in range(len(links) - 1, 0, -1):
            link = links[at]
            sharing = self._marks.runs(scope, "history", link)
            if not sharing:
                continue
            runs = [run for run in sharing if only is None or run is only]
            if runs:
                run = min(runs, key=lambda run: (run.continued.get(link, 0), -run.last_ns))
                run.continued[link] = run.continued.get(link, 0) + 1
                return run, at
        return None, 0

    def _by_tool_call(self, scope: str, said: Sequence[Said]) -> LiveRun | None:
        for one in reversed(said):
            if one.message.role == "tool" and one.message.tool_call_id:
                sharing = self._marks.runs(scope, "call", one.message.tool_call_id)
                if len(sharing) == 1:
                    return sharing[0]
        return None

    def _by_words(self, scope: str, heard: Heard, who: Identified) -> LiveRun | None:
        """Return the run that most of the known passages come from; of several, one that waits for this agent."""
        runs = self._marks.most_shown(scope, "quote", [passages_of(said) for said in heard.said[-_SEARCHED:]])
        return max(runs, key=lambda run: (who.key not in run.agents, run.last_ns), default=None)

    def _by_delegation(self, scope: str, heard: Heard, who: Identified, now_ns: int) -> LiveRun | None:
        """Return a run in which another agent waits for a tool whose arguments this call repeats.

        The agent that began a run is not sought in it: its next task may well hold a word of what its experts look up.
        """
        if not self._waiting:
            return None
        asked = next((one.message.text for one in reversed(heard.said) if one.message.role == "user"), "")
        found: list[LiveRun] = []
        for name, run in list(self._waiting.items()):
            calls = [(key, call) for key, agent in run.agents.items() for call in agent.open_calls.values()]
            if not calls or now_ns - run.last_ns > BEGINNING_NS:
                del self._waiting[name]
            elif run.scope == scope and who.key != next(iter(run.agents)) and _is_asked(calls, asked, who):
                found.append(run)
        return max(found, key=lambda run: (who.key not in run.agents, -run.last_ns), default=None)

    def _wait(self, run: LiveRun) -> None:
        name = run.name
        self._waiting.pop(name, None)
        self._waiting[name] = run
        if len(self._waiting) > _MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]

    def _by_beginning(self, scope: str, heard: Heard, who: Identified, now_ns: int) -> LiveRun | None:
        if not heard.said:
            return None
        opening = heard.links[-1]
        for run in reversed(self._marks.runs(scope, "opening", opening)):
            if now_ns - run.last_ns < BEGINNING_NS and _key_in(run, who) not in run.openings.get(opening, ()):
                return run
        return None

    def _begin(self, scope: str, run_id: str, now_ns: int) -> LiveRun:
        run = LiveRun(scope=scope, run_id=run_id, start_ns=now_ns, last_ns=now_ns)
        self.runs[name_of(scope, run_id)] = run
        self._runs_of[scope] += 1
        self._forget(now_ns)
        return run

    def _placed(self, run: LiveRun, heard: Heard, who: Identified, *, at: int, link: Link, now_ns: int) -> Joined:
        name = run.name
        self.runs[name] = self.runs.pop(name, run)
        run.last_ns = now_ns
        key = _key_in(run, who)
        agent = run.agents.get(key)
        if agent is None:
            name_in_run = _free_name(run, who.name) if run.agents else who.name
            agent = run.agents[key] = LiveAgent(name_in_run, name_in_run, who.instructions, _depth(run))
        _learn_names(run, heard, key)
        if at == 0 and heard.said:
            self._note_opening(run, heard.links[-1], key)
        if run.task is None:
            task = next((one.message.text for one in heard.said if one.message.role == "user"), None)
            run.task = task and task[:_TASK_CHARACTERS]
        return Joined(run, agent, key, heard, self._news(run, heard.said, at), link)

    def _note_opening(self, run: LiveRun, opening: int, key: str) -> None:
        begun = run.openings.setdefault(opening, [])
        if key not in begun:
            begun.append(key)
        self._marks.leave(run, "opening", opening)
        if len(run.openings) > len(run.marks["opening"]):
            kept = set(run.marks["opening"])
            run.openings = {mark: agents for mark, agents in run.openings.items() if mark in kept}

    def _news(self, run: LiveRun, said: Sequence[Said], at: int) -> tuple[Said, ...]:
        """Return the messages that the run has not heard: those after a known history, without what others told it."""
        news: list[Said] = []
        for one in said[at:]:
            if mark_seen(run, one.digest) or (at and one.message.role == "user"):
                news.append(one)
                if one.message.role != "assistant":
                    mark_told(run, passages_of(one))
        return tuple(news)

    def _least_missed(self, name: str, run: LiveRun) -> tuple[str, LiveRun]:
        """Return the quietest run of the scope with the most: who begins runs without end pushes out its own."""
        self._pushed_out += 1
        if self._pushed_out % _COUNTED_EVERY == 1 or not self._runs_of[self._largest]:
            self._largest = max(self._runs_of, key=self._runs_of.__getitem__)
        quietest = islice(self.runs.items(), _LOOKED_THROUGH)
        return next(((name, run) for name, run in quietest if run.scope == self._largest), (name, run))

    def _forget(self, now_ns: int) -> None:
        """Let go of runs that are over, and of the quietest where there are too many."""
        while len(self.runs) > 1:
            name, run = next(iter(self.runs.items()))
            is_room = len(self.runs) <= MOST_RUNS and self._bytes <= _MOST_BYTES
            if is_room and now_ns - run.last_ns < IDLE_NS:
                return
            if not is_room and now_ns - run.last_ns < IDLE_NS:
                name, run = self._least_missed(name, run)
            del self.runs[name]
            self._runs_of[run.scope] -= 1
            if self._runs_of[run.scope] <= 0:
                del self._runs_of[run.scope]
            self._bytes -= run.counted_bytes
            run.counted_bytes = 0
            self._marks.forget(run)


def _words(arguments: str) -> tuple[str, ...]:
    """Return the texts among a call's arguments that are long enough to be known again."""
    given = parse(arguments)
    values = list(given.values()) if isinstance(given, dict) else [given]
    words = [value.strip()[:_WORD_CHARACTERS] for value in values if isinstance(value, str)]
    return tuple([word for word in words if len(word) >= _SHORTEST_WORD][:_MOST_WORDS])


def _key_in(run: LiveRun, who: Identified) -> str:
    """Return the key of the agent in the run: its own, or that of one with a system prompt nearly the same."""
    if who.told or who.key in run.agents or not who.instructions:
        return who.key
    for key, agent in run.agents.items():
        if key.startswith("prompt:") and is_alike(agent.instructions, who.instructions):
            return key
    return who.key


def _learn_names(run: LiveRun, heard: Heard, key: str) -> None:
    """Take the names that a framework writes beside messages, and the one that a handoff calls its receiver by."""
    for one in heard.said[-_SEARCHED:]:
        if one.message.name and one.message.name != "assistant":
            _rename(run, run.spoken.get(one.digest, ""), one.message.name)
    last = next((one for one in reversed(heard.said) if one.message.role != "tool"), None)
    if last is not None and last.message.tool_calls and run.spoken.get(last.digest) != key:
        call = last.message.tool_calls[-1]
        target = tool_target(call.name, call.arguments)
        if target is not None:
            _rename(run, key, target)


def _rename(run: LiveRun, key: str, name: str) -> None:
    agent = run.agents.get(key)
    if agent is not None and not key.startswith("name:") and agent.name != name[:80]:
        agent.name = _free_name(run, name[:80])


def _free_name(run: LiveRun, name: str) -> str:
    taken = {agent.name for agent in run.agents.values()}
    free, number = name, 2
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free


def _is_asked(calls: Sequence[tuple[str, OpenCall]], asked: str, who: Identified) -> bool:
    return any(key != who.key and call.is_told_in(asked) for key, call in calls)


def _depth(run: LiveRun) -> int:
    return max((agent.depth + 1 for agent in run.agents.values() if agent.open_calls), default=0)


def _latest(runs: Sequence[LiveRun]) -> LiveRun | None:
    return max(runs, key=lambda run: run.last_ns, default=None)
