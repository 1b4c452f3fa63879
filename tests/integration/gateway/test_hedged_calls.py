"""A target that takes long gets company: the first good answer wins, and the other try ends at once."""

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from masthead.model.span import Span
from masthead.testing.gateway import RunningGateway, wait_until
from masthead.testing.raw_upstream import Peer, RawUpstream, Talk
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration

CHAT: Mapping[str, Any] = {"model": "best", "messages": [{"role": "user", "content": "hi"}]}
ROUTE = """
[[routes]]
model = "best"
targets = [{{ connection = "slow", model = "m-slow" }}, {{ connection = "quick", model = "m-quick" }}]
hedge_after_s = 0.15
{more}
"""


def answer(name: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": name}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 1}
    return json.dumps(
        {"id": name, "object": "chat.completion", "model": name, "choices": [choice], "usage": usage}
    ).encode()


def event(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "c", "model": "m", "choices": [choice]}).encode() + b"\n\n"


def good(peer: Peer) -> None:
    while request := peer.request():
        if b'"stream":true' not in request and b'"stream": true' not in request:
            peer.answer(answer("quick"))
            continue
        peer.begin_stream()
        peer.chunk(event("quick", "stop") + b"data: [DONE]\n\n")
        peer.chunk(b"")


class Slow:
    """Never answers; notes whether its client went away."""

    def __init__(self, begins: bool = False) -> None:
        self.asked = threading.Event()
        self.left = threading.Event()
        self._begins = begins

    def talk(self, peer: Peer) -> None:
        if not peer.request():
            return
        self.asked.set()
        if self._begins:
            peer.begin_stream()
        if peer.wait_until_gone(60):
            self.left.set()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Any]:
    with contextlib.ExitStack() as stack:

        def start(slow: Talk, quick: Talk = good, more: str = "", rest: str = "") -> RunningGateway:
            text = ""
            for name, talk in (("slow", slow), ("quick", quick)):
                upstream = stack.enter_context(RawUpstream(talk))
                text += f'[connections.{name}]\nbase_url = "{upstream.url}"\nallow_networks = ["loopback"]\n'
            return stack.enter_context(wired_gateway(tmp_path, text + ROUTE.format(more=more) + rest))

        yield start


def ask(gateway: RunningGateway, headers: Mapping[str, str] | None = None, **changes: Any) -> httpx.Response:
    return httpx.post(f"{gateway.url}/v1/chat/completions", json={**CHAT, **changes}, headers=headers, timeout=20)


