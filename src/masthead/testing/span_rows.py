"""Span rows for tests of the store: ids from small numbers, times in seconds after one moment."""

from typing import Any

from masthead.model.ids import ProjectId, RunId, SpanId
from masthead.store.traces.rows import SpanRow

EPOCH_NS = 1_790_000_000_000_000_000
"""2026-09-21T14:13:20Z."""


def run_id(number: int) -> RunId:
    """Return the id of run `number`."""
    return RunId(f"{number:032x}")


def span_id(number: int) -> SpanId:
    """Return the id of span `number`."""
    return SpanId(f"{number:016x}")


def span_row(
    project: ProjectId,
    *,
    run: int = 1,
    span: int,
    parent: int | None = None,
    at_s: float = 0,
    took_s: float = 1,
    **more: Any,
) -> SpanRow:
    """Return a span of run `run`, `at_s` seconds after `EPOCH_NS`; `more` are fields of `SpanRow`."""
    start_ns = EPOCH_NS + int(at_s * 1e9)
    fields: dict[str, Any] = {
        "name": f"span {span}",
        "kind": 1,
        "status": 0,
        "is_error": more.get("status") == 2,
    } | more
    return SpanRow(
        project=project,
        run_id=bytes.fromhex(run_id(run)),
        span_id=bytes.fromhex(span_id(span)),
        parent_span_id=b"" if parent is None else bytes.fromhex(span_id(parent)),
        start_ns=start_ns,
        end_ns=start_ns + int(took_s * 1e9),
        **fields,
    )
