"""The door: the one way in for spans, whether they come over the wire or from inside.

Must always hold: what is acknowledged is on disk; what cannot be stored is refused with its reason and counted; at most
`queue_bytes` are accepted and not yet inserted; a body that was accepted before is acknowledged again, not taken again.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from masthead.clock import Clock
from masthead.ingest import otlp_json, otlp_protobuf, set_aside, span_record
from masthead.ingest.commit import GroupCommit
from masthead.ingest.content import without_content
from masthead.ingest.insert import Append, Decoded, Inserter, spans_of, wire_spans
from masthead.ingest.redact import Redactor
from masthead.ingest.wire import Rejection, WireSpan, summary
from masthead.model.errors import Overloaded, TooLarge
from masthead.model.ids import ProjectId, RunId
from masthead.model.span import Span
from masthead.model.tenancy import Redaction
from masthead.providers.prices import Prices
from masthead.store.wal import Entry, Wal
from masthead.store.wal_record import Kind, Record

_LOG = logging.getLogger(__name__)
_SPANS_A_RECORD: Final = 2000
_RECORD_BYTES: Final = 8 * 1024 * 1024
_REDACTORS: Final = 256
_WAIT_FOR_ROOM_S: Final = 60.0
_REMEMBERED: Final = 65_536
_RETRY_AFTER_S: Final = 2


class Receipt(NamedTuple):
    """What became of a body: how many spans were taken, how many refused and why."""

    accepted: int
    rejected: int = 0
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DoorCounters:
    """The door since the start, for `/health` and `masthead doctor`."""

    accepted_spans: int
    inserted_spans: int
    rejected_spans: Mapping[str, int]
    """By reason."""
    redacted: Mapping[str, int]
    """By kind."""
    repeated_bodies: int
    """Bodies that were accepted already and came again."""
    refused_bodies: int
    """Bodies turned away because the queue was full or the disk would not take them."""
    set_aside_bodies: int
    """Accepted bodies that the store cannot hold; they lie in `wal/set_aside/PROJECT`."""
    queue_bytes: int
    wal_bytes: int
    is_store_down: bool
    last_error: str | None
    lost: tuple[str, ...]
    """What of the write-ahead log could not be read at the start."""


class _Prepared(NamedTuple):
    record: Record
    decoded: Decoded | None
    """None where it is read back from the log, for the memory's sake."""
    receipt: Receipt
    rejections: tuple[Rejection, ...] = ()


@dataclass(slots=True)
class _Tally:
    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    rejected: Counter[str] = field(default_factory=Counter[str])
    redacted: Counter[str] = field(default_factory=Counter[str])