def leave(gateway: RunningGateway, when: threading.Event) -> None:
    """Make a call, and go away while it is under way."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
    connection.request("POST", "/v1/chat/completions", json.dumps(CHAT))
    assert when.wait(60)
    connection.close()


def attempts(spans: list[Span]) -> dict[str, Span]:
    return {str(one.attributes["masthead.gateway.connection"]): one for one in spans if one.name.startswith("attempt")}


@pytest.mark.parametrize("is_stream", [False, True])
def test_the_second_target_answers_and_the_first_is_left_at_once(serve: Any, is_stream: bool) -> None:
    slow = Slow()
    gateway = serve(slow.talk)
    response = ask(gateway, stream=is_stream)
    assert response.status_code == 200 and "quick" in response.text
    assert slow.left.wait(60)
    spans = gateway.spans(3)
    tries = attempts(spans)
    assert tries["slow"].status == "unset"
    assert tries["slow"].status_message == "another target answered first"
    assert tries["slow"].attributes["masthead.gateway.is_abandoned"] is True
    assert tries["slow"].attributes["masthead.gateway.is_cost_unknown"] is True
    call = next(one for one in spans if not one.name.startswith("attempt"))
    assert call.attributes["masthead.gateway.connection"] == "quick"
    assert call.attributes["gen_ai.request.model"] == "m-quick"
    assert call.attributes["masthead.gateway.hedged"] is True
    assert "gen_ai.usage.input_tokens" not in tries["slow"].attributes


def test_a_stream_whose_head_came_and_nothing_more_gets_company_too(serve: Any) -> None:
    slow = Slow(begins=True)
    gateway = serve(slow.talk)
    assert "quick" in ask(gateway, stream=True).text
    assert slow.left.wait(60)


def test_a_target_that_is_in_time_gets_no_company(serve: Any) -> None:
    def quick(peer: Peer) -> None:
        while peer.request():
            peer.answer(answer("slow"))

    asked = Slow()
    gateway = serve(quick, asked.talk)
    assert ask(gateway).json()["id"] == "slow"
    assert not asked.asked.is_set()
    assert "masthead.gateway.hedged" not in gateway.spans(1)[0].attributes


def test_the_first_target_may_still_win(serve: Any) -> None:
    go = threading.Event()

    def late(peer: Peer) -> None:
        while peer.request():
            go.wait(10)
            peer.answer(answer("slow"))

    second = Slow()

    def beside(peer: Peer) -> None:
        go.set()
        second.talk(peer)

    gateway = serve(late, beside)
    assert ask(gateway).json()["id"] == "slow"
    assert second.left.wait(2) or not second.asked.is_set()
    tries = attempts(gateway.spans(3))
    assert tries["quick"].attributes["masthead.gateway.is_abandoned"] is True
    assert next(iter(gateway.spans(3))).attributes["masthead.gateway.connection"] == "slow"


def test_a_failing_second_target_does_not_spoil_the_first_ones_answer(serve: Any) -> None:
    failed = threading.Event()

    def late(peer: Peer) -> None:
        while peer.request():
            failed.wait(10)
            peer.answer(answer("slow"))

    def bad(peer: Peer) -> None:
        while peer.request():
            peer.answer(b'{"error":{"message":"boom"}}', status="500 Oh")
            failed.set()

    gateway = serve(late, bad)
    assert ask(gateway).json()["id"] == "slow"


def test_where_both_fail_the_failure_is_told(serve: Any) -> None:
    begun = threading.Event()

    def late(peer: Peer) -> None:
        while peer.request():
            begun.wait(10)
            peer.answer(b'{"error":{"message":"first"}}', status="500 Oh")

    def bad(peer: Peer) -> None:
        while peer.request():
            begun.set()
            peer.answer(b'{"error":{"message":"second"}}', status="500 Oh")

    gateway = serve(late, bad, more="retry = { times = 0 }")
    response = ask(gateway)
    assert response.status_code == 500
    assert len(attempts(gateway.spans(3))) == 2


def test_a_client_that_leaves_ends_both(serve: Any) -> None:
    first, second = Slow(), Slow()
    gateway = serve(first.talk, second.talk)
    leave(gateway, second.asked)
    assert first.left.wait(60) and second.left.wait(60)
    assert {one.status_message for one in attempts(gateway.spans(3)).values()} == {"the client went away"}
    wait_until(lambda: gateway.service.gateway.metrics.in_flight == 0, "nothing is in flight")


def test_those_who_leave_do_not_set_a_target_aside(serve: Any) -> None:
    first, second = Slow(), Slow()
    gateway = serve(first.talk, second.talk, rest="[breaker]\nfailures = 1\n")
    leave(gateway, second.asked)
    gateway.spans(3)
    fleet = gateway.service.servings()[0].tenant.fleet
    assert all(health.open_until_s is None for health in fleet.all().values())


@pytest.mark.parametrize(
    ("headers", "changes"),
    [
        ({"idempotency-key": "once"}, {}),
        ({}, {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        ({}, {"web_search_options": {}}),
    ],
)
def test_a_call_that_must_not_be_made_twice_is_not(serve: Any, headers: Any, changes: Any) -> None:
    asked = Slow()

    def late(peer: Peer) -> None:
        while peer.request():
            threading.Event().wait(0.4)
            peer.answer(answer("slow"))

    gateway = serve(late, asked.talk)
    assert ask(gateway, headers, **changes).json()["id"] == "slow"
    assert not asked.asked.is_set()


def test_a_second_try_takes_one_more_request_of_the_limits_or_is_not_made(serve: Any) -> None:
    slow = Slow()
    limits = '[[limits]]\nper = "project"\nwindow = "total"\nrequests = 3\n'
    gateway = serve(slow.talk, rest=limits)
    assert ask(gateway).status_code == 200  # one call, two requests

    def waits_for_ever() -> None:
        with contextlib.suppress(httpx.ReadTimeout):
            httpx.post(f"{gateway.url}/v1/chat/completions", json=CHAT, timeout=0.5)

    waits_for_ever()  # the third request: nothing is left for company
    assert len(attempts(gateway.spans(4))) == 2
    assert ask(gateway).status_code == 429
