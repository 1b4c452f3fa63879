"""Adding up what calls through the gateway used, of 10⁵ or 10⁶ calls: milliseconds by what it is added up by.

    python benchmarks/usage.py                 100,000 calls
    python benchmarks/usage.py --calls 1000000

The store is in this process and is filled through the appender with calls of 0.9 kB: narrow columns decide, not bodies.
Each question is asked four times, the fastest counts; CPU is the whole process's.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import orjson

from masthead.model.ids import DEFAULT_PROJECT
from masthead.model.usage import USAGE_BY
from masthead.store.traces.append import Appender, SpanRow
from masthead.store.traces.open import open_store
from masthead.store.traces.store import TraceStore

START_NS = 1_790_000_000_000_000_000
GAP_NS = 1_500_000_000
DAY_NS = 86_400_000_000_000
ROWS_AN_APPEND = 4_096
TEXT = "lorem ipsum dolor sit amet " * 30
MODELS = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5")


def main() -> None:
    """Fill, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    calls: int = parser.parse_args().calls
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(data_dir=Path(folder))
        fill(Appender(store.engine), calls)
        print(f"{calls:,} calls, {calls * GAP_NS / DAY_NS:.1f} days")
        for by in (None, *USAGE_BY):
            ask(store, f"by {by or 'nothing'}", by=by)
        ask(store, "by day", bucket="day", limit=5000)
        day = {"since_ns": START_NS, "until_ns": START_NS + DAY_NS}
        ask(store, "one day, by key", by="key", **day)
        ask(store, "one day, by hour", bucket="hour", **day)
        store.close()


def fill(appender: Appender, calls: int) -> None:
    """Store that many calls."""
    rng, waiting = random.Random(1), list[SpanRow]()
    for at, row in enumerate(_rows(rng, calls), start=1):
        waiting.append(row)
        if len(waiting) == ROWS_AN_APPEND or at == calls:
            appender.append(waiting, token=f"calls {at}", received_ns=row.start_ns)
            waiting = []


def _rows(rng: random.Random, calls: int) -> Iterator[SpanRow]:
    for number in range(calls):
        start_ns = START_NS + number * GAP_NS
        attributes = {
            "masthead.gateway.key": f"{rng.randrange(30):016x}",
            "masthead.gateway.connection": rng.choice(("openai", "anthropic")),
            "gen_ai.response.time_to_first_chunk": rng.random(),
            "gen_ai.input.messages": f"{TEXT}{rng.random()}",
        } | ({"masthead.gateway.cache": "hit"} if rng.random() < 0.1 else {})
        yield SpanRow(
            project=DEFAULT_PROJECT,
            run_id=(number // 40).to_bytes(16, "big"),
            span_id=(number + 1).to_bytes(8, "big"),
            parent_span_id=b"",
            name="chat",
            kind=3,
            start_ns=start_ns,
            end_ns=start_ns + int(rng.random() * 3e9),
            status=0,
            scope_name="masthead.gateway",
            attributes=orjson.dumps(attributes),
            operation="llm",
            agent=rng.choice("abcdef"),
            model=rng.choice(MODELS),
            input_tokens=1000,
            output_tokens=200,
            cost_usd=Decimal("0.0045") if rng.random() > 0.1 else None,
            user_id=f"user{rng.randrange(1000)}",
            is_error=rng.random() < 0.02,
        )


def ask(store: TraceStore, label: str, **asked: object) -> None:
    """Ask four times, and print the fastest."""
    took: list[tuple[float, float]] = []
    for _ in range(4):
        began, spent = time.perf_counter(), time.process_time()
        store.usage(DEFAULT_PROJECT, **asked)  # pyright: ignore[reportArgumentType] - its keywords
        took.append((time.perf_counter() - began, time.process_time() - spent))
    wall_s, cpu_s = min(took)
    print(f"{label:20} {wall_s * 1e3:6.0f} ms, CPU {cpu_s * 1e3:6.0f} ms")


if __name__ == "__main__":
    main()
