"""Append spans: the one way in, for `ingest` alone (an import contract holds it).

A call is one insert, idempotent by its token, followed by the new summaries of the runs that it touched.
"""

from array import array
from collections.abc import Callable, Sequence
from typing import Any

from masthead.store.traces import native
from masthead.store.traces.engine import Engine
from masthead.store.traces.filters import hour_of
from masthead.store.traces.ledger import Ledger
from masthead.store.traces.retention import kept_until
from masthead.store.traces.rows import SpanRow
from masthead.store.traces.words import Batches, Words

_NO_SPAN = bytes(8)
Heard = Callable[[Sequence[str], Sequence[bytes]], None]
"""Is told of which project and run each span is that was stored."""


def _unheard(projects: Sequence[str], run_ids: Sequence[bytes]) -> None:
    """Tell nobody."""


class Appender:
    """Appends to one store. Call it from one thread; readers go on beside it."""

    def __init__(self, engine: Engine, words: Words | None = None, *, heard: Heard = _unheard) -> None:
        """Append to the store of `engine`; `words` is told what there is to collect, `heard` what was stored."""
        self._engine = engine
        self._ledger = Ledger(engine)
        self._words = words
        self._heard = heard
        self._batches = Batches()

    def append(self, rows: Sequence[SpanRow], *, token: str, received_ns: int) -> None:
        """Insert the rows durably; the same token again changes nothing. Up to about 20,000 rows or 32 MB a call.

        Raises:
            StoreFull: no space, or a folder that cannot be written; nothing was taken.
            StoreError: it could not be done; the same call may be tried again.
        """
        if not rows:
            return
        rows = _each_once(rows)
        columns: dict[str, tuple[Any, ...]] = dict(zip(SpanRow._fields, zip(*rows, strict=True), strict=True))
        batches = self._batches.deal(received_ns, len(rows))
        hours = [hour_of(start_ns) for start_ns in columns["start_ns"]]
        with self._engine.rewriting:
            until = kept_until(self._engine, set(columns["project"]))
            self._engine.insert("spans", _block(columns, batches, hours, until), token=token, is_unique=True)
            self._ledger.enter(rows, received_ns=batches[-1], kept_until=until)
            if self._words is not None:
                self._words.note(columns["project"], batches, hours)
        self._heard(columns["project"], columns["run_id"])


def _each_once(rows: Sequence[SpanRow]) -> Sequence[SpanRow]:
    """Leave the last of several rows of one span."""
    if len({row.span_id for row in rows}) == len(rows):
        return rows
    return list({(row.project, row.run_id, row.span_id): row for row in rows}.values())


_WORDS = ("String", native.words)
_BLOBS = ("String", native.blobs)
_TOKENS = ("Nullable(Int64)", native.nullable_int64s)
_TIMES = ("Int64", native.int64s)

_ENCODINGS: dict[str, tuple[str, Callable[[Any], bytes | list[bytes]]]] = {
    "run_id": ("FixedString(16)", native.fixed),
    "span_id": ("FixedString(8)", native.fixed),
    "parent_span_id": ("FixedString(8)", lambda column: native.fixed([value or _NO_SPAN for value in column])),
    "name": _WORDS,
    "kind": ("UInt8", native.uint8s),
    "start_ns": _TIMES,
    "end_ns": _TIMES,
    "status": ("UInt8", native.uint8s),
    "status_message": _WORDS,
    "scope_name": _WORDS,
    "scope_version": _WORDS,
    "attributes": _BLOBS,
    "events": _BLOBS,
    "links": _BLOBS,
    "resource": _BLOBS,
    "operation": _WORDS,
    "agent_id": _WORDS,
    "agent": _WORDS,
    "model": _WORDS,
    "provider": _WORDS,
    "tool": _WORDS,
    "input_tokens": _TOKENS,
    "output_tokens": _TOKENS,
    "cache_read_tokens": _TOKENS,
    "cache_write_tokens": _TOKENS,
    "reasoning_tokens": _TOKENS,
    "session_id": _WORDS,
    "user_id": _WORDS,
    "tags": ("Array(String)", native.word_lists),
    "metadata": ("Map(String, String)", native.word_maps),
    "task": _WORDS,
    "system": _WORDS,
    "outcome": _WORDS,
    "cost_usd": ("Nullable(Decimal(38, 12))", native.nullable_costs),
    "price_version": _WORDS,
    "is_error": ("Bool", native.uint8s),
    "is_dated": ("Bool", native.uint8s),
}


def _block(
    columns: dict[str, tuple[Any, ...]], batches: "array[int]", hours: list[int], until: dict[str, int]
) -> list[bytes]:
    projects: tuple[str, ...] = columns["project"]
    encoded = [(name, kind, encode(columns[name])) for name, (kind, encode) in _ENCODINGS.items()]
    encoded += (
        ("project_id", "String", native.words(projects)),
        ("start_hour", "UInt32", native.uint32s(hours)),
        ("received_ns", "Int64", batches.tobytes()),
        ("kept_until", "DateTime('UTC')", native.uint32s([until[project] for project in projects])),
    )
    return native.pieces(len(batches), encoded)