class Door:
    """Accepts spans for the span store. Safe to use from several threads."""

    def __init__(
        self,
        *,
        folder: Path,
        append: Append,
        redaction_of: Callable[[ProjectId], Redaction],
        clock: Clock,
        queue_bytes: int,
        max_body_bytes: int,
        insert_interval_ms: int,
        records_content: bool = True,
        prices: Prices | None = None,
    ) -> None:
        self._queue_limit_bytes = queue_bytes
        self.max_body_bytes = max_body_bytes
        self._redaction_of = redaction_of
        self._records_content = records_content
        self._wal = Wal(folder)
        recovery = self._wal.recovery
        for line in recovery.lost:
            _LOG.warning("write-ahead log: %s; every whole record before and behind it is kept", line)
        self._changed = threading.Condition()
        """Protects everything below; notified when room appears."""
        self._known: dict[bytes, Future[Receipt] | None] = dict.fromkeys(recovery.digests)
        """Digests of recent bodies, oldest first; those not on disk yet with the future that says when they are."""
        self._queued_bytes = sum(entry.raw_bytes for entry in recovery.entries)
        self._redactors: dict[Redaction, Redactor] = {}
        self._last_sequence = max((entry.sequence for entry in recovery.entries), default=0)
        self._tally = _Tally()
        self.is_closed = False
        self._commit = GroupCommit(self._wal)
        self._inserter = Inserter(
            wal=self._wal,
            commit=self._commit,
            append=append,
            clock=clock,
            interval_s=insert_interval_ms / 1000,
            inserted=self._on_inserted,
            prices=prices,
        )
        self._inserter.start()

    def receive(
        self, project: ProjectId, payload: bytes, kind: Kind, *, gzip: bytes | None = None
    ) -> "Future[Receipt]":
        """Take an OTLP body; the future is done once it is on disk. Parsing is done before this returns.

        `gzip` is the body as it came over the wire, where it came so.

        Raises:
            InvalidInput: the body is no OTLP; nothing was taken.
            Overloaded: too much waits to be inserted; nothing was taken. The future may hold `StoreFull` the same way.
        """
        return self._admit(self._prepared(project, payload, kind, gzip))

    def accept(self, project: ProjectId, spans: Sequence[Span]) -> None:
        """Take spans from inside and return once they are on disk; waits up to a minute for room.

        Raises:
            InvalidInput: a span's ids or times cannot be stored; nothing was taken.
            Overloaded: there was no room for a minute. Spans taken so far are kept; taking them again adds nothing.
            StoreFull: the disk is full or cannot be written.
        """
        prepared = list(self._prepared_spans(project, [span_record.from_span(span) for span in spans]))
        futures: list[Future[Receipt]] = []
        for one in prepared:
            self._wait_for_room(len(one.record.payload))
            futures.append(self._admit(one))
        for future in futures:
            future.result()

    def flush(self, *, timeout_s: float = 30.0) -> None:
        """Return once everything acknowledged so far is visible to queries, and on disk in the store alone.

        Raises:
            StoreError: that took longer than `timeout_s`.
        """
        with self._changed:
            through = self._last_sequence
        self._inserter.flush(through, timeout_s=timeout_s)
        self._commit.empty()

    def forget(self) -> None:
        """Forget which bodies came before. Call it after something was deleted, so that it can be sent again.

        A body that is sent twice around this moment is told apart by the store, span by span.
        """
        with self._changed:
            for digest in [digest for digest, pending in self._known.items() if pending is None]:
                del self._known[digest]
        self._commit.forget()

    def clear_set_aside(self, project: ProjectId) -> None:
        """Delete a project's bodies that the store could not hold; raise `StoreError` where some cannot be deleted."""
        self._wal.clear_set_aside(project)

    def set_aside_runs_of(self, project: ProjectId, user_id: str) -> set[RunId]:
        """Return the runs of an end user of which the store could not hold some spans."""
        return set_aside.runs_of_user(self._wal, project, user_id)

    def erase_set_aside(self, project: ProjectId, run_ids: Collection[RunId], *, naming: str | None = None) -> None:
        """Take runs out of the bodies that the store could not hold; raise `StoreError` where some stay."""
        set_aside.erase(self._wal, project, run_ids, naming=naming)

    def counters(self) -> DoorCounters:
        """Return what the door did since the start."""
        inserted = self._inserter.counters
        with self._changed:
            return DoorCounters(
                accepted_spans=self._tally.accepted,
                inserted_spans=inserted.inserted_spans,
                rejected_spans=dict(self._tally.rejected),
                redacted=dict(self._tally.redacted),
                repeated_bodies=self._tally.repeated,
                refused_bodies=self._tally.refused,
                set_aside_bodies=inserted.set_aside_bodies,
                queue_bytes=self._queued_bytes,
                wal_bytes=self._wal.size_bytes,
                is_store_down=inserted.is_store_down,
                last_error=inserted.last_error,
                lost=self._wal.recovery.lost,
            )

    def close(self, *, timeout_s: float = 10.0) -> None:
        """Bring what was accepted into the store, as far as `timeout_s` allows; the rest waits in the log."""
        try:
            self.flush(timeout_s=timeout_s)
        except Exception as error:  # noqa: BLE001 - closing goes on; the log keeps what is not inserted
            _LOG.warning("%s", error)
        self._inserter.close()
        self._commit.close()
        self._wal.close()
        self.is_closed = True

    def _prepared(self, project: ProjectId, payload: bytes, kind: Kind, gzip: bytes | None) -> _Prepared:
        """Parse a body and say what of it cannot be stored."""
        decoded: Decoded | None = None
        if kind is Kind.PROTOBUF:
            decoded = otlp_protobuf.parse(payload)
            count, rejections = otlp_protobuf.check(decoded, len(payload))
            accepted = count - len(rejections)
        elif len(payload) > otlp_json.WHOLE_BYTES:
            accepted, rejections = otlp_json.check(payload)
        else:
            decoded, rejections = otlp_json.read(payload)
            accepted = len(decoded)
        receipt = Receipt(accepted, len(rejections), summary(rejections) if rejections else None)
        digest = _digest(project, payload)
        if self._is_as_it_came(project):
            record = Record(kind=kind, project=project, digest=digest, payload=payload, gzip=gzip)
            return _Prepared(record, decoded, receipt, tuple(rejections))
        spans = list(spans_of(kind, payload) if decoded is None else wire_spans(decoded, len(payload)))
        del decoded
        record, clean = self._cleaned(project, spans, digest)
        return _Prepared(record, clean, receipt, tuple(rejections))

    def _prepared_spans(self, project: ProjectId, spans: Sequence[WireSpan]) -> Iterator[_Prepared]:
        """Make records of spans from inside, as many as their size asks for."""
        for start in range(0, len(spans), _SPANS_A_RECORD):
            part = spans[start : start + _SPANS_A_RECORD]
            payload = span_record.dump(part)
            if len(payload) > _RECORD_BYTES and len(part) > 1:
                yield from self._prepared_spans(project, part[: len(part) // 2])
                yield from self._prepared_spans(project, part[len(part) // 2 :])
                continue
            if len(payload) > self.max_body_bytes:
                raise TooLarge(
                    f"span {part[0].span_id.hex()} is {len(payload)} bytes, over max_body_bytes "
                    f"{self.max_body_bytes}: raise MASTHEAD_MAX_BODY_BYTES or shorten its texts",
                    where=f"run {part[0].trace_id.hex()}",
                )
            # Read back at once: what JSON could not hold is replaced now, and not only after a crash.
            record, clean = self._cleaned(project, span_record.load(payload), _digest(project, payload))
            yield _Prepared(record, clean, Receipt(len(part)))

    def _is_as_it_came(self, project: ProjectId) -> bool:
        return self._records_content and not self._redaction_of(project).is_on

    def _cleaned(
        self, project: ProjectId, spans: Sequence[WireSpan], digest: bytes
    ) -> tuple[Record, Sequence[WireSpan]]:
        """Return the spans as they may be stored, and the record of them: nothing else of them reaches the disk."""
        if not self._records_content:
            spans = without_content(spans)
        redaction = self._redaction_of(project)
        if redaction.is_on:
            spans, counts = self._redactor(redaction).spans(spans)
            with self._changed:
                self._tally.redacted += counts
        record = Record(kind=Kind.SPANS, project=project, digest=digest, payload=span_record.dump(spans))
        return record, spans

    def _redactor(self, redaction: Redaction) -> Redactor:
        with self._changed:
            known = self._redactors.get(redaction)
        if known is None:
            known = Redactor(redaction)
            with self._changed:
                if len(self._redactors) >= _REDACTORS:
                    self._redactors.clear()
                self._redactors[redaction] = known
        return known

    def _admit(self, prepared: _Prepared) -> "Future[Receipt]":
        record, receipt = prepared.record, prepared.receipt
        answer: Future[Receipt] = Future()
        answer.set_running_or_notify_cancel()
        if not receipt.accepted:
            with self._changed:
                self._tally.rejected.update(one.reason for one in prepared.rejections)
            return _done(receipt)
        with self._changed:
            if record.digest in self._known:
                self._tally.repeated += 1
                return self._known[record.digest] or _done(receipt)
            if self._queued_bytes and self._queued_bytes + len(record.payload) > self._queue_limit_bytes:
                self._tally.refused += 1
                raise Overloaded(
                    f"{self._queued_bytes} accepted bytes wait to be inserted, and {len(record.payload)} more would "
                    f"be over queue_bytes {self._queue_limit_bytes}: send again in {_RETRY_AFTER_S} s",
                    retry_after_s=_RETRY_AFTER_S,
                )
            self._queued_bytes += len(record.payload)
            self._known[record.digest] = answer
        try:
            written = self._commit.submit([record], written=lambda entries: self._on_written(entries[0], prepared))
        except Exception:
            self._take_back(record)
            raise
        written.add_done_callback(lambda done: self._answer(prepared, done, answer))
        return answer

    def _on_written(self, entry: Entry, prepared: _Prepared) -> None:
        """Hand a body on to the inserter; runs in the writing thread, in the order of the log."""
        with self._changed:
            self._last_sequence = entry.sequence
        self._inserter.put(entry, prepared.decoded)

    def _answer(self, prepared: _Prepared, written: "Future[None]", answer: "Future[Receipt]") -> None:
        error = written.exception()
        if error is not None:
            self._take_back(prepared.record)
            answer.set_exception(error)
            return
        with self._changed:
            self._tally.accepted += prepared.receipt.accepted
            self._tally.rejected.update(one.reason for one in prepared.rejections)
            self._known[prepared.record.digest] = None
            while len(self._known) > _REMEMBERED:
                self._known.pop(next(iter(self._known)))
        answer.set_result(prepared.receipt)

    def _take_back(self, record: Record) -> None:
        with self._changed:
            self._tally.refused += 1
            self._queued_bytes -= len(record.payload)
            self._known.pop(record.digest, None)
            self._changed.notify_all()

    def _on_inserted(self, raw_bytes: int) -> None:
        with self._changed:
            self._queued_bytes -= raw_bytes
            self._changed.notify_all()

    def _wait_for_room(self, wanted_bytes: int) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: not self._queued_bytes or self._queued_bytes + wanted_bytes <= self._queue_limit_bytes,
                _WAIT_FOR_ROOM_S,
            )


def _digest(project: ProjectId, payload: bytes) -> bytes:
    hasher = sha256(project.encode() + b"\0", usedforsecurity=False)
    hasher.update(payload)
    return hasher.digest()[:16]


def _done(receipt: Receipt) -> "Future[Receipt]":
    future: Future[Receipt] = Future()
    future.set_result(receipt)
    return future
