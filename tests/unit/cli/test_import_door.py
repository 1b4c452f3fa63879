"""Importing through HTTP: patience where the server is pressed, and no span lost without a word."""

import json
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from masthead.cli import import_door
from masthead.cli.import_door import HttpDoor
from masthead.model.errors import InvalidInput, StoreError, UpstreamError
from masthead.model.ids import EvaluatorId, RunId, SpanId
from masthead.model.score import Score, Subject
from masthead.model.span import Span

pytestmark = pytest.mark.unit

RUN = RunId("a" * 32)
SPAN = Span(
    trace_id=RUN,
    span_id=SpanId("b" * 16),
    name="step",
    start_ns=1_700_000_000_000_000_000,
    end_ns=1_700_000_000_000_000_001,
    attributes={"text": "x" * 100},
)


class Server:
    """Answers requests from a list, and remembers them."""

    def __init__(self, *answers: httpx.Response | Callable[[httpx.Request], httpx.Response]) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return answer(request) if callable(answer) else answer

    def door(self) -> HttpDoor:
        return HttpDoor(httpx.Client(transport=httpx.MockTransport(self), base_url="http://masthead.test"))

    def bodies(self) -> list[dict[str, object]]:
        return [json.loads(request.content) for request in self.requests]


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the pauses that were made, and make none."""
    made: list[float] = []
    monkeypatch.setattr(import_door.time, "sleep", made.append)
    return made


def test_a_pressed_server_is_asked_again_when_it_says(waits: list[float]) -> None:
    pressed = httpx.Response(503, json={"detail": "the queue is full"}, headers={"Retry-After": "2"})
    server = Server(pressed, pressed, httpx.Response(200, json={}))
    server.door().accept([SPAN])
    assert waits == [2, 2]
    assert len({request.content for request in server.requests}) == 1


def test_refused_spans_are_an_error() -> None:
    partial = {"partialSuccess": {"rejectedSpans": "1", "errorMessage": "its time is before 1970"}}
    with pytest.raises(InvalidInput, match="refused 1 spans: its time is before 1970"):
        Server(httpx.Response(200, json=partial)).door().accept([SPAN])


def test_a_full_disk_stops_the_import() -> None:
    with pytest.raises(StoreError, match="no space"):
        Server(httpx.Response(507, json={"detail": "no space is left"})).door().accept([SPAN])


def test_a_server_that_is_gone_is_said() -> None:
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(UpstreamError, match="is it still running"):
        Server(gone).door().accept([SPAN])


def test_many_spans_go_in_several_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_door, "_SPANS_A_BODY", 3)
    server = Server(httpx.Response(200, json={}))
    server.door().accept([replace(SPAN, span_id=SpanId(f"{number:016x}")) for number in range(1, 8)])
    assert [body.count('"spanId"') for body in (request.content.decode() for request in server.requests)] == [3, 3, 1]


def test_flush_waits_until_the_last_run_is_found(waits: list[float]) -> None:
    missing, found = httpx.Response(200, json={"spans": {}}), httpx.Response(200, json={"spans": {RUN: 1}})
    server = Server(httpx.Response(200, json={}), missing, missing, found)
    door = server.door()
    door.accept([SPAN])
    door.flush()
    door.flush()
    assert len(waits) == 2
    assert len(server.requests) == 4


def test_flush_waits_until_the_last_run_is_whole(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_door, "_SPANS_A_BODY", 1)
    taken = httpx.Response(200, json={})
    part, whole = httpx.Response(200, json={"spans": {RUN: 1}}), httpx.Response(200, json={"spans": {RUN: 2}})
    door = Server(taken, taken, part, whole).door()
    door.accept([SPAN, replace(SPAN, span_id=SpanId("c" * 16))])
    door.flush()
    assert len(waits) == 1


def test_a_run_that_never_appears_is_said(waits: list[float]) -> None:
    door = Server(httpx.Response(200, json={}), httpx.Response(200, json={"spans": {}})).door()
    door.accept([SPAN])
    with pytest.raises(UpstreamError, match="accepted but are not to be found"):
        door.flush()
    assert sum(waits) == pytest.approx(60)


def test_scores_go_with_ids_of_their_own() -> None:
    score = Score(
        id="s1",
        name="origin",
        subject=Subject(kind="turn", run_id=RUN, turn=3),
        label="planner",
        source="human",
        evaluator=EvaluatorId("human:test"),
        evaluator_version="1",
        time_ns=1_700_000_000_000_000_000,
    )
    server = Server(httpx.Response(200, json={"ids": ["s1"]}))
    server.door().add_scores([score])
    (body,) = server.bodies()
    (sent,) = body["scores"]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType] - checked below
    assert sent["id"] == "s1"
    assert sent["subject"]["turn"] == 3
    assert sent["time"] == "2023-11-14T22:13:20Z"
