"""The span store's append port in memory, and OTLP bodies whose spans are easy to tell apart: for tests of the door."""

import threading
from collections.abc import Callable, Iterable, Sequence

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from masthead.store.traces.append import SpanRow

START_NS = 1_790_000_000_000_000_000


class MemoryRows:
    """Appends once for each token, as the store does; it can be told to fail, to refuse a row or to wait."""

    def __init__(self) -> None:
        self.batches: dict[str, list[SpanRow]] = {}
        self.calls = 0
        self.failure: Exception | None = None
        """Raised by every call while it is set."""
        self.refuses: Callable[[SpanRow], bool] = lambda _: False
        """Says which rows make a whole call fail, as a value that does not fit its column does."""
        self.gate = threading.Event()
        """Calls wait while it is clear."""
        self.gate.set()

    def __call__(self, rows: Sequence[SpanRow], *, token: str, received_ns: int) -> None:
        """Append the rows, unless the token was seen."""
        self.gate.wait(20)
        self.calls += 1
        if self.failure is not None:
            raise self.failure
        if any(map(self.refuses, rows)):
            raise ValueError(f"a value that does not fit its column, received at {received_ns}")
        self.batches.setdefault(token, list(rows))

    @property
    def rows(self) -> list[SpanRow]:
        """Every row, in the order of the batches."""
        return [row for batch in self.batches.values() for row in batch]

    @property
    def numbers(self) -> list[int]:
        """The numbers of the spans that `otlp_body` made, in order of number; a span stored twice stands here twice."""
        return sorted(int.from_bytes(row.span_id, "big") for row in self.rows)


def otlp_body(numbers: Iterable[int], *, text: str = "hello", trace: int = 1) -> bytes:
    """Return an OTLP body in protobuf: one span for each number, which is its id."""
    request = ExportTraceServiceRequest()
    scoped = request.resource_spans.add().scope_spans.add()
    for number in numbers:
        span = scoped.spans.add(
            trace_id=trace.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            name=f"span {number}",
            start_time_unix_nano=START_NS + number,
            end_time_unix_nano=START_NS + number + 1,
        )
        span.attributes.add(key="input.value").value.string_value = text
    return request.SerializeToString()
