"""What content plugins cost: processor time a chunk of a stream, and a call, beside the same without any.

python benchmarks/content.py
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from masthead.gateway.streams import Pipe
from masthead.providers.dialects import Dialect
from masthead.testing.content import ContentSite
from masthead.testing.exchanges import exchange_of
from masthead.testing.streamed import streamed

CHAT = Dialect.OPENAI_CHAT
ROUNDS = 7
PII: Mapping[str, Any] = {"kind": "pii"}
BANNED: Mapping[str, Any] = {"kind": "banned", "words": ["dragon", "sea monster"]}
MANY: Mapping[str, Any] = {"kind": "banned", "words": [f"word{number}x" for number in range(1000)]}
BOUND: Mapping[str, Any] = {"kind": "max_output", "characters": 10**6}
CASES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "none": [],
    "pii": [PII],
    "banned, 2 words": [BANNED],
    "banned, 1,000 words": [MANY],
    "max_output": [BOUND],
    "pii, banned and max_output": [PII, BANNED, BOUND],
}


async def chunk_us(plugins: Sequence[Mapping[str, Any]]) -> float:
    """Return the processor time of one chunk of a stream of chat completions, in microseconds."""
    site = ContentSite(plugins)
    chunks = [chunk + b"\n\n" for chunk in streamed(CHAT, ["word "] * 1000).split(b"\n\n") if chunk]
    exchange = await site.asked(CHAT, "I am anna@example.com", stream=True)
    best_s = float("inf")
    for _ in range(ROUNDS):
        found = site.chain.filter(exchange)
        pipe = Pipe(CHAT, None, () if found is None else (found,))
        begin_s = time.process_time()
        for chunk in chunks:
            pipe.feed(chunk)
        best_s = min(best_s, time.process_time() - begin_s)
    return best_s / len(chunks) * 1e6


async def call_us(plugins: Sequence[Mapping[str, Any]], size_bytes: int) -> float:
    """Return the processor time that a call of a size takes before it is sent, in microseconds."""
    site = ContentSite(plugins)
    text = "The quick brown fox jumps over the lazy dog. " * (size_bytes // 45)
    best_s = float("inf")
    for _ in range(5 * ROUNDS):
        exchange = exchange_of({"model": "m", "messages": [{"role": "user", "content": text}]})
        begin_s = time.process_time()
        await site.chain.before(exchange)
        best_s = min(best_s, time.process_time() - begin_s)
    return best_s * 1e6


async def main() -> None:
    """Print the table."""
    print("| plugins | µs a chunk | µs a call of 1 kB | µs a call of 100 kB |\n|---|---|---|---|")
    for name, plugins in CASES.items():
        figures = [await chunk_us(plugins), await call_us(plugins, 1000), await call_us(plugins, 100_000)]
        print(f"| {name} | {' | '.join(f'{figure:.1f}' for figure in figures)} |")


if __name__ == "__main__":
    asyncio.run(main())
