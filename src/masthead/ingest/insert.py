"""From the write-ahead log to the span store, behind the acknowledgement: decode, gather into batches, append.

Two threads, so that one batch is decoded while the one before it is inserted. Must always hold: batches follow the
log's order; what a batch holds is noted in the log before it is offered to the store, so that after a crash the same
spans come again under the same tokens; a store that is down is retried until it is back; what a working store refuses
is set aside, so that one body never stops the others; and nothing is dropped.
"""

import logging
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from masthead.clock import Clock
from masthead.ingest import otlp_json, otlp_protobuf, span_record
from masthead.ingest.commit import GroupCommit
from masthead.ingest.rows import rows_of
from masthead.ingest.wire import WireSpan
from masthead.model.errors import StoreDamaged, StoreError, StoreRefused
from masthead.providers.prices import Prices
from masthead.store.named_thread import named_thread
from masthead.store.traces.append import SpanRow
from masthead.store.wal import Batch, Entry, Wal
from masthead.store.wal_record import Kind, mark

_LOG = logging.getLogger(__name__)
_MAX_ROWS = 12_288
_MAX_BYTES = 20 * 1024 * 1024
_MAX_JSON_BYTES = 32 * 1024 * 1024
_DECODED_KEPT_BYTES = 24 * 1024 * 1024
"""Raw bytes of waiting bodies that are kept decoded in memory; the rest is read back from the log."""
_PRICES_AFTER_S = 5.0
_FIRST_DELAY_S = 0.1
_LONGEST_DELAY_S = 5.0
_REFUSALS = 4
"""So often an insert is tried that a working store refuses, before the body that it cannot take is looked for."""

Decoded: TypeAlias = ExportTraceServiceRequest | Sequence[WireSpan]
"""A body that was parsed when it was accepted, so that it need not be parsed again."""


class Append(Protocol):
    """The span store's append port; the same token again changes nothing."""

    def __call__(self, rows: Sequence[SpanRow], *, token: str, received_ns: int) -> None:
        """Insert the rows, or raise `StoreError`."""
        ...


class _Waiting(NamedTuple):
    """A body in the log that is not in the store yet. `decoded` is None where it must be read back."""

    entry: Entry
    decoded: Decoded | None


@dataclass(slots=True)
class _Insert:
    """One call of the store. `parts` are kept apart so that a body that the store refuses can be set aside."""

    token: str
    parts: list[tuple[Entry, list[SpanRow]]] = field(default_factory=list[tuple[Entry, list[SpanRow]]])
    rows: int = 0
    json_bytes: int = 0
    through: int | None = None
    """Everything up to here is stored after this insert; None where more of the same batch follow."""
    raw_bytes: int = 0
    """Of the whole batch, where this is its last insert."""

    def is_full(self) -> bool:
        """Say whether the next row must go into another insert."""
        return self.rows >= _MAX_ROWS or self.json_bytes >= _MAX_JSON_BYTES

    def add(self, row: SpanRow) -> None:
        """Add a row of the last body."""
        self.parts[-1][1].append(row)
        self.rows += 1
        self.json_bytes += len(row.attributes) + len(row.events) + len(row.links) + len(row.resource)


class _Gathered:
    """A batch: whole bodies under one token, brought in by several inserts where they hold too much for one.

    The same bodies must make the same inserts again: `slices` counts those that were handed on.
    """

    def __init__(self, token: bytes) -> None:
        self.token = token
        self.through = 0
        self.rows = 0
        self.raw_bytes = 0
        self.slices = 0
        self.insert = _Insert(token.hex())

    def is_empty(self) -> bool:
        return not self.insert.parts

    def is_full(self) -> bool:
        """Say whether the next body must go into another batch; where parts were handed on, its end is noted."""
        return self.slices > 0 or self.rows + self.insert.rows >= _MAX_ROWS or self.raw_bytes >= _MAX_BYTES


@dataclass(slots=True)
class InsertCounters:
    """What the inserter did since the start."""

    inserted_spans: int = 0
    set_aside_bodies: int = 0
    inserts: int = 0
    last_error: str | None = None
    is_store_down: bool = False


