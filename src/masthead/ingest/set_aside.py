"""Erasing spans from the bodies that the store could not hold."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from masthead.ingest import span_record
from masthead.ingest.insert import spans_of
from masthead.ingest.wire import WireSpan
from masthead.model.errors import MastheadError
from masthead.model.ids import ProjectId, RunId
from masthead.semconv import narrow
from masthead.store.traces.hexadecimal import is_run_id
from masthead.store.wal import Wal


class _Body(NamedTuple):
    name: str
    payload: bytes
    spans: Sequence[WireSpan] | None
    """None where the body cannot be decoded."""


def runs_of_user(wal: Wal, project: ProjectId, user_id: str) -> set[RunId]:
    """Return the runs in which the user took part, as far as bodies that were set aside say so."""
    return {
        RunId(span.trace_id.hex())
        for body in _bodies(wal, project)
        for span in body.spans or ()
        if narrow(span.attributes, span.name).user_id == user_id
    }


def erase(wal: Wal, project: ProjectId, run_ids: Collection[RunId], *, naming: str | None = None) -> None:
    """Take these runs' spans out of the project's bodies, on disk when this returns.

    A body that cannot be decoded goes whole where it holds one of the ids, or the text `naming`, in any of its bytes.

    Raises:
        StoreError: it could not be done everywhere; calling again goes on.
    """
    traces = {bytes.fromhex(run_id) for run_id in run_ids if is_run_id(run_id)}
    marks = {*traces, *(run_id.encode() for run_id in run_ids), *([naming.encode()] if naming else [])}
    for body in _bodies(wal, project):
        if body.spans is None:
            text = body.payload.lower()
            if any(mark in body.payload or mark in text for mark in marks):
                wal.replace_set_aside(project, body.name, None)
            continue
        kept = [span for span in body.spans if span.trace_id not in traces]
        if len(kept) < len(body.spans):
            wal.replace_set_aside(project, body.name, span_record.dump(kept) if kept else None)


def _bodies(wal: Wal, project: ProjectId) -> Iterator[_Body]:
    for name, kind, payload in wal.all_set_aside(project):
        try:
            spans = list(spans_of(kind, payload))
        except (MastheadError, ValueError, TypeError, LookupError, RecursionError):
            yield _Body(name, payload, None)
        else:
            yield _Body(name, payload, spans)
