"""Calls of agents to a gateway with guards, without a gateway: what a plugin sees of them."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from masthead.clock import FixedClock
from masthead.gateway.agents.guards import AgentGuards
from masthead.gateway.agents.keep import Keeper
from masthead.gateway.agents.stitch import MOST_BYTES
from masthead.gateway.call import Exchange
from masthead.gateway.config_routes import GuardsConfig
from masthead.gateway.seams import Refused
from masthead.model.reading import Usage
from masthead.testing.exchanges import CHAT, exchange_of

Message = Mapping[str, Any]


def user(text: str) -> Message:
    """Return what a person says."""
    return {"role": "user", "content": text}


def system(text: str) -> Message:
    """Return a system prompt."""
    return {"role": "system", "content": text}


def assistant(text: str) -> Message:
    """Return what a model said."""
    return {"role": "assistant", "content": text}


def calls(id_: str, name: str, arguments: str = "{}") -> Message:
    """Return a model's call of a tool."""
    call = {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def result(id_: str, text: str) -> Message:
    """Return a tool's result."""
    return {"role": "tool", "tool_call_id": id_, "content": text}


@dataclass
class Site:
    """Guards, and programs that call through them: each call a second after the one before."""

    config: GuardsConfig = field(default_factory=GuardsConfig)
    clock: FixedClock = field(default_factory=FixedClock)
    folder: Path | None = None
    price_usd: Decimal | None = Decimal("0.01")
    most_bytes: int = MOST_BYTES

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        keeper = Keeper(self.folder / "runs.jsonl") if self.folder is not None else None
        self.guards = AgentGuards(lambda _call: self.config, self._cost, self.clock, keeper, most_bytes=self.most_bytes)

    def _cost(self, _provider: str | None, _model: str, _usage: Usage) -> Decimal | None:
        return self.price_usd

    async def call(
        self,
        messages: Sequence[Message],
        reply: Message | None,
        *,
        key: str | None = None,
        run: str | None = None,
        headers: Mapping[bytes, bytes] | None = None,
        **members: Any,
    ) -> Exchange:
        """Make a call of chat completions; `reply` None is an upstream that fails."""
        body = msgspec.json.encode({"model": "m", "messages": messages, **members})
        return await self.make(CHAT, body, reply and _completion(reply), key=key, run=run, headers=headers)

    async def make(
        self,
        path: str,
        body: bytes,
        reply: Mapping[str, Any] | None,
        *,
        key: str | None = None,
        run: str | None = None,
        headers: Mapping[bytes, bytes] | None = None,
    ) -> Exchange:
        """Make a call of any dialect, answered by `reply`, a body of that dialect."""
        self.clock.advance(1)
        number, now_ns = next(self._numbers), self.clock.now_ns()
        exchange = exchange_of(body, path=path, key=key, run=run, headers=headers, number=number, start_ns=now_ns)
        try:
            await self.guards.before(exchange)
        except Refused as refused:
            exchange.status, exchange.error = refused.status, str(refused)
        else:
            exchange.status = 502 if reply is None else 200
            exchange.answered.append(msgspec.json.encode(reply) if reply is not None else b"{}")
        self.guards.ended(exchange)
        return exchange


def _completion(message: Message) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": dict(message), "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


def agent_of(exchange: Exchange) -> object:
    """Return the name of the agent that the call was found to be of."""
    return exchange.attributes.get("gen_ai.agent.name")


def link_of(exchange: Exchange) -> object:
    """Return what joined the call to its run."""
    return exchange.attributes.get("masthead.gateway.joined_by")
