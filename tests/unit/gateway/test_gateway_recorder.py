"""What is recorded under pressure, and what is counted when it cannot be."""

import threading
from collections.abc import Sequence

import pytest

from masthead.clock import FixedClock, SystemClock
from masthead.gateway.call import Exchange, Identity
from masthead.gateway.endpoints import endpoint_of
from masthead.gateway.reading import call_of
from masthead.gateway.recorder import SpanRecorder
from masthead.gateway.spans import spans_of
from masthead.model.errors import InvalidInput, Overloaded
from masthead.model.ids import ProjectId, RunId, SpanId
from masthead.model.span import Span
from masthead.testing.gateway import wait_until

pytestmark = pytest.mark.unit
ANSWER = (
    b'{"choices":[{"message":{"role":"assistant","content":"ho"}}],"usage":{"prompt_tokens":7,"completion_tokens":2}}'
)


class Gate:
    """A sink that waits until it is opened, and may refuse."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.refusals: list[Exception] = []
        self.spans: list[Span] = []

    def accept(self, project: ProjectId, spans: Sequence[Span]) -> None:
        assert project == "p"
        self.open.wait(10)
        if self.refusals:
            raise self.refusals.pop(0)
        self.spans += spans


def exchange(size: int = 10) -> Exchange:
    endpoint = endpoint_of("POST", "/v1/chat/completions")
    assert endpoint is not None
    body = b'{"model":"m","user":"ada","messages":[{"role":"user","content":"%s"}]}' % (b"x" * size)
    call = call_of(endpoint, Identity(ProjectId("p")), {"headers": [], "method": "POST"}, body)
    made = Exchange(call=call, start_ns=FixedClock().now_ns(), trace_id=RunId("a" * 32), span_id=SpanId("b" * 16))
    made.status, made.answered, made.kept_bytes = 200, [ANSWER], len(ANSWER)
    return made


def each(exchanges: Sequence[Exchange]) -> list[list[Span]]:
    return [spans_of(one) for one in exchanges]


def test_under_pressure_the_request_is_left_out_before_a_call_is_lost() -> None:
    gate = Gate()
    recorder = SpanRecorder(gate, each, SystemClock(), max_queued_bytes=400_000)
    for _ in range(60):
        recorder.record(exchange(50_000))
    gate.open.set()
    recorder.close()
    counters = recorder.counters()
    assert (counters.recorded + counters.lost, counters.queued, counters.queued_bytes) == (60, 0, 0)
    assert counters.thinned > 0
    assert counters.lost > 0
    assert len(gate.spans) == counters.recorded
    thin = [span.attributes for span in gate.spans if "gen_ai.input.messages" not in span.attributes]
    assert thin
    wanted = {"gen_ai.usage.input_tokens": 7, "user.id": "ada", "masthead.gateway.is_truncated": True}
    assert all({name: one.get(name) for name in wanted} == wanted for one in thin)


def test_what_the_sink_cannot_take_now_is_offered_again_and_what_it_never_will_is_lost() -> None:
    gate = Gate()
    gate.refusals = [Overloaded("later", retry_after_s=1), RuntimeError("a bug"), InvalidInput("never")]
    gate.open.set()
    recorder = SpanRecorder(gate, each, SystemClock())
    recorder.record(exchange())
    wait_until(lambda: recorder.counters().lost == 1, "it was refused for good")
    recorder.record(exchange())
    wait_until(lambda: recorder.counters().recorded == 1, "the next one is recorded")
    recorder.close()


def test_a_call_that_cannot_be_written_stops_no_other() -> None:
    gate = Gate()
    gate.open.set()
    bad = exchange()

    def write(exchanges: Sequence[Exchange]) -> list[list[Span]]:
        if any(one is bad for one in exchanges):
            raise ZeroDivisionError
        return each(exchanges)

    recorder = SpanRecorder(gate, write, SystemClock())
    recorder.record(exchange(), bad, exchange())
    wait_until(lambda: recorder.counters().recorded == 2, "the other ones are recorded")
    recorder.close()
    assert recorder.counters().lost == 1
