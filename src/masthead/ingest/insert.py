"""From the write-ahead log to the span store, behind the acknowledgement: decode, gather into batches, append.

Two threads, so that one batch is decoded while the one before it is inserted. Must always hold: batches follow the
log's order; what a batch holds is noted in the log before it is offered to the store, so that after a crash the same
spans come again under the same token; a store that is down is retried until it is back, and nothing is dropped.
"""

import logging
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from masthead.clock import Clock
from masthead.ingest import otlp_json, otlp_protobuf, span_record
from masthead.ingest.commit import GroupCommit
from masthead.ingest.prices import Prices
from masthead.ingest.rows import rows_of
from masthead.ingest.wire import WireSpan
from masthead.model.errors import StoreDamaged, StoreError
from masthead.store.traces.append import SpanRow
from masthead.store.wal import Batch, Entry, Wal
from masthead.store.wal_record import Kind, mark

_LOG = logging.getLogger(__name__)
_MAX_ROWS = 12_288
_MAX_BYTES = 12 * 1024 * 1024
_DECODED_KEPT_BYTES = 8 * 1024 * 1024
"""Raw bytes of waiting bodies that are kept decoded in memory; the rest is read back from the log."""
_PRICES_AFTER_S = 5.0
_FIRST_DELAY_S = 0.1
_LONGEST_DELAY_S = 5.0

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
class _Gathered:
    """What goes into the next insert. `parts` are kept apart so that a body that the store refuses can be set aside."""

    token: bytes
    parts: list[tuple[Entry, list[SpanRow]]] = field(default_factory=list[tuple[Entry, list[SpanRow]]])
    through: int = 0
    rows: int = 0
    raw_bytes: int = 0


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
        self._slot: queue.Queue[_Gathered | None] = queue.Queue(maxsize=1)
        self._planned: deque[Batch] = deque(wal.recovery.batches)
        self._hurry = threading.Event()
        self._stop = threading.Event()
        self._progress = threading.Condition()
        """Protects `_through`, which waiters in `flush` watch."""
        self._through = 0
        self._prices = Prices()
        self.counters = InsertCounters()
        self._threads = [
            threading.Thread(target=self._decode, name="masthead-decode", daemon=True),
            threading.Thread(target=self._insert, name="masthead-insert", daemon=True),
        ]

    def start(self) -> None:
        """Begin with what the log still holds."""
        for entry in self._wal.recovery.entries:
            self._queue.put(_Waiting(entry, None))
        for thread in self._threads:
            thread.start()

    def put(self, entry: Entry, decoded: Decoded) -> None:
        """Take the next body of the log; `decoded` is kept as long as memory for it lasts, else read back later."""
        with self._decoded_guard:
            is_kept = self._decoded_bytes + entry.raw_bytes <= _DECODED_KEPT_BYTES
            self._decoded_bytes += entry.raw_bytes if is_kept else 0
        self._queue.put(_Waiting(entry, decoded if is_kept else None))

    def flush(self, through: int, *, timeout_s: float) -> None:
        """Wait until everything up to `through` is in the store; raise `StoreError` after `timeout_s`."""
        self._hurry.set()
        with self._progress:
            if not self._progress.wait_for(lambda: self._through >= through or self._stop.is_set(), timeout_s):
                raise StoreError(
                    f"accepted spans are not in the span store after {timeout_s:g} s "
                    f"(last error: {self.counters.last_error}); they are safe in the write-ahead log and are retried"
                )

    def close(self) -> None:
        """End both threads; what is not inserted stays in the log."""
        self._stop.set()
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
                if not gathered.parts:
                    deadline = self._clock.monotonic_s() + self._interval_s
                if self._planned and waiting.entry.sequence > self._planned[0].through:
                    if gathered.parts:
                        self._seal(gathered)
                        gathered = _Gathered(os.urandom(16))
                    self._drop_plans_before(waiting.entry)
                self._gather(gathered, waiting)
                if self._planned or not self._is_full(gathered):
                    continue
            if gathered.parts and (self._is_full(gathered) or not self._slot.full()):
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
        if not gathered.parts:
            return self._queue.get()
        left_s = 0.0 if self._hurry.is_set() else deadline - self._clock.monotonic_s()
        # With the store still busy with the batch before, going on gathering costs nothing and makes larger inserts.
        if left_s <= 0 and self._slot.full():
            left_s = 0.02
        try:
            return self._queue.get(timeout=left_s) if left_s > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None

    def _is_full(self, gathered: _Gathered) -> bool:
        return gathered.rows >= _MAX_ROWS or gathered.raw_bytes >= _MAX_BYTES

    def _gather(self, gathered: _Gathered, waiting: _Waiting) -> None:
        entry = waiting.entry
        gathered.through = entry.sequence
        gathered.raw_bytes += entry.raw_bytes
        try:
            decoded = waiting.decoded if waiting.decoded is not None else parse(entry.kind, self._wal.read(entry))
            spans = otlp_protobuf.decode(decoded) if isinstance(decoded, ExportTraceServiceRequest) else decoded
            rows = rows_of(entry.project, spans, self._prices)
        except Exception as error:  # noqa: BLE001 - one body that cannot be decoded must not stop the others
            self._set_aside(entry, error)
            rows = []
        gathered.parts.append((entry, rows))
        gathered.rows += len(rows)
        if waiting.decoded is not None:
            with self._decoded_guard:
                self._decoded_bytes -= entry.raw_bytes

    def _seal(self, gathered: _Gathered) -> None:
        """Hand a batch on, under the token that it had before a crash or under a new one that is noted first."""
        self._hurry.clear()
        if self._planned:
            gathered.token = self._planned.popleft().token
        else:
            # A log that cannot take the note (a full disk) must not keep the store from emptying it.
            failure = self._commit.submit([mark(Kind.BATCH, gathered.through, gathered.token)]).exception()
            if failure is not None:
                self.counters.last_error = str(failure)
        self._slot.put(gathered)

    def _drop_plans_before(self, entry: Entry) -> None:
        while self._planned and self._planned[0].through < entry.sequence:
            self._planned.popleft()

    def _insert(self) -> None:
        while (gathered := self._slot.get()) is not None:
            # Once a batch was given up, none after it may be noted as done: that would cover the one given up.
            if self._stop.is_set() or not self._offer(gathered):
                continue
            self._commit.finish(gathered.through)
            self.counters.inserts += 1
            self.counters.inserted_spans += gathered.rows
            self._inserted(gathered.raw_bytes)
            with self._progress:
                self._through = gathered.through
                self._progress.notify_all()

    def _offer(self, gathered: _Gathered) -> bool:
        """Append the batch, for as long as it takes; False where the inserter was told to stop first."""
        rows = [row for _, part in gathered.parts for row in part]
        delay_s = _FIRST_DELAY_S
        while True:
            try:
                self._append(rows, token=gathered.token.hex(), received_ns=self._clock.now_ns())
            except StoreError as error:
                if not self.counters.is_store_down:
                    _LOG.warning("the span store refused %d spans, which wait in the log: %s", len(rows), error)
                self.counters.is_store_down, self.counters.last_error = True, str(error)
                if self._stop.wait(delay_s):
                    return False
                delay_s = min(2 * delay_s, _LONGEST_DELAY_S)
            except Exception as error:  # noqa: BLE001 - a value that the store cannot hold: find the body that has it
                _LOG.exception("a batch of %d spans cannot be inserted", len(rows))
                return self._one_by_one(gathered, error)
            else:
                self.counters.is_store_down = False
                return True

    def _one_by_one(self, gathered: _Gathered, reason: Exception) -> bool:
        if len(gathered.parts) == 1:
            return self._set_aside(gathered.parts[0][0], reason)
        return all(
            self._offer(
                _Gathered(entry.digest + gathered.token, [(entry, rows)], entry.sequence, len(rows), entry.raw_bytes)
            )
            for entry, rows in gathered.parts
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


def parse(kind: Kind, payload: bytes) -> Decoded:
    """Return a body as it is decoded; raise `InvalidInput` where it cannot be."""
    match kind:
        case Kind.PROTOBUF:
            return otlp_protobuf.parse(payload)
        case Kind.JSON:
            return otlp_json.read(payload)[0]
        case _:
            return span_record.load(payload)
