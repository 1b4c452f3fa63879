"""Append spans: the one way in, for `ingest` alone (an import contract holds it).

A call is one insert, idempotent by its token, followed by the new summaries of the runs that it touched.
"""

from collections.abc import Callable, Sequence
from typing import Any

from masthead.store.traces import native
from masthead.store.traces.engine import Engine
from masthead.store.traces.filters import hour_of
from masthead.store.traces.ledger import Ledger
from masthead.store.traces.retention import kept_until
from masthead.store.traces.rows import SpanRow

_NO_SPAN = bytes(8)


class Appender:
    """Appends to one store. Call it from one thread; readers go on beside it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ledger = Ledger(engine)

    def append(self, rows: Sequence[SpanRow], *, token: str, received_ns: int) -> None:
        """Insert the rows durably; the same token again changes nothing. Up to about 20,000 rows or 32 MB a call.

        Raises:
            StoreFull: no space, or a folder that cannot be written; nothing was taken.
            StoreError: it could not be done; the same call may be tried again.
        """
        if not rows:
            return
        columns: dict[str, tuple[Any, ...]] = dict(zip(SpanRow._fields, zip(*rows, strict=True), strict=True))
        with self._engine.rewriting:
            until = kept_until(self._engine, set(columns["project"]))
            self._engine.insert("spans", _block(columns, len(rows), received_ns, until), token=token)
            self._ledger.enter(rows, received_ns=received_ns, kept_until=until)


_WORDS = ("String", native.words)
_BLOBS = ("String", native.blobs)
_TOKENS = ("Nullable(Int64)", native.nullable_int64s)
_TIMES = ("Int64", native.int64s)

_ENCODINGS: dict[str, tuple[str, Callable[[Any], bytes]]] = {
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


def _block(columns: dict[str, tuple[Any, ...]], rows: int, received_ns: int, until: dict[str, int]) -> bytes:
    projects: tuple[str, ...] = columns["project"]
    encoded = [(name, kind, encode(columns[name])) for name, (kind, encode) in _ENCODINGS.items()]
    encoded += (
        ("project_id", "String", native.words(projects)),
        ("start_hour", "UInt32", native.uint32s([hour_of(start_ns) for start_ns in columns["start_ns"]])),
        ("received_ns", "Int64", native.int64s([received_ns] * rows)),
        ("kept_until", "DateTime('UTC')", native.uint32s([until[project] for project in projects])),
    )
    return native.block(rows, encoded)
