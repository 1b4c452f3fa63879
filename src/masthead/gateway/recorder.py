"""Hands finished exchanges to a sink, from a thread of its own, so that no answer waits for it.

An exchange becomes spans where it ended, in the event loop: the thread, which hands on, does not take the interpreter
from the loop at every turn (which cost three times as much, measured).

Must always hold: `record` returns at once and never raises; what waits is bounded; what does not fit, or what the sink
refuses for good, is counted as lost and logged; what the sink cannot take for now is offered again until it does.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from masthead.clock import Clock
from masthead.gateway.call import Exchange
from masthead.ingest.allocator import give_back
from masthead.model.errors import InvalidInput, MastheadError, NotFound
from masthead.model.ids import ProjectId

_LOG = logging.getLogger(__name__)
_GATHER_S: Final = 0.05
_MOST_BATCH: Final = 512
_MOST_BATCH_BYTES: Final = 8 * 1024 * 1024
_FIRST_WAIT_S: Final = 0.25
_MOST_WAIT_S: Final = 5.0
_OVERHEAD_BYTES: Final = 4096
_TIDIED_BYTES: Final = 256 * 1024 * 1024
"""Memory is given back after so many bytes of calls, or when none come: what is given back costs page faults later."""
_TIDIED_S: Final = 1.0
_LOGGED_EVERY_S: Final = 10.0
_SMALL_BYTES: Final = 512
"""Members of a request up to this size are kept when there is no room for all."""
_ROOM_FOR_THINNED: Final = 1.25

Written = TypeVar("Written")
"""What the sink takes of a call: its spans, or the lines that they are on disk."""


_Taken_contra = TypeVar("_Taken_contra", contravariant=True)


class SinkOf(Protocol[_Taken_contra]):
    """Where what was written goes."""

    def accept(self, project: ProjectId, spans: Sequence[_Taken_contra], /) -> None:
        """Take it; raise `InvalidInput` or `NotFound` where that will never be, another `MastheadError` for now."""
        ...


@dataclass(slots=True)
class RecorderCounters:
    """Since the start."""

    recorded: int = 0
    """Calls whose spans the sink took."""
    lost: int = 0
    """Calls that were not recorded."""
    thinned: int = 0
    """Calls of which the request's content was left out, because too much waited."""
    queued: int = 0
    queued_bytes: int = 0


def _size(exchange: Exchange) -> int:
    return exchange.kept_bytes + len(exchange.call.body) + _OVERHEAD_BYTES


def _leave_request_out(exchange: Exchange) -> None:
    """Let go of what was asked, and keep who asked, what it cost and what was answered."""
    call = exchange.call
    kept = {name: raw.copy() for name, raw in call.members.items() if len(bytes(raw)) <= _SMALL_BYTES}
    exchange.call = msgspec.structs.replace(call, members=kept, body=b"")
    exchange.is_truncated = True


