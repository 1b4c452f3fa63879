"""A load generator for `benchmarks/gateway.py`, in a process of its own: prints one line of JSON.

Arguments: port, key, connections, seconds, bytes of the request, `plain` or `stream`, model.
"""

import asyncio
import json
import sys
import time

import httptools
import uvloop


class Client(asyncio.Protocol):
    """One connection that asks again as soon as it was answered."""

    def __init__(self, load: "Load") -> None:
        self.load = load

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Parse."""
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Count events, and note when the first came."""
        if self.first_s is None:
            self.first_s = time.perf_counter()
        self.load.events += body.count(b"\n\n")

    def on_message_complete(self) -> None:
        """Note how long it took, and ask again while there is time."""
        now_s = time.perf_counter()
        self.load.seconds.append(now_s - self.begun_s)
        self.load.firsts.append((self.first_s or now_s) - self.begun_s)
        self.load.errors += self.parser.get_status_code() != 200
        if now_s < self.load.until_s:
            self._ask()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Be done."""
        self.load.open -= 1
        if self.load.open == 0:
            self.load.done.set()

    def _ask(self) -> None:
        self.first_s: float | None = None
        self.parser = httptools.HttpResponseParser(self)
        self.begun_s = time.perf_counter()
        self.transport.write(self.load.request)


class Load:
    """What is sent, and what came of it."""

    def __init__(self, request: bytes, seconds: float, connections: int) -> None:
        self.request = request
        self.until_s = time.perf_counter() + seconds
        self.open = connections
        self.done = asyncio.Event()
        self.seconds: list[float] = []
        self.firsts: list[float] = []
        self.events = 0
        self.errors = 0


def request_of(key: str, size: int, model: str, *, is_stream: bool) -> bytes:
    """Return a chat completion's request of about so many bytes."""
    body: dict[str, object] = {"model": model, "messages": [{"role": "user", "content": "x" * max(1, size - 80)}]}
    if is_stream:
        body["stream"] = True
    data = json.dumps(body, separators=(",", ":")).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {key}\r\ncontent-length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


async def main(port: int, request: bytes, connections: int, seconds: float) -> None:
    """Load the port and print what was seen."""
    load = Load(request, seconds, connections)
    begun_s = time.perf_counter()
    for _ in range(connections):
        await asyncio.get_running_loop().create_connection(lambda: Client(load), "127.0.0.1", port)
    async with asyncio.timeout(seconds + 30):
        await load.done.wait()
    took_s = time.perf_counter() - begun_s
    times, firsts = sorted(load.seconds), sorted(load.firsts)
    told = {
        "requests": len(times),
        "seconds": took_s,
        "errors": load.errors,
        "events": load.events,
        "p50_ms": times[len(times) // 2] * 1e3,
        "p99_ms": times[len(times) * 99 // 100] * 1e3,
        "first_p50_ms": firsts[len(firsts) // 2] * 1e3,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    port, key, connections, seconds, size, kind, model = sys.argv[1:]
    request = request_of(key, int(size), model, is_stream=kind == "stream")
    uvloop.run(main(int(port), request, int(connections), float(seconds)))
