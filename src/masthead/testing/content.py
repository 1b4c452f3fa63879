"""Content plugins without a gateway: what they make of a call, of a whole answer, and of a stream in any pieces."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from masthead.clock import FixedClock
from masthead.gateway.answers import JSON
from masthead.gateway.call import Answer, Exchange
from masthead.gateway.config import parse
from masthead.gateway.plugins.chain import ContentPlugins
from masthead.gateway.plugins.veil import Veils
from masthead.gateway.seams import StreamOver
from masthead.gateway.streams import Pipe
from masthead.providers.dialects import Dialect
from masthead.testing.exchanges import exchange_of
from masthead.testing.streamed import PATHS


def content_plugins(plugins: Sequence[Mapping[str, Any]], veils: Veils | None = None) -> ContentPlugins:
    """Return plugins as a configuration says them."""
    return ContentPlugins(parse({"plugins": plugins}, where="test").plugins, veils or Veils(FixedClock()))


@dataclass
class ContentSite:
    """Plugins, and clients whose calls go through them."""

    plugins: Sequence[Mapping[str, Any]]
    veils: Veils = field(default_factory=lambda: Veils(FixedClock()))

    def __post_init__(self) -> None:
        self.chain = content_plugins(self.plugins, self.veils)

    async def asked(self, dialect: Dialect = Dialect.OPENAI_CHAT, said: str = "hi", **more: Any) -> Exchange:
        """Make a call that says something; members beside that as given, and what `exchange_of` takes."""
        named = {name: more.pop(name) for name in ("key", "run", "project", "number") if name in more}
        body = {"model": "m", **_said(dialect, said), **more}
        exchange = exchange_of(body, path=PATHS[dialect], **named)
        await self.chain.before(exchange)
        return exchange

    async def answered(self, exchange: Exchange, body: Mapping[str, Any]) -> Any:
        """Return the body that the client gets for the provider's."""
        answer = await self.chain.after(exchange, Answer(200, (JSON,), msgspec.json.encode(body)))
        exchange.answered.append(answer.body)
        exchange.status = answer.status
        return msgspec.json.decode(answer.body)

    def passed(self, exchange: Exchange, pieces: Iterable[bytes]) -> bytes:
        """Return what the client gets of a stream that arrives in these pieces."""
        found = self.chain.filter(exchange)
        pipe = Pipe(exchange.call.endpoint.dialect, None, () if found is None else (found,))
        exchange.is_stream_answer, exchange.status = True, 200
        try:
            for piece in pieces:
                exchange.answered.append(pipe.feed(piece))
            exchange.answered.append(pipe.end(is_delimited=True))
            exchange.answered.append(pipe.close())
        except StreamOver as over:
            exchange.answered.append(pipe.over(over))
            exchange.error = None if over.refused is None else str(over.refused)
        return b"".join(exchange.answered)


def _said(dialect: Dialect, text: str) -> dict[str, Any]:
    return {"input": text} if dialect is Dialect.OPENAI_RESPONSES else {"messages": [{"role": "user", "content": text}]}
