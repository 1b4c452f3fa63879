"""Group commit: records from any thread go to the write-ahead log together, with one wait for the disk for all."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from masthead.model.errors import MastheadError, StoreError
from masthead.store.named_thread import named_thread
from masthead.store.wal import Entry, Wal
from masthead.store.wal_record import Record

_GROUP_BYTES = 32 * 1024 * 1024


class _Request(NamedTuple):
    records: Sequence[Record]
    written: "Callable[[list[Entry]], None] | None"
    future: "Future[None]"


class GroupCommit:
    """Owns the log's writing side: one thread writes, and nobody else does."""

    def __init__(self, wal: Wal) -> None:
        self._wal = wal
        self._changed = threading.Condition()
        """Protects what waits: `_requests`, `_finished` and `_is_closing`."""
        self._requests: list[_Request] = []
        self._finished = 0
        self._is_closing = False
        self._thread = named_thread("masthead-commit", self._run)
        self._thread.start()

    def submit(
        self, records: Sequence[Record], *, written: Callable[[list[Entry]], None] | None = None
    ) -> "Future[None]":
        """Have the records written; the future is done when they are on disk, or holds why they could not be.

        `written` is called in the order of the log, in the writing thread, before the future is done.
        """
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()
        with self._changed:
            if self._is_closing:
                raise StoreError("the server is shutting down and takes no more spans: send them again when it is back")
            self._requests.append(_Request(records, written, future))
            self._changed.notify()
        return future

    def finish(self, through: int) -> None:
        """Have it noted that everything up to `through` is in the store."""
        with self._changed:
            self._finished = max(self._finished, through)
            self._changed.notify()

    def empty(self) -> None:
        """Have inserted bodies removed from the log now rather than with the next full segment, and wait for it."""
        self._between_writes(self._wal.empty)

    def forget(self) -> None:
        """Have the digests of all bodies so far forgotten, and wait for it; raise `StoreError` where that failed."""
        self._between_writes(self._wal.forget)

    def _between_writes(self, work: Callable[[], None]) -> None:
        """Have it done in the writing thread; what it raises is the caller's alone, not that of others who write."""
        failures: list[StoreError] = []

        def written(_: list[Entry]) -> None:
            try:
                work()
            except StoreError as error:
                failures.append(error)

        self.submit([], written=written).result()
        if failures:
            raise failures[0]

    def close(self) -> None:
        """Write what waits, then end the thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        noted = 0
        while True:
            with self._changed:
                while not self._requests and self._finished == noted and not self._is_closing:
                    self._changed.wait()
                group, self._requests = _split(self._requests)
                finished = self._finished
                is_last = self._is_closing and not group
            if finished > noted:
                self._wal.finish(finished)
                noted = finished
            if group:
                self._write(group)
            if is_last:
                return

    def _write(self, group: Sequence[_Request]) -> None:
        try:
            entries = self._wal.write([record for request in group for record in request.records])
            position = 0
            for request in group:
                following = position + len(request.records)
                if request.written is not None:
                    request.written(entries[position:following])
                position = following
        except MastheadError as error:
            for request in group:
                request.future.set_exception(error)
        except Exception as error:  # noqa: BLE001 - the thread must outlive it, and every waiter hears of it
            for request in group:
                request.future.set_exception(StoreError(f"the write-ahead log failed: {error!r}"))
        else:
            for request in group:
                request.future.set_result(None)


def _split(requests: list[_Request]) -> tuple[list[_Request], list[_Request]]:
    """Return what is written now, bounded in bytes, and what waits for the next turn."""
    size = 0
    for count, request in enumerate(requests, start=1):
        size += sum(len(record.payload) for record in request.records)
        if size >= _GROUP_BYTES:
            return requests[:count], requests[count:]
    return requests, []
