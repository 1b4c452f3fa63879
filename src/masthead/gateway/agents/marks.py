"""Finds runs by the marks that their calls left. Bounded: of each kind, a run keeps its latest marks only."""

from collections.abc import Sequence
from typing import Final, Literal

from masthead.gateway.agents.live_run import LiveRun

MarkKind = Literal["history", "call", "quote", "opening", "reply"]

_KEPT: Final[dict[MarkKind, int]] = {"history": 64, "call": 64, "quote": 256, "opening": 64, "reply": 64}
_MOST_SHARING: Final = 16
"""Runs that one mark leads to, at most: the latest."""


class Marks:
    """An index of runs by mark, within the scope that may join them."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, MarkKind, int | str], list[LiveRun]] = {}

    def leave(self, run: LiveRun, kind: MarkKind, mark: int | str) -> None:
        """Note that whoever shows this mark goes on with the run."""
        kept = run.marks.setdefault(kind, [])
        if mark in kept:
            kept.remove(mark)
        kept.append(mark)
        self._add(run, kind, mark)
        if len(kept) > _KEPT[kind]:
            self._drop(run, kind, kept.pop(0))

    def runs(self, scope: str, kind: MarkKind, mark: int | str) -> Sequence[LiveRun]:
        """Return the runs that bear the mark."""
        return self._runs.get((scope, kind, mark), ())

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
        return len(self._runs)

    def _add(self, run: LiveRun, kind: MarkKind, mark: int | str) -> None:
        sharing = self._runs.setdefault((run.scope, kind, mark), [])
        if run not in sharing:
            sharing.append(run)
            del sharing[:-_MOST_SHARING]

    def _drop(self, run: LiveRun, kind: MarkKind, mark: int | str) -> None:
        key = (run.scope, kind, mark)
        sharing = self._runs.get(key, [])
        if run in sharing:
            sharing.remove(run)
        if not sharing:
            self._runs.pop(key, None)
