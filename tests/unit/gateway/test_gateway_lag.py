"""How late the event loop comes to what is due."""

import asyncio
import time

import pytest

from masthead.gateway.lag import LOOK_S, LoopLag
from masthead.gateway.metrics import Metrics, text_of

pytestmark = pytest.mark.unit


def test_a_loop_that_is_held_up_shows_in_the_metrics_and_an_idle_one_does_not() -> None:
    metrics = Metrics()

    async def held_up() -> float:
        lag = LoopLag(metrics.loop_lag)
        lag.begin()
        await asyncio.sleep(2 * LOOK_S)
        time.sleep(0.15)  # noqa: ASYNC251 - what the metric is to show
        await asyncio.sleep(2 * LOOK_S)
        lag.end()
        return lag.longest_s

    longest_s = asyncio.run(held_up())
    assert longest_s >= 0.15 - LOOK_S - 0.001
    lines = text_of(metrics, {}).splitlines()
    assert 'masthead_gateway_loop_lag_seconds_bucket{le="+Inf"}' in "\n".join(lines)
    counted = {line.split()[0]: float(line.split()[1]) for line in lines if "loop_lag" in line and line[0] != "#"}
    late = counted["masthead_gateway_loop_lag_seconds_count"]
    assert late >= 1
    assert late > counted['masthead_gateway_loop_lag_seconds_bucket{le="0.1"}']


def test_nothing_is_looked_at_after_the_end() -> None:
    metrics = Metrics()

    async def ended() -> None:
        lag = LoopLag(metrics.loop_lag)
        lag.begin()
        lag.begin()
        lag.end()
        await asyncio.sleep(3 * LOOK_S)

    asyncio.run(ended())
    assert sum(metrics.loop_lag.counts) == 0
