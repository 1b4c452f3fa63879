"""Questions that say the same get the same answer; what differs in anything else, or in a number, does not."""

import contextlib
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from masthead.testing.answering import Answering, Reply, Request, chat_reply
from masthead.testing.gateway import RunningGateway, wait_until
from masthead.testing.raw_upstream import RawUpstream
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration

CACHE = (
    '[cache]\nis_on = true\n{more}\nsemantic = {{ connection = "vectors", model = "e", threshold = 0.9{semantic} }}\n'
)
ANGLES: Mapping[str, float] = {"capital": 0.0, "main city": 0.2, "weather": 1.5}
"""Which way a text's embedding points, by a word in it: 0.2 is a cosine of 0.98, 1.5 one of 0.07."""


def embedding(request: Request) -> Reply:
    text = str(request.body["input"])
    angle = next((angle for word, angle in ANGLES.items() if word in text), 3.0)
    data = [{"object": "embedding", "index": 0, "embedding": [math.cos(angle) * 5, math.sin(angle) * 5]}]
    return Reply({"object": "list", "data": data, "model": "e", "usage": {"prompt_tokens": 4, "total_tokens": 4}})


class Site:
    """A gateway with a model and a model of embeddings behind it."""

    def __init__(self, gateway: RunningGateway, model: Answering, vectors: Answering) -> None:
        self.gateway = gateway
        self.model = model
        self.vectors = vectors

    def ask(self, text: str, *, headers: Mapping[str, str] | None = None, **changes: Any) -> httpx.Response:
        messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": text}]
        body = {"model": "m", "temperature": 0, "messages": messages, **changes}
        response = httpx.post(f"{self.gateway.url}/v1/chat/completions", json=body, headers=headers, timeout=20)
        assert response.status_code == 200, response.text
        span_id = response.headers["x-masthead-span"]
        wait_until(lambda: any(one.span_id == span_id for one in self.gateway.sink.spans), "the call is recorded")
        wait_until(lambda: not self.gateway.service.gateway.own_calls.under_way, "no call of its own is under way")
        return response


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    with contextlib.ExitStack() as stack:

        def start(more: str = "", semantic: str = "", vectors: Callable[[Request], Reply] = embedding) -> Site:
            model, asked = Answering(lambda _request: chat_reply(f"answer {len(model.requests)}")), Answering(vectors)
            text = ""
            for name, one, models in (("chat", model, "m"), ("vectors", asked, "e")):
                upstream = stack.enter_context(RawUpstream(one.talk))
                text += f'[connections.{name}]\nbase_url = "{upstream.url}"\nallow_networks = ["loopback"]\n'
                text += f'models = ["{models}"]\n'
            configuration = text + CACHE.format(more=more, semantic=semantic)
            return Site(stack.enter_context(wired_gateway(tmp_path, configuration)), model, asked)

        yield start


def test_the_same_question_in_other_words_is_answered_again_at_no_cost(serve: Callable[..., Site]) -> None:
    site = serve()
    first = site.ask("What is the capital of France?")
    again = site.ask("Which is the main city of France?")
    assert again.json() == first.json()
    assert again.headers["x-masthead-cache"] == "hit"
    assert again.headers["x-masthead-cache-similarity"] == "0.9801"
    assert len(site.model.requests) == 1
    spans = {span.span_id: span for span in site.gateway.spans(4)}
    hit = spans[again.headers["x-masthead-span"]]  # pyright: ignore[reportArgumentType] - an id
    assert hit.attributes["masthead.gateway.cache"] == "hit"
    assert hit.attributes["masthead.gateway.cache_similarity"] == 0.9801
    assert hit.attributes["masthead.gateway.cache_of"] == first.headers["x-masthead-span"]
    assert hit.attributes["masthead.cost_usd"] == 0
    assert "gen_ai.usage.input_tokens" not in hit.attributes
    beneath = [one for one in spans.values() if one.attributes.get("masthead.gateway.purpose") == "cache"]
    assert {(one.parent_span_id, one.attributes["gen_ai.usage.input_tokens"]) for one in beneath} == {
        (first.headers["x-masthead-span"], 4),
        (again.headers["x-masthead-span"], 4),
    }


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("How is the weather in France?", {}),
        ("Which is the main city of France in 2025?", {}),
        ("Which is the main city of France?", {"user": "berta"}),
        ("Which is the main city of France?", {"max_tokens": 5}),
        ("Which is the main city of France?", {"tools": [{"type": "function", "function": {"name": "f"}}]}),
        ("Which is the main city of France?", {"temperature": 0.5}),
        ("Which is the main city of France?", {"headers": {"x-masthead-cache": "exact"}}),
        ("Which is the main city of France?", {"headers": {"x-masthead-cache": "no-cache"}}),
        ("Which is the main city of France?", {"headers": {"x-masthead-cache": "no-store"}}),
        ("Which is the main city of France?", {"headers": {"anthropic-beta": "other"}}),
    ],
)
def test_whatever_else_differs_is_answered_anew(serve: Callable[..., Site], text: str, changes: Any) -> None:
    site = serve()
    site.ask("What is the capital of France?")
    answered = site.ask(text, **changes)
    assert "x-masthead-cache" not in answered.headers
    assert len(site.model.requests) == 2


