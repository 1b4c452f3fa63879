"""The spool of the gateway alone: on disk until a server takes it, whatever happens meanwhile."""

import threading
from pathlib import Path

import orjson
import pytest

from masthead.gateway.spool import Spool
from masthead.ingest.otlp_write import traces_json
from masthead.model.errors import InvalidInput, MastheadError, StoreFull, UpstreamError
from masthead.model.ids import ProjectId, RunId, SpanId
from masthead.model.span import Span
from masthead.testing.gateway import wait_until

pytestmark = pytest.mark.store
ONE = ProjectId("one")


def span(number: int) -> Span:
    return Span(
        trace_id=RunId("a" * 32), span_id=SpanId(f"{number + 1:016x}"), name=f"call {number}", start_ns=1, end_ns=2
    )


class Server:
    """Takes bodies, or raises `failure`."""

    def __init__(self, failure: MastheadError | None = None) -> None:
        self.failure = failure
        self.names: list[str] = []
        self.asked = threading.Event()

    def __call__(self, project: ProjectId, body: bytes) -> None:
        self.asked.set()
        if self.failure is not None:
            raise self.failure
        assert project == ONE
        spans = orjson.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"]
        self.names += [one["name"] for one in spans]


def spool(folder: Path, server: Server, max_bytes: int = 10_000_000) -> Spool[Span]:
    return Spool(folder / "spool", lambda spans: (traces_json([one]) for one in spans), server, max_bytes=max_bytes)


def test_what_is_taken_is_shipped_in_order_and_leaves_the_disk(tmp_path: Path) -> None:
    server = Server()
    own = spool(tmp_path, server)
    for number in range(20):
        own.accept(ONE, [span(number)])
    wait_until(lambda: own.counters().shipped == 20, "all are shipped")
    own.close()
    assert server.names == [f"call {number}" for number in range(20)]
    again = Server()
    spool(tmp_path, again).close()
    assert again.names == []


def test_what_was_not_shipped_is_shipped_by_the_next_process(tmp_path: Path) -> None:
    down = Server(UpstreamError("no server"))
    own = spool(tmp_path, down)
    for number in range(5):
        own.accept(ONE, [span(number)])
    assert down.asked.wait(10)
    own.close()
    server = Server()
    following = spool(tmp_path, server)
    wait_until(lambda: following.counters().shipped == 5, "all are shipped")
    following.close()
    assert server.names == [f"call {number}" for number in range(5)]


def test_a_body_the_server_will_never_take_is_set_aside_and_stops_nothing(tmp_path: Path) -> None:
    server = Server(InvalidInput("no such thing"))
    own = spool(tmp_path, server)
    own.accept(ONE, [span(0)])
    wait_until(lambda: own.counters().set_aside == 1, "it is set aside")
    server.failure = None
    own.accept(ONE, [span(1)])
    wait_until(lambda: own.counters().shipped == 1, "the next one is shipped")
    own.close()
    assert server.names == ["call 1"]
    assert len(list((tmp_path / "spool" / "set_aside" / "one").iterdir())) == 1


def test_a_full_spool_says_so(tmp_path: Path) -> None:
    own = spool(tmp_path, Server(UpstreamError("no server")), max_bytes=1000)
    own.accept(ONE, [span(0)])
    with pytest.raises(StoreFull):
        own.accept(ONE, [span(number) for number in range(1, 20)])
    own.close()
