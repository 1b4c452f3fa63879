"""Reading 10⁴, 10⁵ and 10⁶ spans through the API of one real server process: p50, the limit, and their ratio.

    python benchmarks/queries.py                      10,000 and 100,000 spans
    python benchmarks/queries.py --spans 1000000      the size that the limits are for (about 3 minutes to fill)
    python benchmarks/queries.py --histories          every call repeats the conversation: disk alone
    python benchmarks/queries.py --keep FOLDER        fill once, and ask the same store again the next time

Every request is sent by this process over HTTP, one at a time; each search looks for another text, so that no cache of
conditions answers. CPU is the server's, for one request: on a busy machine, the time tells more of its neighbours. The
store is filled through the appender, without the door; its words are collected, as the server does when it is quiet. At
last an end user is erased.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parent))
from data import RARE, RUN_GAP_NS, START_NS, Generator, row

from masthead.model.ids import DEFAULT_PROJECT, RunId
from masthead.model.span import Span
from masthead.store.traces.append import Appender, SpanRow
from masthead.store.traces.open import open_store
from masthead.store.traces.words import Words
from masthead.testing.server_process import ServerProcess

ROWS_AN_APPEND = 4_096
LONG_RUN = RunId("f" * 31 + "0")
TIMES = 15
LIMITS_MS = {
    "latest 50 runs": 40,
    "runs of a model": 40,
    "runs with an error": 40,
    "a run of 60 spans": 25,
    "a run of 2,000 spans": 120,
    "cost and latency by day": 80,
    "a rare substring": 900,
}


def main() -> None:
    """Fill, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--histories", action="store_true")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    for spans in options.spans:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) if options.keep is None else options.keep / str(spans)
            if not (folder / "traces").exists():
                fill(folder, spans, histories=options.histories)
            if not options.histories:
                measure(folder)


def fill(folder: Path, spans: int, *, histories: bool) -> None:
    """Store that many spans, one run of 2,000 among them, and print their size."""
    store = open_store(data_dir=folder)
    words = Words(store.engine)
    appender, numbers = Appender(store.engine, words), count()
    waiting: list[SpanRow] = []
    stored = raw_bytes = 0
    started, began = time.process_time(), time.perf_counter()

    def append() -> None:
        nonlocal waiting
        appender.append(waiting, token=str(next(numbers)), received_ns=time.time_ns())
        waiting = []

    for run in _runs(spans, histories=histories):
        rows = [_priced(row(DEFAULT_PROJECT, span)) for span in run]
        stored += len(rows)
        raw_bytes += sum(len(one.attributes) + len(one.resource) for one in rows)
        waiting += rows
        if len(waiting) >= ROWS_AN_APPEND:
            append()
    append()
    filled, filled_s = time.process_time(), time.perf_counter() - began
    while words.collect():
        pass
    disk_bytes = {size.table: size.disk_bytes for size in store.sizes()}
    print(
        f"\n{stored:,} spans of {raw_bytes / stored:,.0f} bytes: "
        f"{sum(disk_bytes.values()) / stored:.0f} bytes a span on disk "
        f"({', '.join(f'{table} {size / stored:.0f}' for table, size in disk_bytes.items() if size >= stored)}), "
        f"1/{raw_bytes / sum(disk_bytes.values()):.1f} of the text; filled in {filled_s:.0f} s, "
        f"{(filled - started) / stored * 1e6:.0f} µs of CPU a span, the generator's 40 included; "
        f"words collected with {(time.process_time() - filled) / stored * 1e6:.0f} µs of CPU a span"
    )
    store.close()


def _runs(spans: int, *, histories: bool) -> Iterator[list[Span]]:
    generator = Generator(histories=histories)
    made = 0
    long: list[Span] = []
    for run in generator.runs(spans // 20):
        if made >= spans:
            return
        if len(long) < 2_000:
            long += [replace(span, trace_id=LONG_RUN) for span in run]
            if len(long) >= 2_000:
                yield long[:2_000]
                made += 2_000
            continue
        made += len(run)
        yield run


def _priced(made: SpanRow) -> SpanRow:
    if made.output_tokens is None or made.model == "house-7b":
        return made
    return made._replace(cost_usd=Decimal(made.output_tokens) / 1_000_000, price_version="benchmark")


def measure(folder: Path) -> None:
    """Start the server on the folder and print the median of every kind of request."""
    with (folder / "log").open("w") as log:
        server = ServerProcess(folder, log)
        process = psutil.Process(server.process.pid)
        time.sleep(2)
        idle = process.memory_info().rss
        print(f"start to first answer {server.start_s:.2f} s; resident when idle {idle / 2**20:.0f} MiB")
        connection = HTTPConnection(server.address, timeout=60)
        listed = [one for one in _get(connection, "/runs?limit=500")["items"] if one["run_id"] != LONG_RUN]
        run = max(listed, key=lambda one: one["spans"])["run_id"]
        asked = {
            "latest 50 runs": _same("/runs?limit=50"),
            "runs of a model": _same("/runs?limit=50&model=house-7b"),
            "runs with an error": _same("/runs?limit=50&has_error=true"),
            "a run of 60 spans": _same(f"/runs/{run}/spans?limit=5000"),
            "a run of 2,000 spans": _same(f"/runs/{LONG_RUN}/spans?limit=5000"),
            "cost and latency by day": _same(f"/stats?bucket=day&since={_rfc3339(START_NS - RUN_GAP_NS)}"),
            "a rare substring": _rare(),
        }
        try:
            for name, path in asked.items():
                spent = process.cpu_times()
                taken_ms = [_ask(connection, path) for _ in range(TIMES)]
                cpu_ms = (sum(process.cpu_times()[:2]) - sum(spent[:2])) / TIMES * 1_000
                limit = LIMITS_MS[name]
                print(
                    f"{name:26} p50 {median(taken_ms):8.1f} ms  limit {limit:4} ms  {median(taken_ms) / limit:5.2f}  "
                    f"CPU {cpu_ms:6.1f} ms"
                )
            user, began = listed[-1]["user_id"], time.perf_counter()
            _get(connection, f"/users/{user}", method="DELETE")
            print(f"{'erasing an end user':26}     {(time.perf_counter() - began) * 1_000:8.1f} ms")
            print(f"resident after the questions {process.memory_info().rss / 2**20:.0f} MiB")
        finally:
            server.stop()


Asked = Callable[[], list[str]]


def _same(path: str) -> Asked:
    return lambda: [path]


def _rare() -> Asked:
    pieces = iter([RARE[at:] for at in range(8)] + [RARE[: len(RARE) - at] for at in range(1, 8)])
    return lambda: [f"/search?limit=50&text={next(pieces).strip().replace(' ', '%20')}"]


def _ask(connection: HTTPConnection, asked: Asked) -> float:
    paths = asked()
    began = time.perf_counter()
    for path in paths:
        _get(connection, path)
    return (time.perf_counter() - began) * 1_000


def _get(connection: HTTPConnection, path: str, *, method: str = "GET") -> dict[str, Any]:
    connection.request(method, f"/api/v1{path}")
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise SystemExit(f"{path} answered {response.status}: {body[:300]!r}")
    return json.loads(body)


def _rfc3339(time_ns: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_ns // 10**9))


if __name__ == "__main__":
    main()
