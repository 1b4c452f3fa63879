"""What the gateway costs a call: requests a second, processor time, added latency, streams, memory and start.

    python benchmarks/gateway.py                         about a minute
    python benchmarks/gateway.py --rounds 5 --seconds 3
    python benchmarks/gateway.py --peer LiteLLM=http://127.0.0.1:4000,model-name,key

`masthead gateway` runs with everything on: a key is demanded, routes, guards, and every call recorded to the spool. The
upstream and the load are processes of their own, so that the processor time is the gateway's alone. Rounds of all
candidates are interleaved. A peer is any OpenAI-compatible gateway that runs already, in front of the upstream whose
port `--upstream-port` fixes; its processor time is taken where `,PID` is given.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import psutil

HERE = Path(__file__).parent
_START_S = 60.0
_ALL = ("-c", "from masthead.cli.main import main; main()")
_ALONE = ("-c", "from masthead.cli.entry import main; main()")


class Candidate(NamedTuple):
    """Somebody to measure: where it listens, how it is asked, and its process where it is known."""

    name: str
    port: int
    key: str
    model: str
    process: psutil.Process | None


class Seen(NamedTuple):
    """One round."""

    load: dict[str, Any]
    cpu_us: float | None


def main() -> None:
    """Measure and print."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--upstream-port", type=int, default=0)
    parser.add_argument("--peer", action="append", default=[], help="NAME=URL,MODEL,KEY[,PID]")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        upstream(given.upstream_port) as upstream_port,
        gateway(Path(folder), upstream_port, given.workers) as (ours, start_s),
    ):
        print(f"start {start_s:.2f} s, resident {_resident_mb(ours):.0f} MB")
        direct = Candidate("direct", upstream_port, "none", "static-1", None)
        _measure([direct, ours, *map(_peer, given.peer)], given.rounds, given.seconds)
        print(f"resident after it all {_resident_mb(ours):.0f} MB; lost records: {_lost(ours)}")


def _measure(candidates: list[Candidate], rounds: int, seconds: float) -> None:
    """Run every kind of load against everybody, in turns."""
    kinds = {
        "32 connections, 1 kB": (32, 1000, "plain"),
        "1 connection, 1 kB": (1, 1000, "plain"),
        "8 connections, 100 kB": (8, 100_000, "plain"),
        "32 streams": (32, 1000, "stream"),
        "1 stream": (1, 1000, "stream"),
    }
    for candidate in candidates:
        _load(candidate, 8, 0.5, 1000, "plain")
    for title, (connections, size, kind) in kinds.items():
        seen: dict[str, list[Seen]] = {candidate.name: [] for candidate in candidates}
        for _ in range(rounds):
            for candidate in candidates:
                seen[candidate.name].append(_load(candidate, connections, seconds, size, kind))
        print(f"\n{title}")
        base = seen["direct"]
        for name, found in seen.items():
            print(f"  {name:<10} {_line(found, base)}")


def _line(found: list[Seen], base: list[Seen]) -> str:
    def of(name: str, rows: list[Seen]) -> float:
        return median(row.load[name] for row in rows)

    rate = median(row.load["requests"] / row.load["seconds"] for row in found)
    events = median(row.load["events"] / row.load["seconds"] for row in found)
    cpu = [row.cpu_us for row in found if row.cpu_us is not None]
    parts = [
        f"{rate:>9,.0f} requests/s",
        f"CPU {median(cpu):6.0f} µs" if cpu else "CPU      –   ",
        f"p50 {of('p50_ms', found):7.3f} ms (+{of('p50_ms', found) - of('p50_ms', base):.3f})",
        f"p99 {of('p99_ms', found):7.2f} ms",
    ]
    if events > 0:
        parts.append(f"{events:>9,.0f} chunks/s")
        parts.append(f"first +{of('first_p50_ms', found) - of('first_p50_ms', base):.3f} ms")
    errors = sum(row.load["errors"] for row in found)
    return "  ".join(parts) + (f"  {errors} ERRORS" if errors else "")


def _load(candidate: Candidate, connections: int, seconds: float, size: int, kind: str) -> Seen:
    before = _cpu_s(candidate.process)
    command = [sys.executable, str(HERE / "gateway_load.py"), str(candidate.port), candidate.key, str(connections),
               str(seconds), str(size), kind, candidate.model]  # fmt: skip
    load = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=seconds + 60).stdout)
    after = _cpu_s(candidate.process)
    cpu = None if before is None or after is None else (after - before) / max(1, load["requests"]) * 1e6
    return Seen(load, cpu)


def _cpu_s(process: psutil.Process | None) -> float | None:
    if process is None:
        return None
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def _resident_mb(candidate: Candidate) -> float:
    if candidate.process is None:
        return 0.0
    family = (candidate.process, *candidate.process.children(recursive=True))
    return sum(one.memory_info().rss for one in family) / 1e6


def _lost(candidate: Candidate) -> str:
    connection = HTTPConnection("127.0.0.1", candidate.port, timeout=10)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {candidate.key}"})
    text = connection.getresponse().read().decode()
    return next(
        line.split()[1] for line in text.splitlines() if line.startswith("masthead_gateway_records_lost_total ")
    )


@contextmanager
def upstream(port: int) -> Generator[int]:
    """Run the static upstream: answers of 1 kB, streams of 200 chunks."""
    port = port or _free_port()
    process = subprocess.Popen([sys.executable, str(HERE / "gateway_upstream.py"), str(port), "1100", "200"])
    try:
        _wait(lambda: _answers(port), process)
        yield port
    finally:
        process.kill()
        process.wait()


@contextmanager
def gateway(folder: Path, upstream_port: int, workers: int) -> Generator[tuple[Candidate, float]]:
    """Run `masthead gateway` in front of it, with a key demanded and recording on."""
    (folder / "gateway.toml").write_text(
        f'[connections.static]\nbase_url = "http://127.0.0.1:{upstream_port}/v1"\nallow_networks = ["loopback"]\n'
    )
    made = subprocess.run(
        [sys.executable, *_ALL, "--data-dir", str(folder), "key", "create", "--role", "editor", "--name", "benchmark"],
        check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    key = next(word for word in made.stdout.split() if word.startswith("mh_"))
    port = _free_port()
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *_ALONE, "--data-dir", str(folder), "gateway", "--port", str(port), "--workers", str(workers)],
        env=os.environ | {"MASTHEAD_REQUIRE_KEYS": "true", "MASTHEAD_LOG_LEVEL": "error"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(lambda: _answers(port), process)
        start_s = time.monotonic() - started
        yield Candidate("Masthead", port, key, "static-1", psutil.Process(process.pid)), start_s
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _peer(given: str) -> Candidate:
    name, _, rest = given.partition("=")
    url, model, key, *pid = rest.split(",")
    process = psutil.Process(int(pid[0])) if pid else None
    return Candidate(name, int(url.rstrip("/").rsplit(":", 1)[1]), key, model, process)


def _wait(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_S
    while not holds():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{process.args} does not serve (exit code {process.returncode})")
        time.sleep(0.01)


def _answers(port: int) -> bool:
    try:
        connection = HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    main()
