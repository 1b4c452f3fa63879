"""Finds runs by the marks that their calls left. Bounded: of each kind, a run keeps its latest marks only."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from masthead.gateway.agents.live_run import LiveRun

MarkKind = Literal["history", "call", "quote", "opening", "reply"]

_KEPT: Final[dict[MarkKind, int]] = {"history": 64, "call": 64, "quote": 256, "opening": 64, "reply": 64}
_MOST_SHARING: Final = 16
"""Runs that one mark leads to, at most: the latest."""
_Index = dict[int | str, LiveRun | list[LiveRun]]
"""Runs by mark; nearly all marks lead to one run, which needs no list."""


class Marks:
    """An index of runs by mark, within the scope that may join them."""

    def __init__(self) -> None:
        self._scopes: dict[str, dict[MarkKind, _Index]] = {}

    def leave(self, run: LiveRun, kind: MarkKind, *marks: int | str) -> None:
        """Note that whoever shows one of these marks goes on with the run."""
        kinds = self._scopes.get(run.scope)
        if kinds is None:
            kinds = self._scopes[run.scope] = {each: {} for each in _KEPT}
        index = kinds[kind]
        kept = run.marks.get(kind)
        if kept is None:
            kept = run.marks[kind] = []
        for mark in marks:
            if mark not in index:
                index[mark] = run
            elif not _add(index, run, mark) and mark in kept:
                kept.remove(mark)
            kept.append(mark)
        while len(kept) > _KEPT[kind]:
            self._drop(run, kind, kept.pop(0))

    def runs(self, scope: str, kind: MarkKind, mark: int | str) -> Sequence[LiveRun]:
        """Return the runs that bear the mark."""
        kinds = self._scopes.get(scope)
        found = None if kinds is None else kinds[kind].get(mark)
        if found is None:
            return ()
        return found if isinstance(found, list) else (found,)

    def most_shown(self, scope: str, kind: MarkKind, messages: Iterable[Sequence[int]]) -> list[LiveRun]:
        """Return the runs that bear most of the marks of some messages; none where no mark is known."""
        kinds = self._scopes.get(scope)
        if kinds is None:
            return []
        index = kinds[kind]
        counted: dict[str, int] = {}
        by_id: dict[str, LiveRun] = {}
        for marks in messages:
            for mark in marks:
                found = index.get(mark)
                if found is not None:
                    for run in found if isinstance(found, list) else (found,):
                        counted[run.run_id] = counted.get(run.run_id, 0) + 1
                        by_id[run.run_id] = run
        best = max(counted.values(), default=0)
        return [by_id[run_id] for run_id, count in counted.items() if count == best]

    def take_up(self, run: LiveRun) -> None:
        """Index a run's own marks."""
        for kind in _KEPT:
            marks = run.marks.pop(kind, ())
            self.leave(run, kind, *marks)

    def forget(self, run: LiveRun) -> None:
        """Let go of all marks of a run."""
        kinds = self._scopes.get(run.scope)
        if kinds is None:
            return
        for kind in _KEPT:
            index = kinds[kind]
            for mark in run.marks.get(kind, ()):
                if index.get(mark) is run:
                    del index[mark]
                else:
                    self._drop(run, kind, mark)
        if not any(kinds.values()):
            del self._scopes[run.scope]

    def __len__(self) -> int:
        """How many different marks are known."""
        return sum(len(index) for kinds in self._scopes.values() for index in kinds.values())

    def _drop(self, run: LiveRun, kind: MarkKind, mark: int | str) -> None:
        kinds = self._scopes.get(run.scope)
        if kinds is None:
            return
        index = kinds[kind]
        found = index.get(mark)
        if isinstance(found, list) and run in found:
            found.remove(run)
            if len(found) == 1:
                index[mark] = found[0]
        elif found is run:
            del index[mark]


def _add(index: _Index, run: LiveRun, mark: int | str) -> bool:
    """Let a mark lead to one more run; return whether it did not yet."""
    found = index[mark]
    if isinstance(found, list):
        if run in found:
            return False
        found.append(run)
        del found[:-_MOST_SHARING]
    elif found is run:
        return False
    else:
        index[mark] = [found, run]
    return True
