"""Durable OTLP ingest into one real server process, and what it costs.

    python benchmarks/ingest.py                 204,800 spans, gzip, 8 connections
    python benchmarks/ingest.py --spans 20480 --plain

The bodies (512 spans each, as exporters send them) are made before the clock starts; the sender runs in this process
and its own time is not counted. "Durable" is answered 200, "stored" is answered by a query.
"""

import argparse
import gzip
import json
import os
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from statistics import median, quantiles

import psutil

sys.path.insert(0, str(Path(__file__).parent))
from data import Generator, bodies, body

from masthead.testing.server_process import ServerProcess

SPANS_A_BODY = 512


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=204_800)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--plain", action="store_true", help="send without gzip")
    options = parser.parse_args()
    made = list(islice(bodies(Generator(seed=1).runs(10**9)), options.spans // SPANS_A_BODY))
    raw_bytes = sum(map(len, made))
    sent = made if options.plain else [gzip.compress(one, 6) for one in made]
    spans = len(sent) * SPANS_A_BODY
    print(f"{spans} spans, {raw_bytes / spans:.0f} bytes each, {sum(map(len, sent)) / spans:.0f} on the wire")
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w") as log:
        server = ServerProcess(Path(folder) / "data", log)
        try:
            measure(server, sent, spans, options)
            time.sleep(40)  # small parts are joined after a pause, and the old ones leave the disk some seconds later
            server.stop()
            size = sum(file.stat().st_size for file in (Path(folder) / "data" / "traces").rglob("*") if file.is_file())
            print(f"disk {size / spans:.0f} bytes a span")
        finally:
            if server.process.poll() is None:
                server.kill()


def measure(server: ServerProcess, sent: Sequence[bytes], spans: int, options: argparse.Namespace) -> None:
    """Send everything and print what it took."""
    process = psutil.Process(server.process.pid)
    time.sleep(7)  # the prices are read 5 s after the start
    idle_mb = process.memory_info().rss / 1e6
    print(f"start to first request served {server.start_s:.2f} s, resident memory idle {idle_mb:.0f} MB")
    latencies = [visible_s(server, index) for index in range(10)]
    print(f"acknowledged to visible, one body on an idle server: median {median(latencies) * 1e3:.0f} ms, "
          f"worst {max(latencies) * 1e3:.0f} ms")  # fmt: skip
    watch = Watch(process)
    before_s, threads_s, started = sum(process.cpu_times()[:2]), by_thread_s(process.pid), time.perf_counter()
    took = send_all(server.address, iter(sent), options.connections, gzipped=not options.plain)
    durable_s = time.perf_counter() - started
    while waiting := queue_bytes(server):
        time.sleep(max(0.05, waiting / 100e6))  # asking costs the server something too
    stored_s = time.perf_counter() - started
    cpu_s, after_s = sum(process.cpu_times()[:2]) - before_s, by_thread_s(process.pid)
    peak_mb = watch.stop()
    print(f"durable {spans / durable_s:,.0f} spans/s, stored {spans / stored_s:,.0f} spans/s, "
          f"resident memory {peak_mb:.0f} MB at most")  # fmt: skip
    show_split(cpu_s, {name: seconds - threads_s.get(name, 0.0) for name, seconds in after_s.items()}, spans)
    print(f"answers: median {median(took) * 1e3:.0f} ms, 99 % {quantiles(took, n=100)[98] * 1e3:.0f} ms")


def by_thread_s(pid: int) -> dict[str, float]:
    """Return the CPU time of a process's threads so far, by their names."""
    found: defaultdict[str, float] = defaultdict(float)
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(OSError):
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
            found[name] += sum(map(int, rest.split()[11:13])) / os.sysconf("SC_CLK_TCK")
    return found


def show_split(cpu_s: float, threads_s: Mapping[str, float], spans: int) -> None:
    """Print what a span cost, by what was done: the time of threads that ended in between is the remainder."""
    steps = dict.fromkeys((*_THREADS.values(), _ENGINE), 0.0)
    for thread, seconds in threads_s.items():
        steps[_THREADS.get(thread, _ENGINE)] += seconds
    steps[_ENGINE] += cpu_s - sum(threads_s.values())
    core_s = sum(steps[step] for step in (_DECODE, _INSERT, _ENGINE))
    print(f"CPU a span: {cpu_s / spans * 1e6:.0f} µs in all; decode + insert + index {core_s / spans * 1e6:.0f} µs")
    print("   ", ", ".join(f"{step} {seconds / spans * 1e6:.0f}" for step, seconds in steps.items()))


_DECODE = "decode, price, JSON"
_INSERT = "columns, insert, index, summaries"
_ENGINE = "the store's other threads"
_THREADS = {
    "python": "HTTP, unpack, parse, check",
    "masthead": "HTTP, unpack, parse, check",
    "masthead-commit": "write-ahead log",
    "masthead-decode": _DECODE,
    "masthead-insert": _INSERT,
    "MergeMutate": "merges, behind",
}
"""What the threads of the server do; `top -H` shows the same names."""


def send_all(
    address: str,
    sent: Iterator[bytes],
    connections: int,
    *,
    gzipped: bool,
    more_headers: Mapping[str, str] | None = None,
) -> list[float]:
    """Send the bodies over that many connections; return how long each answer took."""
    guard, took = threading.Lock(), list[float]()
    headers = {"Content-Type": "application/x-protobuf", **(more_headers or {})}
    if gzipped:
        headers["Content-Encoding"] = "gzip"

    def work() -> None:
        connection = HTTPConnection(address, timeout=120)
        while True:
            with guard:
                one = next(sent, None)
            if one is None:
                return
            started = time.perf_counter()
            while True:
                connection.request("POST", "/v1/traces", one, headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    break
                if answer.status not in (429, 503):
                    raise RuntimeError(f"the server answered {answer.status}")
                time.sleep(float(answer.headers["Retry-After"]))
            took.append(time.perf_counter() - started)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def visible_s(server: ServerProcess, index: int) -> float:
    """Return how long after its acknowledgement a run can be read."""
    (run,) = Generator(seed=1000 + index).runs(1)
    connection = HTTPConnection(server.address, timeout=30)
    connection.request("POST", "/v1/traces", body(run), {"Content-Type": "application/x-protobuf"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise RuntimeError(f"the server answered {answer.status}")
    acknowledged = time.perf_counter()
    while True:
        connection.request("GET", f"/api/v1/runs/{run[0].trace_id}")
        answer = connection.getresponse()
        answer.read()
        if answer.status == 200:
            return time.perf_counter() - acknowledged
        time.sleep(0.005)


def queue_bytes(server: ServerProcess) -> int:
    """Return how much is accepted and not yet stored."""
    return json.loads(server.get("/api/v1/status"))["door"]["queue_bytes"]


class Watch:
    """Notes the largest resident memory of a process."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._peak_mb = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> float:
        """Return the peak in MB."""
        self._is_over.set()
        self._thread.join()
        return self._peak_mb

    def _run(self) -> None:
        while not self._is_over.wait(0.05):
            self._peak_mb = max(self._peak_mb, self._process.memory_info().rss / 1e6)


if __name__ == "__main__":
    main()
