"""Keeps the runs under way: puts each call into its run, and forgets what was quiet for longest."""

from collections.abc import Sequence
from typing import Final

from masthead.gateway.agents.heard import are_plain, linked, passages_of
from masthead.gateway.agents.live_run import Beginning, Joined, Known, Link, LiveAgent, LiveRun, OpenCall
from masthead.gateway.agents.live_turns import said_turns, told_turns
from masthead.gateway.agents.marks import IDLE_NS, Scope
from masthead.gateway.agents.memory import bound, mark_seen, mark_told, size_bytes
from masthead.gateway.agents.said import Heard, Identified, Said
from masthead.gateway.agents.search import SEARCHED, by_history, key_in, search
from masthead.semconv.handoffs import tool_target
from masthead.semconv.messages import parse

MOST_BYTES: Final = 8 * 1024 * 1024
"""What all runs may take together."""
_SWEPT_EVERY_NS: Final = 60 * 10**9
_PLAIN_MESSAGES: Final = 3
"""A first call of more messages is no mere beginning: with its answer there may be enough for a detector to read."""
_TASK_CHARACTERS: Final = 8192
_SHORTEST_WORD: Final = 3
_MOST_WORDS: Final = 8
_WORD_CHARACTERS: Final = 2000
_MOST_WAITING: Final = 256
"""Runs of one project and key with an agent that waits that are looked through, the latest."""


