"""What fails at one call's end leaves those that end beside it alone."""

import asyncio
from typing import Any

import pytest

from masthead.clock import FixedClock
from masthead.gateway.app import Gateway
from masthead.gateway.call import Exchange, Identity
from masthead.gateway.endpoints import endpoint_of
from masthead.gateway.reading import call_of
from masthead.gateway.seams import Seams
from masthead.model.ids import ProjectId, RunId, SpanId

pytestmark = pytest.mark.unit


class Kept:
    """A recorder that keeps the calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def record(self, *exchanges: Exchange) -> None:
        """Keep them."""
        self.calls += [exchange.span_id for exchange in exchanges]


def ended(number: int) -> Exchange:
    endpoint = endpoint_of("POST", "/v1/chat/completions")
    assert endpoint is not None
    identity, body = Identity(ProjectId("p")), b'{"model":"m","messages":[]}'
    call = call_of(endpoint, identity, {"headers": [], "method": "POST"}, body)
    return Exchange(call=call, start_ns=0, end_ns=1, trace_id=RunId("a" * 32), span_id=SpanId(str(number)), status=200)


async def test_a_call_that_cannot_be_counted_is_recorded_and_so_are_those_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nobody: Any = None  # no call comes in here
    gateway, kept = Gateway(nobody, nobody, FixedClock()), Kept()
    seams = Seams(nobody, kept)
    counted: list[str] = []

    def count(exchange: Exchange) -> None:
        if exchange.span_id == "1":
            raise ZeroDivisionError
        counted.append(exchange.span_id)

    monkeypatch.setattr(gateway.metrics, "count", count)
    for number in range(3):
        gateway._end_soon(ended(number), seams)  # pyright: ignore[reportPrivateUsage] - what a call's task does last
    await asyncio.sleep(0)
    assert (counted, kept.calls) == (["0", "2"], ["0", "1", "2"])
