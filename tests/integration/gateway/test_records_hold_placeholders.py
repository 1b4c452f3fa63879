"""Where a plugin replaces personal data, no span holds any: of calls refused, copied, made by itself, or very long."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from masthead.gateway.plugins.veil import Veil
from masthead.testing.answering import Answering, Reply, Request, chat_reply
from masthead.testing.gateway import RunningGateway
from masthead.testing.raw_upstream import RawUpstream
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration

SITE = """
[connections.up]
base_url = "{url}"
allow_networks = ["loopback"]
[[routes]]
model = "m"
targets = [{{ connection = "up", model = "m-1" }}]
"""
SHADOW = 'shadow = { connection = "up", model = "m-2" }\n'
Serve = Callable[[str], RunningGateway]


def answer(request: Request) -> Reply:
    if request.path.endswith("/embeddings"):
        data = [{"object": "embedding", "index": 0, "embedding": [1.0, 0.0]}]
        return Reply({"object": "list", "data": data, "model": "e", "usage": {"prompt_tokens": 4, "total_tokens": 4}})
    return chat_reply("Or bob@example.com?")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with contextlib.ExitStack() as stack:

        def start(more: str) -> RunningGateway:
            upstream = stack.enter_context(RawUpstream(Answering(answer).talk))
            return stack.enter_context(wired_gateway(tmp_path, SITE.format(url=upstream.url) + more))

        yield start


def ask(gateway: RunningGateway, said: str = "Write to anna@example.com", **more: Any) -> int:
    body = {"model": "m", "temperature": 0, "messages": [{"role": "user", "content": said}], **more}
    headers = {"x-masthead-run": "one"}
    return httpx.post(f"{gateway.url}/v1/chat/completions", json=body, headers=headers, timeout=30).status_code


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ('[[limits]]\nper = "project"\nwindow = "day"\nrequests = 1\n', 429),
        ("[guards.run]\ncalls = 1\n", 429),
        ('[[plugins]]\nkind = "banned"\nwords = ["write"]\n', 400),
    ],
    ids=["limit", "run budget", "banned"],
)
def test_a_refused_call_is_recorded_with_placeholders(serve: Serve, more: str, status: int) -> None:
    gateway = serve('[[plugins]]\nkind = "pii"\n' + more)
    statuses = [ask(gateway, user="anna@example.com") for _ in range(2)]
    spans = gateway.spans(2)
    assert statuses[-1] == status
    assert "@example.com" not in str(spans)
    assert all("Write to <EMAIL_1>" in str(one.attributes["gen_ai.input.messages"]) for one in spans)


@pytest.mark.parametrize("how", ['on = "correct"', 'on = "record"', 'at = "response"'])
def test_a_copy_and_its_answer_are_recorded_with_placeholders(serve: Serve, how: str) -> None:
    gateway = serve(f'{SHADOW}[[plugins]]\nkind = "pii"\n{how}\n')
    assert ask(gateway) == 200
    spans = gateway.spans(2)
    (copy,) = [one for one in spans if "masthead.gateway.shadow_of" in one.attributes]
    assert "@example.com" not in str(spans)
    assert "Write to <EMAIL_1>" in str(copy.attributes["gen_ai.input.messages"])
    assert "Or <EMAIL_" in str(copy.attributes["gen_ai.output.messages"])


def test_what_is_embedded_for_the_cache_is_recorded_with_placeholders(serve: Serve) -> None:
    cache = '[cache]\nis_on = true\nsemantic = { connection = "up", model = "e" }\n'
    gateway = serve('[[plugins]]\nkind = "pii"\non = "record"\n' + cache)
    assert ask(gateway) == 200
    spans = gateway.spans(2)
    (own,) = [one for one in spans if one.attributes.get("masthead.gateway.purpose") == "cache"]
    assert "@example.com" not in str(spans) and "Write to <EMAIL_1>" in str(own.attributes)


@pytest.mark.parametrize("asked", ["m", "m-1", "up/m-1", "M-1-2025-01-31"])
def test_a_filter_of_one_model_holds_however_a_call_reaches_it(tmp_path: Path, asked: str) -> None:
    upstream = Answering(answer)
    with RawUpstream(upstream.talk) as raw:
        site = SITE.format(url=raw.url) + '[[plugins]]\nkind = "pii"\nmodels = ["m-1"]\n'
        with wired_gateway(tmp_path, site) as gateway:
            assert ask(gateway, model=asked) == 200
            (span,) = gateway.spans(1)
    (sent,) = upstream.requests
    assert b"Write to <EMAIL_1>" in sent.data
    assert "@example.com" not in str(span) + sent.data.decode()


def test_a_very_long_call_is_recorded_with_placeholders_and_never_searched_in_the_event_loop(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_loop: set[bool] = set()
    put = Veil.placeholder

    def noted(self: Veil, kind: str, value: str) -> str:
        try:
            in_loop.add(asyncio.get_running_loop().is_running())
        except RuntimeError:
            in_loop.add(False)
        return put(self, kind, value)

    monkeypatch.setattr(Veil, "placeholder", noted)
    gateway = serve('[[plugins]]\nkind = "pii"\n')
    said = "\n".join(f"line {number}: user{number}@example.com" for number in range(1500))
    assert ask(gateway, said) == 200
    assert "@example.com" not in str(gateway.spans(1))
    assert "line 1499: <EMAIL_1500>" in str(gateway.spans(1)[0].attributes["gen_ai.input.messages"])
    assert in_loop == {False}
