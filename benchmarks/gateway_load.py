"""A load generator for `benchmarks/gateway.py`, in a process of its own: prints one line of JSON.

Its argument is a `Spec` as JSON. Every request is a conversation of its own: its text begins with a number that no
other has. Connections that still wait three seconds after the time is over are cut, and their requests not counted.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import httptools
import uvloop

_GRACE_S = 3.0
_MARK = b"#" * 20


class Spec(NamedTuple):
    """What is sent, and for how long."""

    port: int
    path: str
    headers: dict[str, str]
    model: str
    connections: int
    seconds: float
    size: int
    is_stream: bool = False
    keys: Sequence[str] = ()
    """Where there are any, connections use them in turns."""


class Client(asyncio.Protocol):
    """One connection that asks again as soon as it was answered."""

    def __init__(self, load: "Load", request: bytes) -> None:
        self.load = load
        self.head, self.tail = request.split(_MARK)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.load.clients.append(self)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Parse."""
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Count events, and note when the first came."""
        if self.first_s is None:
            self.first_s = time.perf_counter()
            self.load.firsts.append(self.first_s - self.begun_s)
        self.load.events += body.count(b"\n\n")

    def on_message_complete(self) -> None:
        """Note how long it took, and ask again while there is time."""
        now_s = time.perf_counter()
        self.load.seconds.append(now_s - self.begun_s)
        self.load.errors += self.parser.get_status_code() != 200
        if now_s < self.load.until_s:
            self._ask()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Be done."""
        self.load.errors += exc is not None
        self.load.open -= 1
        if self.load.open == 0:
            self.load.done.set()

    def _ask(self) -> None:
        self.first_s: float | None = None
        self.parser = httptools.HttpResponseParser(self)
        self.begun_s = time.perf_counter()
        self.transport.write(b"%s%020d%s" % (self.head, self.load.number(), self.tail))


class Load:
    """What is sent, and what came of it."""

    def __init__(self, spec: Spec) -> None:
        self.until_s = time.perf_counter() + spec.seconds
        self.open = spec.connections
        self.done = asyncio.Event()
        self.clients: list[Client] = []
        self.seconds: list[float] = []
        self.firsts: list[float] = []
        self.events = 0
        self.errors = 0
        self._next = time.time_ns()

    def number(self) -> int:
        """Return the number of the next request."""
        self._next += 1
        return self._next


def request_of(spec: Spec) -> bytes:
    """Return a chat completion's request of about so many bytes, with a mark where the number goes."""
    text = _MARK.decode() + " word" * ((max(100, spec.size) - 100) // 5)
    body: dict[str, object] = {"model": spec.model, "messages": [{"role": "user", "content": text}]}
    if spec.is_stream:
        body["stream"] = True
    data = json.dumps(body, separators=(",", ":")).encode()
    headers = {"host": "127.0.0.1", "content-type": "application/json", **spec.headers, "content-length": len(data)}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {spec.path} HTTP/1.1\r\n{head}\r\n".encode() + data


async def main(spec: Spec) -> dict[str, Any]:
    """Load the port and return what was seen."""
    load = Load(spec)
    begun_s = time.perf_counter()
    loop = asyncio.get_running_loop()
    keys = [{"authorization": f"Bearer {key}"} for key in spec.keys] or [{}]
    requests = [request_of(spec._replace(headers=spec.headers | key)) for key in keys]
    for at in range(spec.connections):
        await loop.create_connection(lambda at=at: Client(load, requests[at % len(requests)]), "127.0.0.1", spec.port)
    try:
        async with asyncio.timeout(spec.seconds + _GRACE_S):
            await load.done.wait()
    except TimeoutError:
        for client in load.clients:
            client.transport.abort()
    took_s = time.perf_counter() - begun_s
    return {
        "requests": len(load.seconds),
        "seconds": took_s,
        "errors": load.errors,
        "events": load.events,
        "p50_ms": _at(load.seconds, 0.5),
        "p99_ms": _at(load.seconds, 0.99),
        "first_p50_ms": _at(load.firsts, 0.5),
    }


def _at(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)] * 1e3 if times else float("nan")


if __name__ == "__main__":
    print(json.dumps(uvloop.run(main(Spec(**json.loads(sys.argv[1]))))))
