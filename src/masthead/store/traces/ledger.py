"""Keeps run summaries up with what was appended.

Runs that began since this process started are summed up in memory. All others - begun before, forgotten for want of
room, sent a span twice, or in a database that other processes append to - are computed again from their spans in SQL.
Measured: 5 µs a span against 30.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from masthead.store.traces import summary
from masthead.store.traces.engine import Engine, fetch
from masthead.store.traces.rows import SpanRow
from masthead.store.traces.summarise import Touched, summarise
from masthead.store.traces.summary import RunSummary

_SPANS_IN_MEMORY = 200_000

_KNOWN = """
SELECT DISTINCT lower(hex(run_id))
FROM runs
WHERE project_id = {project:String} AND run_id IN (SELECT toFixedString(unhex(arrayJoin({run_ids:Array(String)})), 16))
"""


class Ledger:
    """Summaries of the runs that are going on. For the appender's thread alone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._runs: OrderedDict[tuple[str, bytes], RunSummary] = OrderedDict()
        self._spans = 0
        self._erasures = engine.erasures

    def enter(self, rows: Sequence[SpanRow], *, received_ns: int, kept_until: Mapping[str, int]) -> None:
        """Take the rows, which are stored by now, into their runs' summaries and store these."""
        by_run: dict[tuple[str, bytes], list[SpanRow]] = {}
        for row in rows:
            by_run.setdefault((row.project, row.run_id), []).append(row)
        if self._engine.is_shared or self._erasures != self._engine.erasures:
            self._forget_all()
        again = self._begun_before(by_run)
        fresh: list[RunSummary] = []
        for key, spans in by_run.items():
            if key not in again:
                run = self._sum_up(key, spans, received_ns, kept_until[key[0]])
                if run is None:
                    again.add(key)
                else:
                    fresh.append(run)
        try:
            self._store(fresh, [Touched(*key, by_run[key]) for key in sorted(again)])
        except BaseException:
            for key in by_run:
                self._forget(key)
            raise
        while self._spans > _SPANS_IN_MEMORY:
            self._forget(next(iter(self._runs)))

    def _store(self, fresh: Sequence[RunSummary], again: Sequence[Touched]) -> None:
        if fresh:
            self._engine.insert("runs", summary.block(fresh), token=None)
        summarise(self._engine, again)

    def _begun_before(self, by_run: Mapping[tuple[str, bytes], Sequence[SpanRow]]) -> set[tuple[str, bytes]]:
        unknown: dict[str, list[bytes]] = {}
        for project, run_id in by_run:
            if (project, run_id) not in self._runs:
                unknown.setdefault(project, []).append(run_id)
        if self._engine.is_shared:
            return set(by_run)
        found: set[tuple[str, bytes]] = set()
        for project, run_ids in unknown.items():
            params = {"project": project, "run_ids": [run_id.hex() for run_id in run_ids]}
            found |= {(project, bytes.fromhex(run_id)) for (run_id,) in fetch(self._engine, tuple[str], _KNOWN, params)}
        return found

    def _sum_up(
        self, key: tuple[str, bytes], spans: Sequence[SpanRow], received_ns: int, kept_until: int
    ) -> RunSummary | None:
        run = self._runs.get(key)
        if run is None:
            run = self._runs[key] = RunSummary(*key)
        else:
            self._runs.move_to_end(key)
        for row in spans:
            if not run.add(row, received_ns=received_ns, kept_until=kept_until):
                self._forget(key)
                return None
            self._spans += 1
        return run

    def _forget(self, key: tuple[str, bytes]) -> None:
        run = self._runs.pop(key, None)
        if run is not None:
            self._spans -= len(run.seen)

    def _forget_all(self) -> None:
        self._runs.clear()
        self._spans = 0
        self._erasures = self._engine.erasures
