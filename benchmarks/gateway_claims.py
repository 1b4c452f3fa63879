"""What the gateway claims about load beside its speed: workers, large bodies, and streams that hardly say anything.

    python benchmarks/gateway_claims.py workers          two workers beside one
    python benchmarks/gateway_claims.py bodies           requests of 1 MB for twenty seconds
    python benchmarks/gateway_claims.py idle             10,000 open streams, an event every five seconds each
    python benchmarks/gateway_claims.py idle --streams 2000

`masthead gateway` runs with everything on: a key is demanded, routes, guards, and every call recorded to the spool.
"""

import argparse
import asyncio
import json
import os
import resource
import tempfile
import time
from pathlib import Path

import uvloop
from gateway_candidates import (
    Candidate,
    cpu_s,
    family,
    gateway,
    loaded,
    loop_lag,
    metrics,
    new_key,
    resident_mb,
    upstream,
)

MB = 1_000_000
_OPEN_A_SECOND = 1000
_KEYS = 6
"""The guards of a key's runs are in one worker, which others ask: with a single key it would have more to do."""


def main() -> None:
    """Measure one claim and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("workers", "bodies", "idle"))
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--hold", type=float, default=20.0, help="seconds that the streams are held open")
    given = parser.parse_args()
    print(f"{os.getloadavg()[0]:.1f} processes wanted one of {os.cpu_count()} cores in the minute before", flush=True)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as name, upstream() as port:
        if given.what == "workers":
            _workers(Path(name), port)
            return
        with gateway(Path(name), port) as ours:
            if given.what == "bodies":
                _bodies(ours)
                return
            streams = min(given.streams, (hard - 256) // 2)
            if streams < given.streams:
                print(f"{streams:,} streams, for a process may open {hard:,} files here")
            uvloop.run(_idle(ours, streams, given.hold))


def _workers(folder: Path, port: int) -> None:
    keys = [new_key(folder, f"team-{at}") for at in range(_KEYS)]
    rates: dict[int, float] = {}
    costs: dict[int, float] = {}
    even = 1.0
    for workers in (1, 2):
        with gateway(folder, port, workers=workers) as ours:
            time.sleep(1)
            loaded(ours, connections=64, seconds=1.0, size=1000, keys=keys)
            before = _each(ours)
            load, cost = loaded(ours, connections=64, seconds=5.0, size=1000, keys=keys)
            used = [one - two for one, two in zip(_each(ours), before, strict=True)]
            rates[workers], costs[workers] = load["requests"] / load["seconds"], cost or 0.0
            even = min(used) / max(used)
            told = ", ".join(f"{one / sum(used):.0%}" for one in used)
            print(
                f"{workers} worker(s): {rates[workers]:,.0f} requests/s, CPU {costs[workers]:.0f} µs a request,"
                f" shares of it {told}, p99 {load['p99_ms']:.1f} ms, {load['errors']} errors", flush=True,
            )  # fmt: skip
    print(f"measured, the load and the upstream on the same {os.cpu_count()} cores: {rates[2] / rates[1]:.2f} ×")
    print(f"by processor time, where each worker has a core for itself: {2 * costs[1] / costs[2]:.2f} × (asked ≥ 1.7)")
    print(f"the lesser share of the work is {even:.0%} of the greater")


def _each(ours: Candidate) -> list[float]:
    processes = family(ours)[1:] or family(ours)
    return [one.cpu_times().user + one.cpu_times().system for one in processes]


def _bodies(ours: Candidate) -> None:
    before_mb = resident_mb(ours)
    for seconds in (4.0, 8.0, 8.0):
        load, cost = loaded(ours, connections=8, seconds=seconds, size=MB)
        print(
            f"{load['requests']:,} requests of 1 MB, {load['requests'] / load['seconds']:,.0f} a second,"
            f" CPU {cost:,.0f} µs each, {load['errors']} errors; resident {resident_mb(ours):.0f} MB", flush=True,
        )  # fmt: skip
    time.sleep(3)
    found = metrics(ours)
    thinned, lost = (found[f"masthead_gateway_records_{what}_total"] for what in ("thinned", "lost"))
    print(f"resident before {before_mb:.0f} MB, three seconds after {resident_mb(ours):.0f} MB")
    print(f"recorded without their content {thinned:.0f}, not recorded {lost:.0f}")
    print(_lag(ours))


def _lag(ours: Candidate) -> str:
    late, longest_ms = loop_lag(ours)
    return f"the loop came late by {longest_ms:.0f} ms at most, {late} times by over 50 ms (asked: never)"


class _Stream(asyncio.Protocol):
    """Asks for a stream and counts its events."""

    events = 0
    gone = 0

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.status = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.status = self.status or data[9:12]
        _Stream.events += data.count(b"\n\n")

    def connection_lost(self, exc: Exception | None) -> None:
        _Stream.gone += 1


async def _idle(ours: Candidate, streams: int, hold_s: float) -> None:
    loop = asyncio.get_running_loop()
    before_mb = resident_mb(ours)
    opened: list[_Stream] = []
    began_s = loop.time()
    for at in range(streams):
        _, stream = await loop.create_connection(lambda at=at: _Stream(_request(ours, at)), "127.0.0.1", ours.port)
        opened.append(stream)
        await asyncio.sleep(max(0.0, began_s + at / _OPEN_A_SECOND - loop.time()))
    async with asyncio.timeout(60):
        while sum(stream.status != b"" for stream in opened) + _Stream.gone < streams:  # noqa: ASYNC110 - of thousands
            await asyncio.sleep(0.1)
    took_s = loop.time() - began_s
    wrong = sum(stream.status != b"200" for stream in opened)
    open_mb = resident_mb(ours)
    print(
        f"{streams:,} streams opened in {took_s:.1f} s ({wrong} not); resident {before_mb:.0f} MB before,"
        f" {open_mb:.0f} MB with them: {(open_mb - before_mb) / streams * 1e3:.1f} kB a stream", flush=True,
    )  # fmt: skip
    events, used_s = _Stream.events, cpu_s(ours) or 0.0
    await asyncio.sleep(hold_s)
    used = ((cpu_s(ours) or 0.0) - used_s) / hold_s
    print(
        f"held for {hold_s:.0f} s: {(_Stream.events - events) / hold_s:,.0f} events/s, {used:.0%} of a core,"
        f" resident {resident_mb(ours):.0f} MB, {_Stream.gone} broke off", flush=True,
    )  # fmt: skip
    print(await asyncio.to_thread(_lag, ours), flush=True)
    for at, stream in enumerate(opened):
        stream.transport.abort()
        if at % 10 == 9:
            await asyncio.sleep(10 / _OPEN_A_SECOND)
    await asyncio.sleep(5)
    found = await asyncio.to_thread(metrics, ours)
    in_flight, lost = found["masthead_gateway_in_flight"], found["masthead_gateway_records_lost_total"]
    told = f"{in_flight:.0f} in flight, resident {resident_mb(ours):.0f} MB, {lost:.0f} not recorded"
    print(f"five seconds after all left: {told}")
    print(await asyncio.to_thread(_lag, ours))


def _request(ours: Candidate, at: int) -> bytes:
    text = f"Stream {at} of those that hardly say anything. " + "word " * 180
    body = {"model": "idle-1", "stream": True, "messages": [{"role": "user", "content": text}]}
    data = json.dumps(body, separators=(",", ":")).encode()
    headers = {"host": "127.0.0.1", "content-type": "application/json", **ours.headers, "content-length": len(data)}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {ours.path} HTTP/1.1\r\n{head}\r\n".encode() + data


if __name__ == "__main__":
    main()