def test_another_system_prompt_or_history_is_another_question(serve: Callable[..., Site]) -> None:
    site = serve()
    site.ask("What is the capital of France?")
    user = {"role": "user", "content": "Which is the main city of France?"}
    other = [{"role": "system", "content": "Be long."}, user]
    later = [{"role": "system", "content": "Be short."}, {"role": "assistant", "content": "Hello."}, user]
    for messages in (other, later):
        assert "x-masthead-cache" not in site.ask("", messages=messages).headers


def test_a_result_of_a_tool_or_an_image_is_never_compared(serve: Callable[..., Site]) -> None:
    site = serve(more="tool_calls = true")
    site.ask("What is the capital of France?")
    asked = len(site.vectors.requests)
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    site.ask("", messages=[{"role": "user", "content": [{"type": "text", "text": "main city"}, image]}])
    site.ask("", messages=[{"role": "tool", "tool_call_id": "t", "content": "main city"}])
    assert len(site.vectors.requests) == asked


def test_a_stream_is_given_again_as_one(serve: Callable[..., Site]) -> None:
    site = serve()
    events = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n'
    usage = b'data: {"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}\n\n'
    site.model.answer = lambda _request: Reply(events + usage + b"data: [DONE]\n\n", kind="text/event-stream")
    first = site.ask("What is the capital of France?", stream=True)
    again = site.ask("Which is the main city of France?", stream=True)
    assert again.headers["x-masthead-cache"] == "hit" and again.text == first.text
    assert again.headers["content-type"].startswith("text/event-stream")
    asked_for = site.ask("What is the capital of France?", stream=True, stream_options={"include_usage": True})
    assert '"usage"' in asked_for.text and '"usage"' not in again.text


@pytest.mark.parametrize(
    "broken",
    [
        Reply({"error": {"message": "no"}}, status="500 Oh"),
        Reply({"data": []}),
        Reply({"data": [{"embedding": ["a"]}]}),
        Reply({"data": [{"embedding": [0.0, 0.0]}]}),
        Reply(b"<html>", kind="text/html"),
    ],
)
def test_a_failing_model_of_embeddings_fails_no_call(serve: Callable[..., Site], broken: Reply) -> None:
    site = serve()
    site.ask("What is the capital of France?")
    site.vectors.answer = lambda _request: broken
    answered = site.ask("Which is the main city of France?")
    assert len(site.model.requests) == 2
    span = next(one for one in site.gateway.spans(4) if one.span_id == answered.headers["x-masthead-span"])
    assert span.attributes["masthead.gateway.cache_failed"]


def test_a_slow_model_of_embeddings_holds_a_call_up_for_no_longer_than_was_said(serve: Callable[..., Site]) -> None:
    site = serve(semantic=", wait_s = 0.2")
    site.ask("What is the capital of France?")

    def slow(request: Request) -> Reply:
        threading.Event().wait(1.0)
        return embedding(request)

    site.vectors.answer = slow
    answered = site.ask("Which is the main city of France?")
    span = next(one for one in site.gateway.spans(4) if one.span_id == answered.headers["x-masthead-span"])
    assert span.attributes["masthead.gateway.cache_failed"] == "no embedding within 0.2 s"


def test_answers_grow_old_in_other_words_too(serve: Callable[..., Site]) -> None:
    site = serve(more="ttl_s = 0.05")
    site.ask("What is the capital of France?")
    wait_until(lambda: "x-masthead-cache" not in site.ask("Which is the main city of France?").headers, "it is old")
