"""What the gateway costs a call: requests a second, processor time, added latency, streams, memory and start.

    python benchmarks/gateway.py                          about a minute
    python benchmarks/gateway.py --peers                  beside all of gateway_peers.py, in under six minutes
    python benchmarks/gateway.py --peer nginx --peer TensorZero --rounds 5 --seconds 3
    python benchmarks/gateway.py --peers --python /usr/bin/python3.11      Masthead and LiteLLM on another Python

`masthead gateway` runs with everything on: a key is demanded, routes, guards, and every call recorded to the spool.
Peers run without a database. All stand in front of one static upstream, and rounds of all candidates are interleaved.
Where there are two cores and more, each gateway has the first one for itself (`--no-pin` lets it have all); the load
and the upstream have the others. Processor time is that of the gateway's process and its children.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import psutil
from gateway_candidates import Candidate, free_port, gateway, loaded, metrics, resident_mb, upstream
from gateway_peers import PEERS, Peer, start, stop

OURS = "Masthead"
KINDS = {
    "32 connections, 1 kB": {"connections": 32, "size": 1000},
    "1 connection, 1 kB": {"connections": 1, "size": 1000},
    "8 connections, 100 kB": {"connections": 8, "size": 100_000},
    "32 streams": {"connections": 32, "size": 1000, "is_stream": True},
    "1 stream": {"connections": 1, "size": 1000, "is_stream": True},
}


class Seen(NamedTuple):
    """One round."""

    load: dict[str, Any]
    cpu_us: float | None


class Row(NamedTuple):
    """What the table says of a candidate; None where it does not apply."""

    rate: float
    cpu_us: float | None
    added_ms: float
    chunks: float
    first_ms: float
    large_us: float | None
    start_s: float
    idle_mb: float
    after_mb: float
    errors: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--peers", action="store_true", help="beside all peers")
    parser.add_argument("--peer", action="append", default=[], choices=[one.name for one in PEERS])
    parser.add_argument("--peer-folder", type=Path, default=Path.home() / ".cache" / "masthead-peers")
    parser.add_argument("--python", default=sys.executable, help="for Masthead and LiteLLM; of the same version")
    parser.add_argument("--no-pin", action="store_true", help="give every gateway all cores")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    core = None if given.no_pin or len(cores) < 2 or given.workers > 1 else cores[0]
    if core is not None:
        os.sched_setaffinity(0, cores[1:])
    load = os.getloadavg()[0]
    print(f"Masthead and LiteLLM on {given.python}")
    print(f"{len(cores)} cores, {load:.1f} processes wanted one in the minute before; ", end="")
    print("no gateway is bound to a core" if core is None else "each gateway has one core", flush=True)
    wanted = [one for one in PEERS if given.peers or one.name in given.peer]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        port = stack.enter_context(upstream())
        candidates = [Candidate("direct", port, "/v1/chat/completions", {}, "static-1", None, 0.0)]
        candidates.append(
            stack.enter_context(gateway(Path(name), port, workers=given.workers, core=core, python=given.python))
        )
        root = given.peer_folder / given.python.strip("/").replace("/", "-")
        for peer in wanted:
            try:
                made = _peer(peer, root, Path(name), port, core=core, python=given.python)
                candidates.append(stack.enter_context(made))
            except (RuntimeError, OSError) as error:
                print(f"{peer.name} is not measured: {error}", flush=True)
        rows = _measured(candidates, given.rounds, given.seconds)
        print(f"lost records: {metrics(candidates[1])['masthead_gateway_records_lost_total']:.0f}")
    _print_table(rows)
    _print_limits(rows)


@contextmanager
def _peer(
    peer: Peer, root: Path, folder: Path, upstream_port: int, *, core: int | None, python: str
) -> Generator[Candidate]:
    running = start(peer, root, folder, upstream=upstream_port, port=free_port(), core=core, python=python)
    try:
        yield Candidate(
            peer.name, running.port, running.path, running.headers, running.model,
            psutil.Process(running.process.pid), running.start_s,
        )  # fmt: skip
    finally:
        stop(running.process)


def _measured(candidates: Sequence[Candidate], rounds: int, seconds: float) -> dict[str, Row]:
    """Run every kind of load against everybody, in turns."""
    idle_mb = {candidate.name: resident_mb(candidate) for candidate in candidates}
    for candidate in candidates:
        loaded(candidate, seconds=0.7, connections=8, size=1000)
    seen: dict[str, dict[str, list[Seen]]] = {}
    for title, kind in KINDS.items():
        seen[title] = {candidate.name: [] for candidate in candidates}
        for _ in range(rounds):
            for candidate in candidates:
                seen[title][candidate.name].append(Seen(*loaded(candidate, seconds=seconds, **kind)))
        print(f"\n{title}")
        for name, found in seen[title].items():
            print(f"  {name:<11} {_line(found, seen[title]['direct'])}", flush=True)
    return {one.name: _row(one, seen, idle_mb[one.name]) for one in candidates}


def _of(name: str, rows: Sequence[Seen]) -> float:
    return median(row.load[name] for row in rows)


def _rate(name: str, rows: Sequence[Seen]) -> float:
    return median(row.load[name] / row.load["seconds"] for row in rows)


def _cpu(rows: Sequence[Seen]) -> float | None:
    found = [row.cpu_us for row in rows if row.cpu_us is not None]
    return median(found) if found else None


def _line(found: Sequence[Seen], base: Sequence[Seen]) -> str:
    cpu, events = _cpu(found), _rate("events", found)
    parts = [
        f"{_rate('requests', found):>9,.0f} requests/s",
        "CPU       –   " if cpu is None else f"CPU {cpu:7.0f} µs",
        f"p50 {_of('p50_ms', found):8.3f} ms (+{_of('p50_ms', found) - _of('p50_ms', base):.3f})",
        f"p99 {_of('p99_ms', found):8.2f} ms",
    ]
    if events > 0:
        parts.append(f"{events:>9,.0f} chunks/s")
        parts.append(f"first +{_of('first_p50_ms', found) - _of('first_p50_ms', base):.3f} ms")
    errors = sum(row.load["errors"] for row in found)
    return "  ".join(parts) + (f"  {errors} ERRORS" if errors else "")


def _row(one: Candidate, seen: dict[str, dict[str, list[Seen]]], idle_mb: float) -> Row:
    many, single, large, streams, stream = (seen[title][one.name] for title in KINDS)
    base = {title: seen[title]["direct"] for title in KINDS}
    return Row(
        rate=_rate("requests", many),
        cpu_us=_cpu(many),
        added_ms=_of("p50_ms", single) - _of("p50_ms", base["1 connection, 1 kB"]),
        chunks=_rate("events", streams),
        first_ms=_of("first_p50_ms", stream) - _of("first_p50_ms", base["1 stream"]),
        large_us=_cpu(large),
        start_s=one.start_s,
        idle_mb=idle_mb,
        after_mb=resident_mb(one),
        errors=sum(row.load["errors"] for found in (many, single, large, streams, stream) for row in found),
    )


def _print_table(rows: dict[str, Row]) -> None:
    print("\n| | requests/s, 32 conn. | CPU a request | added p50, 1 conn. | chunks/s, 32 streams |", end="")
    print(" added first chunk | CPU, 100 kB | start | memory before / after | errors |")
    print("|---" * 10 + "|")
    for name, row in rows.items():
        cpu, large = (f"{value:,.0f} µs" if value is not None else "–" for value in (row.cpu_us, row.large_us))
        print(
            f"| {name} | {row.rate:,.0f} | {cpu} | {row.added_ms:.2f} ms | {row.chunks:,.0f} | {row.first_ms:.2f} ms |"
            f" {large} | {row.start_s:.1f} s | {row.idle_mb:.0f} / {row.after_mb:.0f} MB | {row.errors} |"
        )


def _print_limits(rows: dict[str, Row]) -> None:
    """Print what was asked for beside what was found."""
    ours = rows[OURS]
    found = [
        ("CPU a request, 32 connections", ours.cpu_us or 0, "≤", 190.0, "µs"),
        ("added latency, 1 connection, p50", ours.added_ms, "≤", 0.5, "ms"),
        ("chunks a second, 32 streams", ours.chunks, "≥", 40_000.0, ""),
        ("added time to the first chunk", ours.first_ms, "≤", 1.2, "ms"),
        ("100 kB bodies, CPU a request", ours.large_us or 0, "≤", 400.0, "µs"),
        ("resident memory after all this", ours.after_mb, "≤", 120.0, "MB"),
        ("start to the first answer", ours.start_s, "≤", 1.0, "s"),
    ]
    for peer, ratio in (("TensorZero", 1.5), ("Portkey", 9.0), ("LiteLLM", 60.0), ("nginx", 0.2)):
        if peer in rows and rows[peer].rate > 0:
            found.append((f"requests/s, 32 connections, beside {peer}", ours.rate / rows[peer].rate, "≥", ratio, "×"))
    print()
    for what, value, relation, limit, unit in found:
        holds = value <= limit if relation == "≤" else value >= limit
        figures = f"{value:>10,.2f} {unit:<2} asked {relation} {limit:>9,.1f}"
        print(f"  {what:<48} {figures}  {'holds' if holds else 'MISSES'}")


if __name__ == "__main__":
    main()
