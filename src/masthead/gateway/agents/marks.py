"""Finds runs by the marks that their calls left. Bounded: of each kind, a run keeps its latest marks only."""

from collections.abc import Sequence
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

    def leave(self, run: LiveRun, kind: MarkKind, mark: int | str) -> None:
        """Note that whoever shows this mark goes on with the run."""
        kept = run.marks.get(kind)
        if kept is None:
            kept = run.marks[kind] = []
        if not self._add(run, kind, mark) and mark in kept:
            kept.remove(mark)
        kept.append(mark)
        if len(kept) > _KEPT[kind]:
            self._drop(run, kind, kept.pop(0))

    def runs(self, scope: str, kind: MarkKind, mark: int | str) -> Sequence[LiveRun]:
        """Return the runs that bear the mark."""
        kinds = self._scopes.get(scope)
        found = None if kinds is None else kinds[kind].get(mark)
        if found is None:
            return ()
        return found if isinstance(found, list) else (found,)

    def take_up(self, run: LiveRun) -> None:
        """Index a run's own marks."""
        for kind in _KEPT:
            for mark in run.marks.get(kind, ()):
                self._add(run, kind, mark)

    def forget(self, run: LiveRun) -> None:
        """Let go of all marks of a run."""
        for kind in _KEPT:
            for mark in run.marks.get(kind, ()):
                self._drop(run, kind, mark)

    def __len__(self) -> int:
        """How many different marks are known."""
        return sum(len(index) for kinds in self._scopes.values() for index in kinds.values())

    def _add(self, run: LiveRun, kind: MarkKind, mark: int | str) -> bool:
        """Return whether the run did not bear the mark."""
        kinds = self._scopes.get(run.scope)
        if kinds is None:
            kinds = self._scopes[run.scope] = {each: {} for each in _KEPT}
        index = kinds[kind]
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
            if not index and not any(kinds.values()):
                del self._scopes[run.scope]
