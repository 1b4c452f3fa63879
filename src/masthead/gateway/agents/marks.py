"""The runs of one project and key: found by the marks that their calls left, and forgotten a generation at a time.

There are two generations. What begins or goes on is in the young one; when that is full, it becomes the old one, and
what was left in the old one is dropped as a whole, which costs a call next to nothing. See decision 071.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from masthead.gateway.agents.live_run import Known, LiveRun

MarkKind = Literal["history", "call", "quote", "opening", "reply"]

IDLE_NS: Final = 3600 * 10**9
"""A run that was quiet for so long is over."""
_KEPT: Final[dict[str, int]] = {"history": 64, "call": 64, "quote": 256, "opening": 64, "reply": 64}
_SCOPE_BYTES: Final = 2000
"""What it takes without any run."""
_MOST_SHARING: Final = 16
"""Runs that one mark leads to, at most: the latest."""
_Index = dict[int | str, LiveRun | list[LiveRun]]
"""Runs by mark; nearly all marks lead to one run, which needs no list."""


class Generation:
    """Runs, with an index of them by mark of each kind."""

    def __init__(self, begun_ns: int) -> None:
        self.begun_ns = begun_ns
        self.bytes = 0
        self.runs: dict[str, LiveRun] = {}
        """By id."""
        self.index: dict[str, _Index] = {kind: {} for kind in _KEPT}


class Scope:
    """The runs of one project and key."""

    def __init__(self, name: str, now_ns: int) -> None:
        self.name = name
        self.now_ns = now_ns
        """Of its last call."""
        self.young = Generation(now_ns)
        self.old = Generation(now_ns)
        self.waiting: dict[str, LiveRun] = {}
        """By id: those in which an agent may wait for a tool's result, the latest last."""

    @property
    def bytes(self) -> int:
        """What all of it takes."""
        return _SCOPE_BYTES + self.young.bytes + self.old.bytes

    def run(self, run_id: str) -> LiveRun | None:
        """Return a run that is under way, by its id."""
        found = self.young.runs.get(run_id)
        if found is None:
            found = self.old.runs.get(run_id)
        return found if found is not None and found.last_ns > self.now_ns - IDLE_NS else None

    def holds(self, run: LiveRun) -> Generation | None:
        """Return the generation that a run is in; None where it was forgotten."""
        if self.young.runs.get(run.run_id) is run:
            return self.young
        return self.old if self.old.runs.get(run.run_id) is run else None

    def renew(self, run: LiveRun) -> bool:
        """Have a run in the young generation; return False where it was forgotten and another has its id by now."""
        young = self.young
        held = young.runs.get(run.run_id)
        if held is not None:
            return held is run
        held = self.old.runs.get(run.run_id)
        if held is not None and held is not run:
            return False
        young.runs[run.run_id] = run
        if held is run:
            del self.old.runs[run.run_id]
            self.old.bytes -= run.counted_bytes
            young.bytes += run.counted_bytes
        else:
            run.counted_bytes = 0
        if run.beginning is not None:
            if run.beginning.heard.said:
                _enter(young.index["opening"], run, run.beginning.heard.links[-1])
        elif run.known is not None:
            for kind, marks in run.known.marks.items():
                index = young.index[kind]
                for mark in marks:
                    _enter(index, run, mark)
        return True

    def let_go(self, run_id: str) -> int:
        """Forget a run that is over, for one that begins with its id; return how many bytes it took."""
        freed = 0
        for held in (self.young, self.old):
            run = held.runs.pop(run_id, None)
            if run is not None:
                held.bytes -= run.counted_bytes
                freed += run.counted_bytes
        self.waiting.pop(run_id, None)
        return freed

    def count(self, run: LiveRun, size: int) -> int:
        """Note how many bytes a run takes; return how many more than before."""
        held = self.holds(run)
        if held is None:
            return 0
        more = size - run.counted_bytes
        held.bytes += more
        run.counted_bytes = size
        return more

    def age(self, now_ns: int) -> Generation:
        """Make the young generation the old one; return what was the old one, which nothing leads to any more."""
        dropped, self.old = self.old, self.young
        self.young = Generation(now_ns)
        return self._gone(dropped)

    def drop_old(self) -> Generation:
        """Forget the old generation, and return it."""
        dropped, self.old = self.old, Generation(self.now_ns)
        return self._gone(dropped)

    def enter(self, run: LiveRun, kind: MarkKind, mark: int | str) -> None:
        """Note that whoever shows a mark goes on with the run, one of the young generation."""
        index = self.young.index[kind]
        if mark in index:
            _enter(index, run, mark)
        else:
            index[mark] = run

    def leave(self, run: LiveRun, known: Known, kind: MarkKind, marks: Sequence[int | str]) -> None:
        """Note marks, and in the run itself that they are its own; of each kind it keeps its latest only."""
        index = self.young.index[kind]
        kept = known.marks.get(kind)
        if kept is None:
            kept = known.marks[kind] = []
        for mark in marks:
            if not _enter(index, run, mark) and mark in kept:
                kept.remove(mark)
            kept.append(mark)
        while len(kept) > _KEPT[kind]:
            mark = kept.pop(0)
            _drop(index, run, mark)
            _drop(self.old.index[kind], run, mark)

    def runs(self, kind: MarkKind, mark: int | str) -> Sequence[LiveRun]:
        """Return the runs under way that bear a mark, the latest last."""
        young, old = self.young.index[kind].get(mark), self.old.index[kind].get(mark)
        if young is None and old is None:
            return ()
        new = _listed(young)
        since_ns = self.now_ns - IDLE_NS
        return [run for run in (*[run for run in _listed(old) if run not in new], *new) if run.last_ns > since_ns]

    def has_any(self, kind: MarkKind) -> bool:
        """Say whether any run bears a mark of a kind."""
        return bool(self.young.index[kind] or self.old.index[kind])

    def most_shown(self, kind: MarkKind, messages: Iterable[Sequence[int]]) -> list[LiveRun]:
        """Return the runs that bear most of the marks of some messages; none where no mark is known."""
        young, old = self.young.index[kind], self.old.index[kind]
        counted: dict[str, int] = {}
        by_id: dict[str, LiveRun] = {}
        for marks in messages:
            for mark in marks:
                if mark in young or mark in old:
                    for run in self.runs(kind, mark):
                        counted[run.run_id] = counted.get(run.run_id, 0) + 1
                        by_id[run.run_id] = run
        if not counted:
            return []
        best = max(counted.values())
        return [by_id[run_id] for run_id, count in counted.items() if count == best]

    def _gone(self, dropped: Generation) -> Generation:
        for run_id in [run_id for run_id in self.waiting if run_id in dropped.runs]:
            del self.waiting[run_id]
        return dropped


def _listed(found: LiveRun | list[LiveRun] | None) -> list[LiveRun]:
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def _enter(index: _Index, run: LiveRun, mark: int | str) -> bool:
    """Let a mark lead to a run; return whether it did not yet."""
    found = index.get(mark)
    if found is None:
        index[mark] = run
    elif isinstance(found, list):
        if run in found:
            return False
        found.append(run)
        del found[:-_MOST_SHARING]
    elif found is run:
        return False
    else:
        index[mark] = [found, run]
    return True


def _drop(index: _Index, run: LiveRun, mark: int | str) -> None:
    found = index.get(mark)
    if isinstance(found, list) and run in found:
        found.remove(run)
        if len(found) == 1:
            index[mark] = found[0]
    elif found is run:
        del index[mark]
