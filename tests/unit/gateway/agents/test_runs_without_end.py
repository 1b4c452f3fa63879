"""A caller who begins runs without end pushes out none of another caller's."""

import pytest

from masthead.gateway.agents.memory import size_bytes
from masthead.gateway.call import Attempt, Connection, Target
from masthead.gateway.config_routes import GuardsConfig, RunBudgetConfig
from masthead.gateway.seams import Refused
from masthead.testing.agent_calls import Site, assistant, link_of, user
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit


async def test_a_flood_of_runs_of_one_key_leaves_the_budget_of_another_keys_run_used_up() -> None:
    site = Site(GuardsConfig(run=RunBudgetConfig(calls=1)), most_bytes=100_000)
    said = [user("Refund order 5555.")]
    assert (await site.call(said, assistant("Done."), key="quiet", run="ab" * 16)).status == 200
    for number in range(120):
        flood = await site.call([user(f"Flood {number}.")], assistant("Done."), key="loud", run=f"{number + 1:032x}")
        assert flood.status == 200
    assert 10 < len(site.guards.runs) <= 51
    assert (await site.call(said, assistant("Done."), key="quiet", run="ab" * 16)).status == 429


async def test_a_client_that_gives_up_early_again_and_again_uses_up_its_runs_budget() -> None:
    site = Site(GuardsConfig(run=RunBudgetConfig(calls=3)))
    statuses: list[int | None] = []
    for number in range(5):
        exchange = exchange_of({"model": "m", "messages": [user("Go on.")]}, run="ab" * 16, number=number + 1)
        try:
            await site.guards.before(exchange)
        except Refused as refused:
            exchange.status = refused.status
        else:
            exchange.attempts.append(Attempt(target=Target(Connection("up", "", (), "", None), "m"), start_ns=1))
            exchange.is_client_gone = True
        site.guards.ended(exchange)
        statuses.append(exchange.status)
    assert statuses == [None, None, None, 429, 429]


async def test_the_run_of_a_quiet_key_outlasts_floods_of_many_others() -> None:
    site = Site(GuardsConfig(run=RunBudgetConfig(calls=1)), most_bytes=200_000)
    said = [user("Refund order 5555.")]
    assert (await site.call(said, assistant("Done."), key="quiet", run="ab" * 16)).status == 200
    for number in range(600):
        await site.call([user(f"Flood {number}.")], assistant("Done."), key=f"loud {number % 5}")
    assert sum(size_bytes(run) for run in site.guards.runs) <= 200_000
    assert {run.scope for run in site.guards.runs} == {
        f"default\0{key}" for key in ("quiet", *map("loud {}".format, range(5)))
    }
    assert (await site.call(said, assistant("Done."), key="quiet", run="ab" * 16)).status == 429


async def test_keys_without_end_push_each_other_out_and_stay_within_the_bound() -> None:
    site = Site(most_bytes=200_000)
    for number in range(500):
        await site.call([user(f"Task {number}.")], assistant("Done."), key=f"key {number}")
    runs = site.guards.runs
    assert 20 < len(runs) < 150
    assert sum(size_bytes(run) for run in runs) <= 200_000


async def test_a_run_that_goes_on_outlasts_a_flood_of_its_own_key() -> None:
    site = Site(most_bytes=200_000)
    history = [user("Count the ships."), assistant("Step 0.")]
    first = await site.call(history[:1], history[1])
    for number in range(1, 12):
        for flood in range(15):
            await site.call([user(f"Flood {number}, {flood}.")], assistant("Done."))
        history += [user(f"On to {number}."), assistant(f"Step {number}.")]
        again = await site.call(history[:-1], history[-1])
        assert (again.trace_id, link_of(again)) == (first.trace_id, "history")