class Stitcher:
    """Keeps the runs under way, and finds the one that a call goes on with. Bounded in bytes, and in marks of each."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._scopes: dict[str, Scope] = {}
        self._bytes = 0
        self._swept_ns = 0

    def runs(self) -> list[LiveRun]:
        """Return the runs under way, the latest last."""
        held = [(scope.old, scope.young) for scope in self._scopes.values()]
        found = [run for old, young in held for run in (*old.runs.values(), *young.runs.values())]
        return sorted(found, key=_last_ns)

    def holds(self, run: LiveRun) -> bool:
        """Say whether a run is under way: it was not forgotten."""
        scope = self._scopes.get(run.scope)
        return scope is not None and scope.holds(run) is not None

    def said(self, scope_name: str, run_id: str, heard: Heard, who: Identified, now_ns: int) -> Joined:
        """Return the place of a call whose run the caller named."""
        scope = self._scope(scope_name, now_ns)
        run = scope.run(run_id)
        if run is None:
            self._bytes -= scope.let_go(run_id)
            return self._begin(scope, run_id, heard, who, "said")
        _, at = by_history(scope, heard.links, run)
        return _placed(scope, run, heard, who, at=at, link="said")

    def found(self, scope_name: str, new_run_id: str, heard: Heard, who: Identified, now_ns: int) -> Joined:
        """Return the place of a call that names no run; `new_run_id` is taken where it begins one."""
        scope = self._scope(scope_name, now_ns)
        run, at, link = search(scope, heard, who)
        if run is None:
            return self._begin(scope, new_run_id, heard, who, link)
        return _placed(scope, run, heard, who, at=at, link=link)

    def replied(self, joined: Joined, reply: tuple[Said, ...], reply_id: str | None) -> None:
        """Note what a call was answered, so that the next one is found by it."""
        run, beginning = joined.run, joined.run.beginning
        scope = self._scope(run.scope, run.last_ns)
        if not scope.renew(run):
            return  # it was forgotten meanwhile, and another run has taken its id
        if beginning is not None and are_plain(reply):
            beginning.reply, beginning.reply_id = reply, reply_id
            _note_answer(scope, run, beginning)
        else:
            _note_reply(scope, _grown(scope, run), joined, reply, reply_id)

    def failed(self, joined: Joined) -> None:
        """Note that a call got no answer: the same beginning again is a retry, no run of its own."""
        run = joined.run
        scope = self._scopes.get(run.scope)
        if scope is None or scope.holds(run) is None:
            return
        scope.renew(run)
        begun = _grown(scope, run).openings.get(joined.heard.links[-1])
        if begun is not None and joined.agent_key in begun:
            begun.remove(joined.agent_key)

    def ended(self, joined: Joined) -> None:
        """Count what the run takes after a call, with all that it led to, and make room where that is too much."""
        run = joined.run
        scope = self._scopes.get(run.scope)
        if scope is not None:
            self._bytes += scope.count(run, size_bytes(run))
            self._make_room(scope)

    def take_up(self, run: LiveRun) -> None:
        """Take up a run that was kept over a restart."""
        scope = self._scope(run.scope, run.last_ns)
        if scope.renew(run):
            _wait(scope, run)
            self._bytes += scope.count(run, size_bytes(run))
            self._make_room(scope)

    def _make_room(self, scope: Scope) -> None:
        enough = self._most_bytes * 15 // 16
        if scope.young.bytes > enough - self._bytes + scope.old.bytes:  # it is half of what others leave to the scope
            self._bytes -= scope.age(scope.now_ns).bytes
        if self._bytes > self._most_bytes:
            self._push_out()

    def _scope(self, name: str, now_ns: int) -> Scope:
        """Return the runs of a project and key, without those that are over."""
        if now_ns - self._swept_ns > _SWEPT_EVERY_NS:
            self._swept_ns = now_ns
            self._sweep(now_ns)
        scope = self._scopes.get(name)
        if scope is None:
            scope = self._scopes[name] = Scope(name, now_ns)
            self._bytes += scope.bytes
        elif now_ns > scope.now_ns:
            scope.now_ns = now_ns
        return scope

    def _sweep(self, now_ns: int) -> None:
        """Let go of runs that are over."""
        since_ns = now_ns - IDLE_NS
        for name, scope in list(self._scopes.items()):
            if scope.young.begun_ns < since_ns:
                self._bytes -= scope.age(now_ns).bytes
            if scope.now_ns < since_ns:
                self._bytes -= scope.bytes
                del self._scopes[name]

    def _push_out(self) -> None:
        """Forget the old generations of those who have most: who begins runs without end pushes out its own."""
        enough = self._most_bytes * 15 // 16
        while self._bytes > enough:
            mean = self._bytes / len(self._scopes)
            largest = sorted(
                (-scope.bytes.bit_length(), scope.now_ns, name)  # of those with about as much, the quietest first
                for name, scope in self._scopes.items()
                if scope.bytes >= mean
            )
            for _, _, name in (*largest, *largest):
                scope = self._scopes[name]
                if scope.old.runs:
                    self._bytes -= scope.drop_old().bytes
                else:
                    scope.age(scope.now_ns)
                if self._bytes <= enough:
                    break
            for _, _, name in largest:
                scope = self._scopes[name]
                if not scope.young.runs and not scope.old.runs:
                    self._bytes -= scope.bytes
                    del self._scopes[name]

    def _begin(self, scope: Scope, run_id: str, heard: Heard, who: Identified, link: Link) -> Joined:
        now_ns = scope.now_ns
        run = LiveRun(scope.name, run_id, now_ns, now_ns)
        said = heard.said
        if len(said) <= _PLAIN_MESSAGES and are_plain(said):
            agent = LiveAgent(who.name, who.name, who.instructions)
            if heard.instructions:  # which may be far longer than all the rest
                heard = Heard("", said, heard.links)
            run.beginning = Beginning(heard, who.key, agent)
            joined = Joined(run, agent, who.key, heard, said, link)
            scope.renew(run)
        else:
            joined = _placed(scope, run, heard, who, at=0, link=link)
        return joined


def _placed(scope: Scope, run: LiveRun, heard: Heard, who: Identified, *, at: int, link: Link) -> Joined:
    scope.renew(run)
    known = _grown(scope, run)
    run.last_ns = scope.now_ns
    if at:
        continued = heard.links[at]
        known.continued[continued] = known.continued.get(continued, 0) + 1
    key = key_in(run, who)
    agent = known.agents.get(key)
    if agent is None:
        name = _free_name(known, who.name) if known.agents else who.name
        agent = known.agents[key] = LiveAgent(name, name, who.instructions, _depth(known))
    _learn_names(known, heard, key)
    return Joined(run, agent, key, heard, _noted(scope, run, heard, key, at), link)


def _grown(scope: Scope, run: LiveRun) -> Known:
    """Return what is known of a run of the young generation; of one that only began, what follows from its call."""
    known, beginning = run.known, run.beginning
    if known is not None:
        return known
    known = run.known = Known()
    run.beginning = None
    if beginning is not None:
        agent, key = beginning.agent, beginning.agent_key
        known.agents[key] = agent
        news = _noted(scope, run, beginning.heard, key, 0)
        known.pending += told_turns(known, agent, news)
        known.turns = len(known.pending)
        if beginning.reply is not None:
            joined = Joined(run, agent, key, beginning.heard, news, "new")
            _note_reply(scope, known, joined, beginning.reply, beginning.reply_id)
            known.pending += said_turns(known, agent, beginning.reply)
            known.turns = len(known.pending)
    return known


def _noted(scope: Scope, run: LiveRun, heard: Heard, key: str, at: int) -> tuple[Said, ...]:
    """Note what a call brings; return the messages that are news: those after a known history that nobody told of."""
    known = _grown(scope, run)
    if at == 0 and heard.said:
        _note_opening(scope, run, known, heard.links[-1], key)
    if known.task is None:
        task = next((one.text for one in heard.said if one.role == "user"), None)
        known.task = task and task[:_TASK_CHARACTERS]
    news: list[Said] = []
    for one in heard.said[at:]:
        if mark_seen(known, one.digest) or (at and one.role == "user"):
            news.append(one)
            if one.role != "assistant":
                mark_told(known, passages_of(one))
    return tuple(news)


def _note_opening(scope: Scope, run: LiveRun, known: Known, opening: int, key: str) -> None:
    begun = known.openings.setdefault(opening, [])
    if key not in begun:
        begun.append(key)
    scope.leave(run, known, "opening", (opening,))
    marks = known.marks["opening"]
    if len(known.openings) > len(marks):
        kept = set(marks)
        known.openings = {mark: agents for mark, agents in known.openings.items() if mark in kept}


def _note_answer(scope: Scope, run: LiveRun, beginning: Beginning) -> None:
    """Have a run that only began found by its answer."""
    heard = beginning.heard
    link = heard.links[-1]
    for one in beginning.reply or ():
        link = linked(link, one)
        passages = passages_of(one)
        if passages:
            told: set[int] = set()
            for said in heard.said:
                if said.role != "assistant":
                    told.update(passages_of(said))
            for passage in passages:
                if passage not in told:
                    scope.enter(run, "quote", passage)
    scope.enter(run, "history", link)
    if beginning.reply_id:
        scope.enter(run, "reply", beginning.reply_id)


def _note_reply(scope: Scope, known: Known, joined: Joined, reply: Sequence[Said], reply_id: str | None) -> None:
    run, agent = joined.run, joined.agent
    link = joined.heard.links[-1]
    for said in reply:
        link = linked(link, said)
    scope.leave(run, known, "history", (link,))
    if reply_id:
        scope.leave(run, known, "reply", (reply_id,))
    for said in reply:
        mark_seen(known, said.digest)
        known.spoken[said.digest] = joined.agent_key
        for call in said.message.tool_calls if said.message is not None else ():
            if call.id:
                scope.leave(run, known, "call", (call.id,))
                agent.open_calls[call.id] = OpenCall(call.name, _words(call.arguments))
                _wait(scope, run)
        quotable = [passage for passage in passages_of(said) if passage not in known.told]
        if quotable:
            scope.leave(run, known, "quote", quotable)
    bound(known)


def _wait(scope: Scope, run: LiveRun) -> None:
    waiting = scope.waiting
    waiting.pop(run.run_id, None)
    waiting[run.run_id] = run
    if len(waiting) > _MOST_WAITING:
        del waiting[next(iter(waiting))]


def _words(arguments: str) -> tuple[str, ...]:
    """Return the texts among a call's arguments that are long enough to be known again."""
    given = parse(arguments)
    values = list(given.values()) if isinstance(given, dict) else [given]
    words = [value.strip()[:_WORD_CHARACTERS] for value in values if isinstance(value, str)]
    return tuple([word for word in words if len(word) >= _SHORTEST_WORD][:_MOST_WORDS])


def _learn_names(known: Known, heard: Heard, key: str) -> None:
    """Take the names that a framework writes beside messages, and the one that a handoff calls its receiver by."""
    for one in heard.said[-SEARCHED:]:
        if one.message is not None and one.message.name and one.message.name != "assistant":
            _rename(known, known.spoken.get(one.digest, ""), one.message.name)
    last = next((one for one in reversed(heard.said) if one.role != "tool"), None)
    calls = last.message.tool_calls if last is not None and last.message is not None else ()
    if last is not None and calls and known.spoken.get(last.digest) != key:
        target = tool_target(calls[-1].name, calls[-1].arguments)
        if target is not None:
            _rename(known, key, target)


def _rename(known: Known, key: str, name: str) -> None:
    agent = known.agents.get(key)
    if agent is not None and not key.startswith("name:") and agent.name != name[:80]:
        agent.name = _free_name(known, name[:80])


def _free_name(known: Known, name: str) -> str:
    taken = {agent.name for agent in known.agents.values()}
    free, number = name, 2
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free


def _depth(known: Known) -> int:
    return max((agent.depth + 1 for agent in known.agents.values() if agent.open_calls), default=0)


def _last_ns(run: LiveRun) -> int:
    return run.last_ns
