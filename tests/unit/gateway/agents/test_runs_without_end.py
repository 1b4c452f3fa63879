"""A caller who begins runs without end pushes out none of another caller's."""

import pytest

from masthead.gateway.agents import stitch
from masthead.gateway.call import Attempt, Connection, Target
from masthead.gateway.config_routes import GuardsConfig, RunBudgetConfig
from masthead.gateway.seams import Refused
from masthead.testing.agent_calls import Site, assistant, user
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit


async def test_a_flood_of_runs_of_one_key_leaves_the_budget_of_another_keys_run_used_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stitch, "MOST_RUNS", 50)
    site = Site(GuardsConfig(run=RunBudgetConfig(calls=1)))
    said = [user("Refund order 5555.")]
    assert (await site.call(said, assistant("Done."), key="quiet", run="ab" * 16)).status == 200
    for number in range(120):
        flood = await site.call([user(f"Flood {number}.")], assistant("Done."), key="loud", run=f"{number + 1:032x}")
        assert flood.status == 200
    assert len(site.guards.runs) <= 51
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
