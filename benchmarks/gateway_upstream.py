"""A static upstream for the gateway's benchmarks: answers every request with the same completion, or the same stream.

Not the bottleneck: some 40,000 answers a second on one busy core. Arguments: port, bytes of the answer, chunks. Some
models are special: `idle-1` is a stream that sends an event every five seconds and never ends, `slow-1` one that takes
a second, `tools-1` calls a tool, `fail-1` fails.
"""

import asyncio
import json
import random
import sys

import httptools
import uvloop

CHUNKS_A_WRITE = 8
IDLE_S = 5.0
SLOW_S = 0.05
SLOW_EVENTS = 20


def completion(size: int) -> bytes:
    """Return an answer of about so many bytes."""
    message = {"role": "assistant", "content": "x" * max(0, size - 300)}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "static-1",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 100, "total_tokens": 200},
    }
    return _answer(b"200 OK", json.dumps(body).encode())


def streamed(chunks: int) -> list[bytes]:
    """Return a stream in pieces, as a model's server sends it: a few events a packet."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "static-1"}
    events = [
        json.dumps({**head, "choices": [{"index": 0, "delta": {"content": "word "}, "finish_reason": None}]})
        for _ in range(chunks)
    ]
    events.append(json.dumps({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
    usage = {"prompt_tokens": 100, "completion_tokens": chunks, "total_tokens": 100 + chunks}
    events.append(json.dumps({**head, "choices": [], "usage": usage}))
    events.append("[DONE]")
    wire = [f"data: {event}\n\n".encode() for event in events]
    packets = [b"".join(wire[at : at + CHUNKS_A_WRITE]) for at in range(0, len(wire), CHUNKS_A_WRITE)]
    start = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return [start, *(b"%x\r\n%s\r\n" % (len(packet), packet) for packet in packets), b"0\r\n\r\n"]


def called(number: int) -> bytes:
    """Return an answer that calls a tool, each time another."""
    asked = {"name": "look", "arguments": json.dumps({"at": number})}
    call = {"id": f"call_{number}", "type": "function", "function": asked}
    body = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "tools-1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": [call]},
                     "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }  # fmt: skip
    return _answer(b"200 OK", json.dumps(body).encode())


def _answer(status: bytes, data: bytes) -> bytes:
    head = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % (status, len(data)) + data


_FAILED = _answer(b"500 Internal Server Error", b'{"error": {"message": "broken", "type": "server_error"}}')


class Static(asyncio.Protocol):
    """Answers requests."""

    whole: bytes = b""
    event: bytes = b""
    pieces: list[bytes] = []  # noqa: RUF012 - set once, before the first connection
    calls = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.parser = httptools.HttpRequestParser(self)
        self.is_stream, self.model = False, b""
        self.timer: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop an idle stream."""
        if self.timer is not None:
            self.timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse."""
        self.parser.feed_data(data)

    def on_message_begin(self) -> None:
        """Forget the request before."""
        self.is_stream, self.model = False, b""

    def on_body(self, body: bytes) -> None:
        """Look which model is wanted, and whether as a stream."""
        self.is_stream = self.is_stream or b'"stream":true' in body
        self.model = self.model or body[:200].partition(b'"model":"')[2].partition(b'"')[0]

    def on_message_complete(self) -> None:
        """Answer; a stream piece by piece, each in a turn of the loop of its own."""
        if self.model in {b"idle-1", b"slow-1"}:
            self.transport.write(self.pieces[0])
            self._tick(0, IDLE_S * random.random())
        elif self.is_stream:
            self._next(0)
        elif self.model == b"tools-1":
            Static.calls += 1
            self.transport.write(called(Static.calls))
        else:
            self.transport.write(_FAILED if self.model == b"fail-1" else self.whole)

    def _tick(self, number: int, after_s: float) -> None:
        if self.model == b"slow-1" and number == SLOW_EVENTS:
            self.transport.write(self.pieces[-2] + self.pieces[-1])
            return
        self.transport.write(self.event)
        wait_s = after_s if self.model == b"idle-1" else SLOW_S
        self.timer = asyncio.get_running_loop().call_later(wait_s, self._tick, number + 1, IDLE_S)

    def _next(self, at: int) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(self.pieces[at])
        if at + 1 < len(self.pieces):
            asyncio.get_running_loop().call_soon(self._next, at + 1)


async def main(port: int, size: int, chunks: int) -> None:
    """Serve until killed."""
    Static.whole, Static.pieces = completion(size), streamed(chunks)
    event = streamed(1)[1].partition(b"\r\n")[2].partition(b"\n\n")[0] + b"\n\n"
    Static.event = b"%x\r\n%s\r\n" % (len(event), event)
    server = await asyncio.get_running_loop().create_server(Static, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(*map(int, sys.argv[1:4])))
