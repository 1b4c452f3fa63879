"""Summaries kept up in memory are those that SQL computes from the stored spans."""

import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from masthead.model.ids import ProjectId
from masthead.store.traces.append import SpanRow
from masthead.store.traces.store import TraceStore
from masthead.store.traces.summarise import Touched, summarise
from masthead.testing.span_rows import span_row

pytestmark = pytest.mark.store

_RUNS = "SELECT * FROM runs FINAL WHERE project_id = {project:String} ORDER BY run_id"


def _random_rows(project: ProjectId, rng: random.Random, count: int) -> list[SpanRow]:
    def maybe(*values: Any) -> Any:
        return rng.choice((*values, None))

    return [
        span_row(
            project,
            run=rng.randrange(8) << 8,
            span=number + 1,
            parent=maybe(1, 7),
            at_s=rng.randrange(20_000),
            took_s=rng.choice((-1, 0, 2)),
            status=rng.randrange(3),
            is_dated=rng.random() < 0.9,
            operation=rng.choice(("llm", "tool", "embedding", "agent", "other")),
            agent=maybe("a", "b"),
            model=maybe("m", "n"),
            input_tokens=maybe(1, 5),
            output_tokens=maybe(2, 3),
            cost_usd=maybe(Decimal("0.1"), Decimal("0.0000000000014")),
            tags=rng.choice(((), ("x",), ("y", "z"))),
            metadata=rng.choice(({}, {"at": str(number)})),
            task=maybe(f"task {number}"),
            system=maybe(f"system {number}"),
            outcome=maybe("success", "failure") if rng.random() < 0.05 else None,
            session_id=maybe(f"session {number}"),
            user_id=maybe(f"user {number}"),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_memory_and_sql_agree(
    store: TraceStore, append: Callable[[Sequence[SpanRow]], None], project: ProjectId, seed: int
) -> None:
    rows = _random_rows(project, random.Random(seed), 240)
    for at in range(0, len(rows), 60):
        append(rows[at : at + 60])
    kept_up = store.engine.query(_RUNS, {"project": project})
    by_run: dict[bytes, list[SpanRow]] = {}
    for row in rows:
        by_run.setdefault(row.run_id, []).append(row)
    summarise(store.engine, [Touched(project, run_id, spans) for run_id, spans in by_run.items()])
    assert kept_up.count(b"\n") == len(by_run)
    assert store.engine.query(_RUNS, {"project": project}) == kept_up
