"""Where the gateway alone keeps its records until a Masthead server has taken them: a write-ahead log and its shipper.

Must always hold: what `accept` took is on disk and survives the process; it is shipped in order, again and again until
the server takes it; what the server will never take is set aside on disk, counted and logged.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from masthead.model.errors import InvalidInput, MastheadError, NotFound, StoreFull
from masthead.model.ids import ProjectId
from masthead.store.wal import Entry, Wal
from masthead.store.wal_record import Kind, Record

_LOG = logging.getLogger(__name__)
_ZSTD_LEVEL: Final = -20
"""Bodies lie here for moments: what counts is the time that packing takes, which is that of the calls beside it."""
_FIRST_WAIT_S: Final = 0.5
_MOST_WAIT_S: Final = 10.0
_LOGGED_EVERY: Final = 12

Item = TypeVar("Item")
"""What is spooled: spans, or the lines that they are in OTLP's JSON."""
Ship = Callable[[ProjectId, bytes], None]
"""Hands a body to the server; blocks. `InvalidInput` or `NotFound` say that it will never be taken, others: not now."""


@dataclass(slots=True)
class SpoolCounters:
    """Since the start."""

    pending: int = 0
    """Bodies on disk that the server has not taken."""
    bytes: int = 0
    shipped: int = 0
    set_aside: int = 0
    """Bodies that the server will never take; they lie in the spool's folder `set_aside`."""


class Spool(Generic[Item]):
    """A sink on disk. The folder belongs to one process."""

    def __init__(
        self, folder: Path, encode: Callable[[Sequence[Item]], Iterable[bytes]], ship: Ship, *, max_bytes: int
    ) -> None:
        """Open the folder; `encode` makes bodies of OTLP in JSON of what is accepted together."""
        self._encode = encode
        self._ship = ship
        self._max_bytes = max_bytes
        self._wal = Wal(folder)
        for line in self._wal.recovery.lost:
            _LOG.error("spool: %s; every whole record before and behind it is kept", line)
        self._guard = threading.Lock()
        """Protects the log's writing side: one thread spools, another one finishes."""
        self._pending: deque[Entry] = deque(self._wal.recovery.entries)
        self._shipped = self._set_aside = 0
        self._is_closing = threading.Event()
        self._wake = threading.Event()
        if self._pending:
            self._wake.set()
        self._thread = threading.Thread(target=self._run, name="gateway-shipper", daemon=True)
        self._thread.start()

    def accept(self, project: ProjectId, spans: Sequence[Item]) -> None:
        """Put the spans on disk.

        Raises:
            StoreFull: the spool has reached its limit, or the disk is full; nothing was taken.
        """
        with self._guard:
            entries = self._wal.write(self._records(project, spans))
        self._pending.extend(entries)
        self._wake.set()

    def _records(self, project: ProjectId, spans: Sequence[Item]) -> Iterator[Record]:
        """Yield the bodies one after the other: none is made before the last one is packed."""
        size_bytes = self._wal.size_bytes
        for payload in self._encode(spans):
            size_bytes += len(payload)
            if size_bytes > self._max_bytes:
                raise StoreFull(f"the spool holds {self._wal.size_bytes} bytes, its limit: the server takes nothing")
            yield Record(kind=Kind.JSON, project=project, digest=os.urandom(16), payload=payload, level=_ZSTD_LEVEL)

    def counters(self) -> SpoolCounters:
        """Return the counts as they are now."""
        return SpoolCounters(len(self._pending), self._wal.size_bytes, self._shipped, self._set_aside)

    def close(self, timeout_s: float = 5.0) -> None:
        """Ship what can be shipped at once, and give the folder back; the rest stays for the next start."""
        self._is_closing.set()
        self._wake.set()
        self._thread.join(timeout_s)
        self._wal.close()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._pending:
                if not self._deliver(self._pending[0]):
                    return
                self._pending.popleft()
            if self._is_closing.is_set():
                return

    def _deliver(self, entry: Entry) -> bool:
        """Ship one body; False where the end came first."""
        wait_s, tries = _FIRST_WAIT_S, 0
        while True:
            try:
                self._ship(entry.project, self._wal.read(entry))
            except (InvalidInput, NotFound) as error:
                self._put_aside(entry, error)
                return True
            except MastheadError as error:
                if tries % _LOGGED_EVERY == 0:
                    _LOG.warning("%d bodies of records wait on disk: %s", len(self._pending), error)
            except Exception:  # noqa: BLE001 - the thread's edge: it ships on whatever one body did
                _LOG.exception("a body of records could not be shipped; it is tried again")
            else:
                self._shipped += 1
                with self._guard:
                    self._wal.finish(entry.sequence)
                return True
            tries += 1
            if self._is_closing.is_set() or self._is_closing.wait(wait_s):
                return False
            wait_s = min(wait_s * 2, _MOST_WAIT_S)

    def _put_aside(self, entry: Entry, why: Exception) -> None:
        self._set_aside += 1
        with self._guard:
            self._wal.set_aside(entry)
            self._wal.finish(entry.sequence)
        _LOG.error("the server will never take a body of records; it lies in the spool's set_aside: %s", why)
