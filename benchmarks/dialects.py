"""Measure what a translation between dialects costs, in CPU time on one core, beside decoding and encoding its JSON.

    python -m benchmarks.dialects

Nothing of this is spent where caller and target speak the same dialect.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from masthead.providers.dialects import Dialect, translate
from masthead.providers.sse import Parser

_SECONDS = 0.4
_ROUNDS = 3
_CHUNKS = 500


def main() -> int:
    """Print the figures."""
    print("| what | CPU | beside |\n|---|---|---|")
    stream = _chat_stream()
    events = _CHUNKS + 3
    parsing = _cpu_s(lambda: Parser().feed(stream)) / events
    size = f"{len(stream) // events} bytes"
    print(f"| read one server-sent event of {size} | {parsing * 1e6:.2f} µs | {1 / parsing:,.0f} a second |")
    for source, target, data in (
        (Dialect.ANTHROPIC, Dialect.OPENAI_CHAT, stream),
        (Dialect.OPENAI_RESPONSES, Dialect.OPENAI_CHAT, stream),
        (Dialect.OPENAI_CHAT, Dialect.ANTHROPIC, _anthropic_stream()),
    ):
        call = _call(source, target, 1)
        spent = _cpu_s(lambda call=call, data=data: _streamed(call, data)) / _CHUNKS
        print(
            f"| stream a piece of {target.value} to {source.value} | {spent * 1e6:.1f} µs | {1 / spent:,.0f} a second |"
        )
    for turns in (2, 200):
        for source, target in (
            (Dialect.OPENAI_CHAT, Dialect.ANTHROPIC),
            (Dialect.ANTHROPIC, Dialect.OPENAI_CHAT),
            (Dialect.OPENAI_CHAT, Dialect.GEMINI),
            (Dialect.OPENAI_CHAT, Dialect.BEDROCK),
        ):
            body = json.dumps(_body(source, turns)).encode()
            spent = _cpu_s(lambda body=body, source=source, target=target: _translated(body, source, target))
            plain = _cpu_s(lambda body=body: json.dumps(json.loads(body)))
            kilobytes = f"{len(body) / 1000:.1f} kB"
            ratio = f"{spent / plain:.1f} times json.loads and dumps"
            print(f"| request of {kilobytes}, {source.value} to {target.value} | {spent * 1e6:,.0f} µs | {ratio} |")
    return 0


def _cpu_s(work: Callable[[], object]) -> float:
    """Return CPU seconds for one piece of work: the best of a few rounds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        count, start = 0, time.process_time()
        while (spent := time.process_time() - start) < _SECONDS:
            work()
            count += 1
        best = min(best, spent / count)
    return best


def _body(source: Dialect, turns: int) -> dict[str, Any]:
    messages = [
        {"role": "assistant" if number % 2 else "user", "content": "Tell me more about it. " * 22}
        for number in range(turns - 1 + turns % 2)
    ]
    body: dict[str, Any] = {"model": "m", "messages": messages, "temperature": 0.2, "stream": True}
    return body | ({"max_tokens": 1000} if source is Dialect.ANTHROPIC else {"max_completion_tokens": 1000})


def _call(source: Dialect, target: Dialect, turns: int) -> Any:
    body = {"model": "m", "input": "hi"} if source is Dialect.OPENAI_RESPONSES else _body(source, turns)
    return translate(body, source=source, target=target, model="m", reply_id="r", now_s=1)


def _translated(body: bytes, source: Dialect, target: Dialect) -> str:
    call = translate(json.loads(body), source=source, target=target, model="m", reply_id="r", now_s=1)
    return json.dumps(call.body)


def _streamed(call: Any, data: bytes) -> None:
    stream = call.stream()
    for at in range(0, len(data), 4096):
        stream.feed(data[at : at + 4096])
    stream.close()


def _chat_stream() -> bytes:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunks: list[Any] = [
        {**head, "choices": [{"index": 0, "delta": {"content": " word"}, "finish_reason": None}]}
        for _ in range(_CHUNKS)
    ]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    chunks.append({**head, "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": _CHUNKS}})
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def _anthropic_stream() -> bytes:
    message = {"id": "m", "model": "m", "usage": {"input_tokens": 1, "output_tokens": 1}}
    events: list[Any] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ]
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " word"}}
    events += [delta] * _CHUNKS
    events.append({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": _CHUNKS}})
    events.append({"type": "message_stop"})
    return b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events)


if __name__ == "__main__":
    sys.exit(main())