class Inserter:
    """Takes bodies in the order of the log and brings them into the store."""

    def __init__(
        self,
        *,
        wal: Wal,
        commit: GroupCommit,
        append: Append,
        clock: Clock,
        interval_s: float,
        inserted: Callable[[int], None],
        prices: Prices | None = None,
    ) -> None:
        self._wal = wal
        self._commit = commit
        self._append = append
        self._clock = clock
        self._interval_s = interval_s
        self._inserted = inserted
        """Called with the raw bytes of every batch that reached the store."""
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._decoded_guard = threading.Lock()
        """Protects `_decoded_bytes`."""
        self._decoded_bytes = 0
        self._slot: queue.Queue[_Insert | None] = queue.Queue(maxsize=1)
        """One insert at a time: the next is gathered meanwhile, and none waits in between, for the memory's sake."""
        self._planned: deque[Batch] = deque(wal.recovery.batches)
        self._hurry = threading.Event()
        self._stop = threading.Event()
        self._progress = threading.Condition()
        """Protects `_through`, which waiters in `flush` watch."""
        self._through = 0
        self._prices = prices or Prices()
        self.counters = InsertCounters()
        self._threads = [
            named_thread("masthead-decode", self._decode),
            named_thread("masthead-insert", self._insert),
        ]

    def start(self) -> None:
        """Begin with what the log still holds."""
        for entry in self._wal.recovery.entries:
            self._queue.put(_Waiting(entry, None))
        for thread in self._threads:
            thread.start()

    def put(self, entry: Entry, decoded: Decoded | None) -> None:
        """Take the next body of the log; `decoded` is kept as long as memory for it lasts, else read back later."""
        with self._decoded_guard:
            is_kept = decoded is not None and self._decoded_bytes + entry.raw_bytes <= _DECODED_KEPT_BYTES
            self._decoded_bytes += entry.raw_bytes if is_kept else 0
        self._queue.put(_Waiting(entry, decoded if is_kept else None))

    def flush(self, through: int, *, timeout_s: float) -> None:
        """Wait until everything up to `through` is in the store; raise `StoreError` after `timeout_s`."""
        self._hurry.set()
        with self._progress:
            self._progress.wait_for(lambda: self._through >= through or self._stop.is_set(), timeout_s)
            if self._through < through:
                raise StoreError(
                    f"accepted spans are not in the span store after {timeout_s:g} s or at the end of the server "
                    f"(last error: {self.counters.last_error}); they are safe in the write-ahead log and are retried"
                )

    def close(self) -> None:
        """End both threads; what is not inserted stays in the log."""
        self._stop.set()
        with self._progress:
            self._progress.notify_all()
        self._queue.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _decode(self) -> None:
        self._wait_before_prices()
        gathered, deadline = _Gathered(os.urandom(16)), 0.0
        while not self._stop.is_set():
            waiting = self._next(gathered, deadline)
            if waiting is not None:
                if gathered.is_empty():
                    deadline = self._clock.monotonic_s() + self._interval_s
                if self._planned and waiting.entry.sequence > self._planned[0].through:
                    if not gathered.is_empty():
                        self._seal(gathered)
                        gathered = _Gathered(os.urandom(16))
                    self._drop_plans_before(waiting.entry)
                self._gather(gathered, waiting)
                if self._planned or not gathered.is_full():
                    continue
            if not gathered.is_empty() and (gathered.is_full() or not self._slot.unfinished_tasks):
                self._seal(gathered)
                gathered = _Gathered(os.urandom(16))
        self._slot.put(None)

    def _wait_before_prices(self) -> None:
        """Read the prices when the start is over or at the first body, so that they do not delay the first request."""
        deadline = self._clock.monotonic_s() + _PRICES_AFTER_S
        while self._queue.empty() and not self._stop.is_set() and self._clock.monotonic_s() < deadline:
            self._stop.wait(0.05)
        if not self._stop.is_set():
            self._prices.load()

    def _next(self, gathered: _Gathered, deadline: float) -> _Waiting | None:
        """Return the next body, or None when it is time to seal what is gathered."""
        if gathered.is_empty():
            return self._queue.get()
        left_s = 0.0 if self._hurry.is_set() else deadline - self._clock.monotonic_s()
        # With the store still busy with the batch before, going on gathering costs nothing and makes larger inserts.
        if left_s <= 0 and self._slot.unfinished_tasks:
            left_s = 0.02
        try:
            return self._queue.get(timeout=left_s) if left_s > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None

    def _gather(self, gathered: _Gathered, waiting: _Waiting) -> None:
        entry = waiting.entry
        gathered.through = entry.sequence
        gathered.raw_bytes += entry.raw_bytes
        gathered.insert.parts.append((entry, []))
        try:
            for row in self._rows(waiting):
                if gathered.insert.is_full():
                    self._hand_on(gathered)
                    gathered.insert.parts.append((entry, []))
                gathered.insert.add(row)
        except Exception as error:  # noqa: BLE001 - one body that cannot be decoded must not stop the others
            self._set_aside(entry, error)
        if waiting.decoded is not None:
            with self._decoded_guard:
                self._decoded_bytes -= entry.raw_bytes

    def _rows(self, waiting: _Waiting) -> Iterator[SpanRow]:
        entry = waiting.entry
        self._prices.renew()
        if waiting.decoded is None:
            spans = spans_of(entry.kind, self._wal.read(entry))
        else:
            spans = wire_spans(waiting.decoded, entry.raw_bytes)
        return rows_of(entry.project, spans, self._prices)

    def _seal(self, gathered: _Gathered) -> None:
        """Hand a batch on, or what is left of it."""
        self._hurry.clear()
        gathered.insert.through, gathered.insert.raw_bytes = gathered.through, gathered.raw_bytes
        self._hand_on(gathered)
        if self._planned:
            self._planned.popleft()

    def _hand_on(self, gathered: _Gathered) -> None:
        """Hand an insert on, under the token that its batch had before a crash or a new one that is noted first."""
        if not gathered.slices:
            self._note(gathered)
        insert = gathered.insert
        insert.token = gathered.token.hex() + (f"-{gathered.slices}" if gathered.slices else "")
        gathered.slices += 1
        gathered.rows += insert.rows
        gathered.insert = _Insert("")
        self._slot.join()
        self._slot.put(insert)

    def _note(self, gathered: _Gathered) -> None:
        if self._planned:
            gathered.token = self._planned[0].token
            return
        # A log that cannot take the note (a full disk) must not keep the store from emptying it.
        failure = self._commit.submit([mark(Kind.BATCH, gathered.through, gathered.token)]).exception()
        if failure is not None:
            self.counters.last_error = str(failure)

    def _drop_plans_before(self, entry: Entry) -> None:
        while self._planned and self._planned[0].through < entry.sequence:
            self._planned.popleft()

    def _insert(self) -> None:
        while (insert := self._slot.get()) is not None:
            # Once a batch was given up, none after it may be noted as done: that would cover the one given up.
            if not self._stop.is_set() and self._offer(insert):
                self._note_inserted(insert)
            del insert
            self._slot.task_done()

    def _note_inserted(self, insert: _Insert) -> None:
        self.counters.inserts += 1
        self.counters.inserted_spans += insert.rows
        if insert.through is None:
            return
        self._commit.finish(insert.through)
        self._inserted(insert.raw_bytes)
        with self._progress:
            self._through = insert.through
            self._progress.notify_all()

    def _offer(self, insert: _Insert) -> bool:
        """Append the rows, for as long as it takes; False where the inserter was told to stop first."""
        rows = [row for _, part in insert.parts for row in part]
        delay_s, refusals = _FIRST_DELAY_S, 0
        while True:
            try:
                self._append(rows, token=insert.token, received_ns=self._clock.now_ns())
            except StoreError as error:
                refusals += isinstance(error, StoreRefused)
                if refusals >= _REFUSALS:
                    return self._one_by_one(insert, error)
                if not self.counters.is_store_down:
                    _LOG.warning("the span store refused %d spans, which wait in the log: %s", len(rows), error)
                self.counters.is_store_down, self.counters.last_error = True, str(error)
                if self._stop.wait(delay_s):
                    return False
                delay_s = min(2 * delay_s, _LONGEST_DELAY_S)
            except Exception as error:  # noqa: BLE001 - a value that the store cannot hold: find the body that has it
                _LOG.exception("a batch of %d spans cannot be inserted", len(rows))
                return self._one_by_one(insert, error)
            else:
                self.counters.is_store_down = False
                return True

    def _one_by_one(self, insert: _Insert, reason: Exception) -> bool:
        """Bring in what can be, body by body."""
        self.counters.is_store_down = False
        if len(insert.parts) == 1:
            self.counters.inserted_spans -= len(insert.parts[0][1])
            return self._set_aside(insert.parts[0][0], reason)
        return all(
            self._offer(_Insert(f"{entry.digest.hex()}{insert.token}", [(entry, rows)])) for entry, rows in insert.parts
        )

    def _set_aside(self, entry: Entry, reason: Exception) -> bool:
        """Keep a body that cannot be inserted as a file beside the log, so that it is neither lost nor in the way."""
        self.counters.set_aside_bodies += 1
        self.counters.last_error = f"a body of project {entry.project!r} was set aside: {reason!r}"
        _LOG.error("%s", self.counters.last_error)
        while True:
            try:
                self._wal.set_aside(entry)
            except StoreDamaged:
                _LOG.exception("it cannot be read back from the log either")
            except StoreError as error:
                self.counters.last_error = str(error)
                if self._stop.wait(_LONGEST_DELAY_S):
                    return False
                continue
            return True


def spans_of(kind: Kind, payload: bytes) -> Iterable[WireSpan]:
    """Return the spans of a body of the log; raise `InvalidInput` where it cannot be read."""
    match kind:
        case Kind.PROTOBUF:
            return otlp_protobuf.decode(otlp_protobuf.parse(payload), len(payload))
        case Kind.JSON:
            return otlp_json.decode(payload)
        case _:
            return span_record.load(payload)


def wire_spans(decoded: Decoded, body_bytes: int) -> Iterable[WireSpan]:
    """Return the spans of a body that was parsed."""
    return otlp_protobuf.decode(decoded, body_bytes) if isinstance(decoded, ExportTraceServiceRequest) else decoded
