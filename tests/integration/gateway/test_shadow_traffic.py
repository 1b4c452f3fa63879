"""Copies of calls go to another target, answer nobody, and harm nobody."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from masthead.model.span import Span
from masthead.testing.answering import Answering, Reply, Request, chat_reply
from masthead.testing.gateway import RunningGateway, wait_until
from masthead.testing.raw_upstream import RawUpstream, Talk
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration

CHAT: Mapping[str, Any] = {"model": "best", "messages": [{"role": "user", "content": "hi"}], "user": "anna"}
ROUTE = """
[[routes]]
model = "best"
targets = [{{ connection = "main", model = "m-main" }}]
retry = {{ times = 0 }}
shadow = {{ connection = "shadow", model = "m-shadow"{more} }}
"""
Serve = Callable[..., RunningGateway]


def main(_request: Request) -> Reply:
    return chat_reply("main")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with contextlib.ExitStack() as stack:

        def start(shadow: Talk, more: str = "", rest: str = "", answer: Callable[[Request], Reply] = main) -> Any:
            text = ""
            for name, talk in (("main", Answering(answer).talk), ("shadow", shadow)):
                upstream = stack.enter_context(RawUpstream(talk))
                text += f'[connections.{name}]\nbase_url = "{upstream.url}"\nallow_networks = ["loopback"]\n'
            return stack.enter_context(wired_gateway(tmp_path, text + ROUTE.format(more=more) + rest))

        yield start


def ask(gateway: RunningGateway, **changes: Any) -> httpx.Response:
    return httpx.post(f"{gateway.url}/v1/chat/completions", json={**CHAT, **changes}, timeout=20)


def shadows(gateway: RunningGateway) -> list[Span]:
    return [one for one in gateway.sink.spans if one.attributes.get("masthead.gateway.purpose") == "shadow"]


def test_a_copy_is_made_and_recorded_beside_the_call_it_copies(serve: Serve) -> None:
    asked = Answering(lambda _request: chat_reply("shadow", input_tokens=30))
    gateway = serve(asked.talk)
    response = ask(gateway)
    assert response.json()["choices"][0]["message"]["content"] == "main"
    wait_until(lambda: bool(shadows(gateway)), "the copy is recorded")
    copy = shadows(gateway)[0]
    call = next(one for one in gateway.sink.spans if one is not copy)
    assert asked.requests[0].body == {**CHAT, "model": "m-shadow"}
    assert copy.trace_id != call.trace_id
    assert [(link.trace_id, link.span_id) for link in copy.links] == [(call.trace_id, call.span_id)]
    assert copy.attributes["masthead.gateway.shadow_of"] == call.span_id
    assert copy.attributes["gen_ai.usage.input_tokens"] == 30
    assert copy.attributes["masthead.gateway.is_billed"] is False
    assert "shadow" in str(copy.attributes["gen_ai.output.messages"])
    assert response.headers["x-masthead-span"] == call.span_id


def test_copies_of_one_run_are_one_run(serve: Serve) -> None:
    gateway = serve(Answering(lambda _request: chat_reply("shadow")).talk)
    for text in ("hi", "ho"):
        httpx.post(
            f"{gateway.url}/v1/chat/completions",
            json={**CHAT, "messages": [{"role": "user", "content": text}]},
            headers={"x-masthead-run": "one"},
        )
    wait_until(lambda: len(shadows(gateway)) == 2, "both copies are recorded")
    assert len({one.trace_id for one in shadows(gateway)}) == 1


def test_a_streamed_call_is_copied_as_a_stream(serve: Serve) -> None:
    events = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n'
    usage = b'data: {"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}\n\n'

    def stream(_request: Request) -> Reply:
        return Reply(events + usage + b"data: [DONE]\n\n", kind="text/event-stream")

    gateway = serve(Answering(stream).talk, answer=stream)
    assert ask(gateway, stream=True).text.count("data: ") == 2
    wait_until(lambda: bool(shadows(gateway)), "the copy is recorded")
    assert shadows(gateway)[0].attributes["gen_ai.usage.input_tokens"] == 7


def test_a_failing_shadow_touches_no_caller(serve: Serve) -> None:
    gateway = serve(Answering(lambda _request: Reply(b"oh no", status="500 Oh")).talk)
    assert [ask(gateway).status_code for _ in range(8)] == [200] * 8
    wait_until(lambda: len(shadows(gateway)) == 8, "the copies are recorded")
    assert {one.status for one in shadows(gateway)} == {"error"}
    assert 'status="200"} 8' in gateway.service.metrics_text()


def test_a_hanging_shadow_is_bounded_and_what_is_left_out_is_counted(serve: Serve) -> None:
    gone = threading.Event()
    asked = threading.Semaphore(0)

    def talk(peer: Any) -> None:
        peer.request()
        asked.release()
        if peer.wait_until_gone(10):
            gone.set()

    gateway = serve(talk, more=", most_in_flight = 2")
    start = time.monotonic()
    assert [ask(gateway).status_code for _ in range(6)] == [200] * 6
    assert time.monotonic() - start < 5
    assert asked.acquire(timeout=60) and asked.acquire(timeout=60)
    assert not asked.acquire(timeout=0.2)
    assert 'masthead_gateway_shadows_left_out_total{model="best"} 4' in gateway.service.metrics_text()


def test_the_end_of_the_gateway_ends_its_copies_and_records_them(tmp_path: Path) -> None:
    gone, asked = threading.Event(), threading.Event()

    def talk(peer: Any) -> None:
        peer.request()
        asked.set()
        if peer.wait_until_gone(10):
            gone.set()

    with RawUpstream(Answering(main).talk) as first, RawUpstream(talk) as second:
        text = "".join(
            f'[connections.{name}]\nbase_url = "{one.url}"\nallow_networks = ["loopback"]\n'
            for name, one in (("main", first), ("shadow", second))
        )
        with wired_gateway(tmp_path, text + ROUTE.format(more="")) as gateway:
            ask(gateway)
            assert asked.wait(60)
        assert gone.wait(60)
        assert shadows(gateway)[0].status_message == "the gateway ended before the answer did"


def test_refused_failed_and_cached_calls_have_no_copy(serve: Serve) -> None:
    asked = Answering(lambda _request: chat_reply("shadow"))

    def refuse(request: Request) -> Reply:
        if request.body["messages"][0]["content"] == "bad":
            return Reply({"error": {"message": "no"}}, status="400 Bad")
        return chat_reply("main")

    gateway = serve(asked.talk, rest="[cache]\nis_on = true\nsampled = true\n", answer=refuse)
    assert ask(gateway, messages=[{"role": "user", "content": "bad"}]).status_code == 400
    assert [ask(gateway).headers.get("x-masthead-cache") for _ in range(3)] == [None, "hit", "hit"]
    wait_until(lambda: bool(asked.requests), "a copy is made")
    gateway.spans(5)
    assert len(asked.requests) == 1


@pytest.mark.parametrize(("more", "statuses"), [("", [200, 200, 429]), (", bill = true", [200, 429, 429])])
def test_copies_count_against_limits_only_where_that_is_said(serve: Serve, more: str, statuses: list[int]) -> None:
    limits = '[[limits]]\nper = "user"\nwindow = "total"\nrequests = 2\n'
    gateway = serve(Answering(lambda _request: chat_reply("shadow")).talk, more=more, rest=limits)
    found: list[int] = []
    for _ in range(3):
        found.append(ask(gateway).status_code)
        if found[-1] == 200:
            wait_until(lambda: len(shadows(gateway)) == found.count(200), "the copy is recorded")
    assert found == statuses


def test_the_tokens_of_a_billed_copy_are_the_callers(serve: Serve) -> None:
    limits = '[[limits]]\nper = "user"\nwindow = "total"\ntokens = 1000\n'
    gateway = serve(
        Answering(lambda _request: chat_reply("shadow", input_tokens=5000)).talk, more=", bill = true", rest=limits
    )
    assert ask(gateway).status_code == 200
    wait_until(lambda: bool(shadows(gateway)), "the copy is recorded")
    assert ask(gateway).status_code == 429


def test_about_the_share_that_was_said_is_copied(serve: Serve) -> None:
    asked = Answering(lambda _request: chat_reply("shadow"))
    gateway = serve(asked.talk, more=", share = 0.5, most_in_flight = 100")
    with httpx.Client() as client:
        for _ in range(60):
            client.post(f"{gateway.url}/v1/chat/completions", json=CHAT)
    wait_until(lambda: len(gateway.sink.spans) == 60 + len(asked.requests), "all is recorded")
    assert 12 <= len(asked.requests) <= 48  # 30 on average; outside once in a million runs
