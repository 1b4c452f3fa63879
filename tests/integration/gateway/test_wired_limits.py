"""Limits as the gateway is wired for real: by models however they are named, by prices, and to the last call."""

import asyncio
import json
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from masthead.gateway.policy.counters import Slot
from masthead.gateway.policy.redis_counters import RedisCounters
from masthead.providers.prices import Prices
from masthead.testing.gateway import RunningGateway, wait_until
from masthead.testing.raw_upstream import Peer, RawUpstream
from masthead.testing.redis import private_redis
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration
USAGE = {"prompt_tokens": 30, "completion_tokens": 10}
ANSWER = {"choices": [{"message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}], "usage": USAGE}
MONEY = '[[limits]]\nper = "project"\nwindow = "total"\ncost_usd = 0.000001\n'


def talk(peer: Peer) -> None:
    while peer.request():
        peer.answer(json.dumps(ANSWER).encode())


@contextmanager
def serving(folder: Path, limits: str) -> Generator[RunningGateway]:
    """Serve a model of one's own, one that everybody knows the price of, and a route to both."""
    with RawUpstream(talk) as upstream:
        text = "".join(
            f'[connections.{name}]\nprovider = "{provider}"\nbase_url = "{upstream.url}"\n'
            f'allow_networks = ["loopback"]\nmodels = ["{model}"]\n'
            for name, provider, model in (("local", "vllm", "llama-3"), ("up", "openai", "gpt-4o-mini"))
        )
        both = '{ connection = "up", model = "gpt-4o-mini" }, { connection = "local", model = "llama-3" }'
        text += f'[[routes]]\nmodel = "both"\ntargets = [{both}]\n'
        with wired_gateway(folder, text + limits) as gateway:
            yield gateway


def ask(gateway: RunningGateway, model: str, path: str = "chat/completions") -> httpx.Response:
    body: dict[str, Any] = {"model": model, "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    return httpx.post(f"{gateway.url}/v1/{path}", json=body, timeout=30)


@pytest.mark.parametrize("only", ["llama-3", "local/llama-3"])
def test_a_model_that_is_named_by_its_connection_is_the_same_model(tmp_path: Path, only: str) -> None:
    limit = f'[[limits]]\nper = "model"\nonly = ["{only}"]\nwindow = "total"\nrequests = 1\n'
    with serving(tmp_path, limit) as gateway:
        asked = ("local/llama-3", "llama-3", "local/llama-3", "gpt-4o-mini")
        assert [ask(gateway, model).status_code for model in asked] == [200, 429, 429, 200]


def test_a_model_without_a_price_is_refused_where_money_is_limited_and_the_remedy_is_said(tmp_path: Path) -> None:
    with serving(tmp_path, MONEY) as gateway:
        refused = ask(gateway, "llama-3")
        in_anthropics = ask(gateway, "llama-3", "messages")
        assert (refused.status_code, in_anthropics.status_code) == (403, 403)
        assert refused.json()["error"]["type"] == "budget_uncountable"
        assert "'llama-3' of 'vllm': give it one in models.toml" in refused.json()["error"]["message"]
        assert in_anthropics.json()["type"] == "error"
        assert ask(gateway, "both").status_code == 200


def test_a_model_of_ones_own_with_a_price_of_nothing_goes_on(tmp_path: Path) -> None:
    free = 'input_usd_per_million = "0"\noutput_usd_per_million = "0"\n'
    (tmp_path / "models.toml").write_text(f'[[models]]\nmodel = "llama-3"\n{free}')
    with serving(tmp_path, MONEY) as gateway:
        assert [ask(gateway, "llama-3").status_code for _ in range(3)] == [200] * 3


def test_a_price_that_is_given_while_the_gateway_serves_counts_from_then_on(tmp_path: Path) -> None:
    with serving(tmp_path, MONEY) as gateway:
        assert ask(gateway, "llama-3").status_code == 403
        price = 'input_usd_per_million = "5"\noutput_usd_per_million = "5"\n'
        (tmp_path / "models.toml").write_text(f'[[models]]\nprovider = "vllm"\nmodel = "llama-3"\n{price}')
        wait_until(lambda: ask(gateway, "llama-3").status_code == 200, "the price is read")
        wait_until(lambda: ask(gateway, "llama-3").status_code == 429, "it has used up the budget")


def test_without_a_limit_of_money_no_price_is_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path, '[[limits]]\nper = "project"\nwindow = "total"\ntokens = 1000\n') as gateway:
        assert ask(gateway, "llama-3").status_code == 200


def test_calls_of_the_first_moments_wait_for_the_prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_load = threading.Event()
    load = Prices.load

    def slowly(prices: Prices) -> object:
        may_load.wait(20)
        return load(prices)

    monkeypatch.setattr(Prices, "load", slowly)
    with serving(tmp_path, MONEY) as gateway:
        soon = threading.Timer(0.3, may_load.set)
        soon.start()
        assert ask(gateway, "gpt-4o-mini").status_code == 200
        assert may_load.is_set()
        refused = ask(gateway, "gpt-4o-mini")
        assert (refused.status_code, "used up" in refused.text) == (429, True)


def test_what_the_last_call_used_is_in_redis_when_the_gateway_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = RedisCounters.add

    async def slowly(self: RedisCounters, slots: Sequence[Slot], **used: int) -> None:
        await asyncio.sleep(0.3)
        await add(self, slots, **used)

    monkeypatch.setattr(RedisCounters, "add", slowly)
    with private_redis() as server:
        monkeypatch.setenv("MASTHEAD_REDIS_URL", server.url)
        limit = '[[limits]]\nper = "project"\nwindow = "total"\ntokens = 10\n'
        with serving(tmp_path, limit) as gateway:
            assert ask(gateway, "llama-3").status_code == 200
        with serving(tmp_path, limit) as gateway:
            assert ask(gateway, "llama-3").status_code == 429
    assert not list(tmp_path.rglob("limits-*.json"))
