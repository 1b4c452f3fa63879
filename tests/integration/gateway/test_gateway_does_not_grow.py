"""What the gateway keeps of calls that are over: nothing that grows with their number, their runs, keys and users.

LiteLLM's users told of memory that grows until the process is killed (#12685, #15128: many keys and users, each kept),
and of streams that burn processor time (#13505, #26102).
"""

import asyncio
import contextlib
import gc
import json
import sys
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from masthead import wiring_gateway
from masthead.gateway import identity
from masthead.gateway.agents.guards import AgentGuards
from masthead.gateway.call import Identity
from masthead.gateway.identity import Scope
from masthead.testing.gateway import PROJECT, RunningGateway, wait_until
from masthead.testing.raw_upstream import Peer, RawUpstream
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration

CONFIGURATION = """
[connections.up]
base_url = "{url}"
allow_networks = ["loopback"]
between_chunks_s = {between_s}
[breaker]
failures = 1000000
[[routes]]
model = "fails"
targets = [{{ connection = "up", model = "fails" }}]
retry = {{ times = 0 }}
[[routes]]
model = "drops"
targets = [{{ connection = "up", model = "drops" }}]
retry = {{ times = 0 }}
"""
ANSWER = json.dumps(
    {
        "id": "c1",
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Aye."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
).encode()
EVENT = b'data: {"id": "c1", "choices": [{"index": 0, "delta": {"content": "Aye"}, "finish_reason": null}]}\n\n'
KINDS = ("plain", "plain", "slow", "stream", "left", "fails", "drops", "wrong")


def talk(peer: Peer) -> None:
    while request := peer.request():
        model = json.loads(request.partition(b"\r\n\r\n")[2])["model"]
        if model in {"stream", "left", "stalls"}:
            peer.begin_stream()
            peer.chunk(EVENT)
            if model != "stream":
                peer.wait_until_gone()
                return
            peer.chunk(b"data: [DONE]\n\n")
            peer.chunk(b"")
        elif model == "fails":
            peer.answer(b'{"error": {"message": "broken"}}', status="500 Internal Server Error")
        elif model == "drops":
            return
        else:
            if model == "slow":
                time.sleep(0.03)  # so that the gateway begins to watch for the client's departure
            peer.answer(ANSWER)


class Site:
    """A gateway as it is wired, and calls to it that have nothing in common."""

    def __init__(self, gateway: RunningGateway, loops: list[asyncio.AbstractEventLoop]) -> None:
        self.gateway = gateway
        self.loops = loops
        self.number = 0

    def call(self, connection: HTTPConnection, model: str) -> None:
        """Make a call of a run, a key, a user and an agent of its own."""
        self.number += 1
        number = self.number
        body: dict[str, Any] = {
            "model": model,
            "user": f"user-{number}",
            "stream": model in {"stream", "left"},
            "messages": [{"role": "user", "content": f"Task {number}. " + f"Look at the lamp {number} times. " * 20}],
        }
        data = b"{" if model == "wrong" else json.dumps(body).encode()
        headers = {"x-key": f"key-{number}", "x-masthead-agent": f"agent-{number}"}
        connection.request("POST", "/v1/chat/completions", data, {"content-type": "application/json", **headers})
        answer = connection.getresponse()
        if model == "left":
            answer.readline()
            answer.close()
            connection.close()
        else:
            answer.read()

    def calls(self, count: int) -> None:
        """Make so many calls of all kinds, and wait until nothing of them is under way."""
        connection = HTTPConnection("127.0.0.1", self.gateway.port, timeout=20)
        for at in range(count):
            self.call(connection, KINDS[at % len(KINDS)])
        connection.close()
        service = self.gateway.service
        wait_until(lambda: service.gateway.metrics.in_flight == 0, "no call is under way")
        wait_until(lambda: service.recorder.counters().queued == 0, "everything is recorded")
        self.gateway.sink.spans.clear()

    def tasks(self) -> int:
        """Return how many tasks the gateway's loop has."""
        return len(asyncio.all_tasks(self.loops[0]))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with _site(tmp_path, between_s=20.0) as made:
        yield made


@contextlib.contextmanager
def _site(folder: Path, *, between_s: float) -> Generator[Site]:
    loops: list[asyncio.AbstractEventLoop] = []

    async def by_header(scope: Scope) -> Identity:
        loops.append(asyncio.get_running_loop())
        del loops[1:]
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        return Identity(PROJECT, headers.get(b"x-key", b"").decode())

    with RawUpstream(talk) as upstream:
        configuration = CONFIGURATION.format(url=upstream.url, between_s=between_s)
        with wired_gateway(folder, configuration, identify=by_header) as gateway:
            yield Site(gateway, loops)


def test_thousands_of_calls_with_nothing_in_common_leave_memory_tasks_and_files_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring_gateway, "AgentGuards", partial(AgentGuards, most_bytes=60_000))
    monkeypatch.setattr(identity, "_MOST", 100)
    with _site(tmp_path, between_s=20.0) as site:
        _many_calls(site)


def _many_calls(site: Site) -> None:
    site.calls(800)
    tasks, files, blocks = site.tasks(), _files(), _blocks()
    site.calls(1200)
    assert (_blocks() - blocks) / 1200 < 2
    assert site.tasks() <= tasks
    assert _files() <= files + 2


def test_calls_leave_nothing_behind_that_only_the_collector_of_cycles_finds(site: Site) -> None:
    site.calls(16)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        site.calls(160)
        wait_until(lambda: site.tasks() <= 8, "the tasks of calls are over")
        gc.collect()
        left = sorted({type(one).__name__ for one in gc.garbage if type(one).__module__.startswith("masthead.gateway")})
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert left == []


def test_a_stream_that_stalls_costs_nothing_while_it_stalls_and_ends_after_its_time(tmp_path: Path) -> None:
    with _site(tmp_path, between_s=3.0) as site:
        answers: list[bytes] = []

        def ask() -> None:
            body = json.dumps({"model": "stalls", "stream": True, "messages": [{"role": "user", "content": "hi"}]})
            with contextlib.closing(HTTPConnection("127.0.0.1", site.gateway.port, timeout=20)) as connection:
                connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
                answers.append(connection.getresponse().read())

        clients = [threading.Thread(target=ask) for _ in range(8)]
        for client in clients:
            client.start()
        metrics = site.gateway.service.gateway.metrics
        wait_until(lambda: metrics.in_flight == 8, "all streams are under way")
        wait_until(lambda: not any("prices" in one.name for one in threading.enumerate()), "the prices are read")
        before_s = time.process_time()
        time.sleep(0.5)
        assert time.process_time() - before_s < 0.25  # one that spins takes all of it
        for client in clients:
            client.join(20)
        assert [b"error" in answer for answer in answers] == [True] * 8
        assert metrics.in_flight == 0


def _blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()


def _files() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0
