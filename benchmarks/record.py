"""What recording adds to a user's program: microseconds a span, against the bare OpenTelemetry SDK in the same run.

    python benchmarks/record.py

Limit: 50 µs a span, a tool step with arguments and a result. Spans go to an exporter that drops them, so this is the
cost in the program's own thread.
"""

import time
from collections.abc import Callable, Sequence

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

import masthead

LIMIT_US = 50.0
SPANS = 20_000
ROUNDS = 5


class _Dropping(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


@masthead.tool("add")
def _decorated(a: int, b: int) -> int:
    return a + b


def _step() -> None:
    with masthead.tool("add", {"a": 1, "b": 2}) as step:
        step.result("3")


def _bare() -> None:
    with trace.get_tracer("bare").start_as_current_span("add", attributes={"a": 1, "b": 2}) as span:
        span.set_attribute("result", "3")


def _measure(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    for _ in range(SPANS):
        work()
    return (time.perf_counter() - start) / SPANS * 1e6


def main() -> None:
    """Print microseconds a span, the best of interleaved rounds."""
    masthead.init(exporter=_Dropping())
    kinds: dict[str, Callable[[], object]] = {
        "bare SDK": _bare,
        "with masthead.tool()": _step,
        "@masthead.tool": lambda: _decorated(1, 2),
    }
    best = dict.fromkeys(kinds, float("inf"))
    for _ in range(ROUNDS):
        for name, work in kinds.items():
            best[name] = min(best[name], _measure(work))
    for name, us in best.items():
        print(
            f"{name:<22} {us:6.1f} µs a span   {us / best['bare SDK']:4.2f} x bare   {us / LIMIT_US:5.0%} of the limit"
        )


if __name__ == "__main__":
    main()