class SpanRecorder(Generic[Written]):
    """A `Recorder` over a `Sink`."""

    def __init__(
        self,
        sink: SinkOf[Written],
        spans_of: Callable[[Sequence[Exchange]], Sequence[Sequence[Written]]],
        clock: Clock,
        *,
        max_queued_bytes: int = 24 * 1024 * 1024,
    ) -> None:
        self._spans_of = spans_of
        self._sink = sink
        self._clock = clock
        self._max_queued_bytes = max_queued_bytes
        self._queue: deque[tuple[ProjectId, Sequence[Written], int]] = deque()
        self._wake = threading.Event()
        self._counters = RecorderCounters()
        self._queued_bytes_in = 0
        self._queued_bytes_out = 0
        self._untidy_bytes = 0
        self._logged_s = -_LOGGED_EVERY_S
        self._is_closing = False
        self._worker = threading.Thread(target=self._run, name="gateway-recorder", daemon=True)
        self._worker.start()

    def record(self, *exchanges: Exchange) -> None:
        """Take finished exchanges; they are not needed any more when this returns."""
        taken = [one for one in exchanges if self._makes_room(one)]
        for exchange, spans in zip(taken, self._written(taken), strict=True):
            size = _size(exchange)
            if spans is None:
                self._queued_bytes_in -= size
                self._lose(1, "it could not be written as a span")
            else:
                self._queue.append((exchange.call.identity.project, spans, size))
        if taken and not self._wake.is_set():
            self._wake.set()

    def _makes_room(self, exchange: Exchange) -> bool:
        """Take up room for an exchange; say whether there was any."""
        size = _size(exchange)
        waiting = self._queued_bytes_in - self._queued_bytes_out
        if waiting + size > self._max_queued_bytes:
            _leave_request_out(exchange)
            self._counters.thinned += 1
            size = _size(exchange)
        if waiting + size > self._max_queued_bytes * _ROOM_FOR_THINNED or self._is_closing:
            self._lose(1, f"{waiting} bytes wait to be recorded")
            return False
        self._queued_bytes_in += size
        return True

    def _written(self, exchanges: Sequence[Exchange]) -> Sequence[Sequence[Written] | None]:
        """Return the spans of each; None for one that cannot be written."""
        try:
            return self._spans_of(exchanges)
        except Exception:  # noqa: BLE001 - the edge: one call must not end the recording of others
            if len(exchanges) > 1:
                return [self._written([one])[0] for one in exchanges]
            _LOG.exception("the call %s could not be written as a span", exchanges[0].span_id)
            return [None]

    def counters(self) -> RecorderCounters:
        """Return the counts as they are now."""
        own = self._counters
        waiting = self._queued_bytes_in - self._queued_bytes_out
        return RecorderCounters(own.recorded, own.lost, own.thinned, len(self._queue), waiting)

    def close(self, timeout_s: float = 10.0) -> None:
        """Hand on what waits, and end; what the sink has not taken by then is counted as lost."""
        self._is_closing = True
        self._wake.set()
        self._worker.join(timeout_s)
        if self._queue:
            self._lose(len(self._queue), f"the sink did not take them within {timeout_s:g} s of the end")

    def _run(self) -> None:
        while True:
            if not self._wake.wait(_TIDIED_S if self._untidy_bytes else None):
                self._tidy()
                continue
            if not self._is_closing:
                time.sleep(_GATHER_S)
            self._wake.clear()
            while self._queue:
                self._hand_on()
                if self._untidy_bytes > _TIDIED_BYTES:
                    self._tidy()
            if self._is_closing and not self._queue:
                return

    def _tidy(self) -> None:
        """Give back the memory of calls that went by: what they leave free lies among what stays."""
        self._untidy_bytes = 0
        give_back()

    def _hand_on(self) -> None:
        batch: dict[ProjectId, list[Sequence[Written]]] = {}
        taken_bytes = 0
        for _ in range(min(len(self._queue), _MOST_BATCH)):
            if taken_bytes > _MOST_BATCH_BYTES:
                break
            project, spans, size = self._queue.popleft()
            taken_bytes += size
            batch.setdefault(project, []).append(spans)
        for project, calls in batch.items():
            self._offer(project, calls)
        self._queued_bytes_out += taken_bytes
        self._untidy_bytes += taken_bytes

    def _offer(self, project: ProjectId, calls: Sequence[Sequence[Written]]) -> None:
        spans = list(chain.from_iterable(calls))
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                self._sink.accept(project, spans)
            except (InvalidInput, NotFound) as error:
                self._lose(len(calls), str(error))
                return
            except MastheadError as error:
                self._complain(f"what is recorded waits: {error}")
            except Exception:  # noqa: BLE001 - the thread's edge, as above
                _LOG.exception("the sink failed; it is asked again")
            else:
                self._counters.recorded += len(calls)
                return
            if self._is_closing:
                self._lose(len(calls), "the sink did not take them before the end")
                return
            time.sleep(wait_s)
            wait_s = min(wait_s * 2, _MOST_WAIT_S)

    def _lose(self, calls: int, why: str) -> None:
        self._counters.lost += calls
        self._complain(f"{self._counters.lost} calls were answered and not recorded: {why}")

    def _complain(self, message: str) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._logged_s >= _LOGGED_EVERY_S:
            self._logged_s = now_s
            _LOG.error("%s", message)
