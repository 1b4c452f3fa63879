"""The gateway for ten minutes at half of what it can do, with traffic of every kind: does it leak, does it drift?

    python benchmarks/gateway_soak.py                    ten minutes, and half a minute before to see what it can do
    python benchmarks/gateway_soak.py --minutes 1 --rate 300

Of 100 calls some 35 are plain, 15 streams, 10 streams that take a second, 10 are left by their client in the middle,
15 go on with one of many agents' conversations with tools, 5 are of 100 kB, 10 are wrong in several ways. Keys, end
users and agents are many. What is recorded goes on to a server that takes it, and everything is on.
"""

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import linear_regression, median
from typing import Any, NamedTuple

import uvloop
from gateway_candidates import Candidate, gateway, loop_lag, metrics, new_key, resident_mb, upstream

_WINDOW_S = 5.0
_CALLERS = 128
_TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


class Sample(NamedTuple):
    """What was seen in some seconds."""

    at_s: float
    rss_mb: float
    files: int
    calls: int
    p50_ms: float
    p99_ms: float
    late: int
    """How often the loop came over 50 ms late."""


def main() -> None:
    """Run and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=0.0, help="calls a second; 0 takes half of what it can do")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{load:.1f} processes wanted one of {os.cpu_count()} cores in the minute before", flush=True)
    with tempfile.TemporaryDirectory() as name, upstream() as port:
        folder = Path(name)
        environment = {"MASTHEAD_GATEWAY_RECORDS_TO": f"http://127.0.0.1:{port}"}
        with gateway(folder, port, environment=environment) as ours:
            more = [new_key(folder, f"team-{at}") for at in range(4)]
            keys = [dict(ours.headers), *({"authorization": f"Bearer {key}"} for key in more)]
            soak = Soak(ours, keys)
            rate = given.rate
            if not rate:
                rate = uvloop.run(soak.run(20.0, 1e9)) / 2
                soak = Soak(ours, keys)
            print(f"{rate:.0f} calls a second for {given.minutes:g} minutes", flush=True)
            uvloop.run(soak.run(given.minutes * 60, rate, _print))
            time.sleep(3)
            found = metrics(ours)
            in_flight, lost = found["masthead_gateway_in_flight"], found["masthead_gateway_records_lost_total"]
            print(f"answers: {dict(soak.statuses)}; in flight at the end {in_flight:.0f}, not recorded {lost:.0f}")
    judge(soak.samples)


def judge(samples: list[Sample]) -> None:
    """Say whether it leaks or drifts, comparing the second quarter of the time with the last one."""
    quarter = max(1, len(samples) // 4)
    early, late = samples[quarter : 2 * quarter] or samples, samples[-quarter:]
    settled = samples[quarter:]
    slope, _ = linear_regression([one.at_s / 60 for one in settled], [one.rss_mb for one in settled])

    def of(what: Callable[[Sample], float], rows: list[Sample]) -> float:
        return median(map(what, rows))

    grown = of(lambda one: one.rss_mb, late) - of(lambda one: one.rss_mb, early)
    files = of(lambda one: one.files, late) - of(lambda one: one.files, early)
    p50, p99 = (of(what, late) / of(what, early) for what in (lambda one: one.p50_ms, lambda one: one.p99_ms))
    leaks = grown > max(8.0, 0.05 * of(lambda one: one.rss_mb, early)) or files > 32
    print(f"from the second quarter to the last: resident {grown:+.1f} MB, open files {files:+.0f}")
    print(f"a line through the last three quarters: {slope:+.2f} MB a minute")
    print(f"p50 × {p50:.2f}, p99 × {p99:.2f}; the loop came over 50 ms late {sum(one.late for one in samples)} times")
    print("LEAK" if leaks else "no leak", "DRIFT" if p50 > 1.3 else "no drift", sep=", ")


def _print(one: Sample) -> None:
    print(
        f"{one.at_s:6.0f} s  {one.calls:6,} calls  p50 {one.p50_ms:7.2f} ms  p99 {one.p99_ms:8.1f} ms"
        f"  resident {one.rss_mb:6.1f} MB  {one.files:4} files  late {one.late}", flush=True,
    )  # fmt: skip


class Soak:
    """The callers, and what they saw."""

    def __init__(self, ours: Candidate, keys: list[dict[str, str]]) -> None:
        self.ours = ours
        self.keys = keys
        self.statuses: Counter[int] = Counter()
        self.samples: list[Sample] = []
        self._took_s: list[float] = []
        self._next_s = 0.0

    async def run(self, seconds: float, rate: float, tell: Callable[[Sample], None] | None = None) -> float:
        """Call for so long; return how many calls were answered a second."""
        loop = asyncio.get_running_loop()
        began_s = self._next_s = loop.time()
        until_s = began_s + seconds
        callers = [asyncio.create_task(self._call_on(until_s, rate)) for _ in range(_CALLERS)]
        late, _ = await asyncio.to_thread(loop_lag, self.ours)
        while (now_s := loop.time()) < until_s:
            await asyncio.sleep(min(_WINDOW_S, until_s - now_s))
            took, self._took_s = sorted(self._took_s) or [0.0], []
            (late, _), before = await asyncio.to_thread(loop_lag, self.ours), late
            assert self.ours.process is not None  # noqa: S101 - it is ours
            self.samples.append(Sample(
                loop.time() - began_s, resident_mb(self.ours), self.ours.process.num_fds(), len(took),
                took[len(took) // 2] * 1e3, took[len(took) * 99 // 100] * 1e3, late - before,
            ))  # fmt: skip
            if tell is not None:
                tell(self.samples[-1])
        await asyncio.gather(*callers)
        return sum(one.calls for one in self.samples) / seconds

    async def _call_on(self, until_s: float, rate: float) -> None:
        loop = asyncio.get_running_loop()
        agents = [[_user(f"Task {random.random()}")] for _ in range(8)]
        while loop.time() < until_s:
            self._next_s = max(self._next_s + 1 / rate, loop.time() - 1)
            await asyncio.sleep(max(0.0, self._next_s - loop.time()))
            async with _connected(self.ours.port) as connection:
                for _ in range(random.randrange(1, 30)):
                    if not await self._one(connection, agents) or loop.time() > until_s:
                        break
                    self._next_s = max(self._next_s + 1 / rate, loop.time() - 1)
                    await asyncio.sleep(max(0.0, self._next_s - loop.time()))

    async def _one(self, connection: "Connection", agents: list[list[dict[str, Any]]]) -> bool:
        """Make a call of some kind; return whether the connection can be used again."""
        kind = random.randrange(100)
        headers = random.choice(self.keys)
        if kind < 35:
            return await self._timed(connection, _body("static-1", [_user(_text(900))]), headers)
        if kind < 60:
            body = _body("static-1" if kind < 50 else "slow-1", [_user(_text(900))], stream=True)
            return await self._timed(connection, body, headers, is_timed=kind < 50)
        if kind < 70:
            await connection.leave(_body("slow-1", [_user(_text(300))], stream=True), headers)
            self.statuses[-1] += 1
            return False
        if kind < 85:
            return await self._go_on(connection, random.choice(agents), headers)
        if kind < 90:
            return await self._timed(connection, _body("static-1", [_user(_text(100_000))]), headers)
        wrong: tuple[tuple[bytes, dict[str, str]], ...] = (
            (b'{"model": "static-1", "messages": [', headers),
            (_body("fail-1", [_user("It fails.")]), headers),
            (_body("static-1", [_user("Who is it?")]), {"authorization": f"Bearer mh_{random.random()}"}),
            (b'{"messages": []}', headers),
        )
        return await self._timed(connection, *random.choice(wrong))

    async def _go_on(self, connection: "Connection", talk: list[dict[str, Any]], headers: dict[str, str]) -> bool:
        body = _body("tools-1", talk, tools=[_TOOL], user=f"user-{random.randrange(5000)}")
        goes_on = await self._timed(connection, body, {**headers, "x-masthead-agent": f"agent-{random.randrange(200)}"})
        if connection.status == 200 and len(talk) < 24:
            said = json.loads(connection.body)["choices"][0]["message"]
            call = said["tool_calls"][0]["id"]
            talk += [said, {"role": "tool", "tool_call_id": call, "content": _text(200)}]
        else:
            talk[:] = [_user(f"Task {random.random()}: {_text(300)}")]
        return goes_on

    async def _timed(
        self, connection: "Connection", body: bytes, headers: dict[str, str], *, is_timed: bool = True
    ) -> bool:
        began_s = time.perf_counter()
        goes_on = await connection.ask(body, headers)
        if is_timed:
            self._took_s.append(time.perf_counter() - began_s)
        self.statuses[connection.status] += 1
        return goes_on


class Connection:
    """One HTTP connection of a caller."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0
        self.body = b""

    async def ask(self, body: bytes, headers: dict[str, str]) -> bool:
        """Send a request and read the whole answer; return whether the connection stays."""
        self.writer.write(_request(body, headers))
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.status = int(head[9:12])
        lower = head.lower()
        if b"\r\ntransfer-encoding: chunked" in lower:
            while size := int(await self.reader.readline(), 16):
                await self.reader.readexactly(size + 2)
            await self.reader.readline()
        else:
            length = int(lower.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
            self.body = await self.reader.readexactly(length)
        return b"\r\nconnection: close" not in lower

    async def leave(self, body: bytes, headers: dict[str, str]) -> None:
        """Send a request and go away in the middle of its answer."""
        self.writer.write(_request(body, headers))
        await self.reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.3 * random.random())
        self.writer.transport.abort()


@asynccontextmanager
async def _connected(port: int) -> AsyncGenerator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def _request(body: bytes, headers: dict[str, str]) -> bytes:
    given = {"host": "127.0.0.1", "content-type": "application/json", **headers, "content-length": len(body)}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n".encode() + body


def _body(model: str, messages: list[dict[str, Any]], **more: Any) -> bytes:
    return json.dumps({"model": model, "messages": messages, **more}, separators=(",", ":")).encode()


def _user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def _text(size: int) -> str:
    return f"{random.getrandbits(64):x} " + "words of no use " * (size // 16)


if __name__ == "__main__":
    main()
