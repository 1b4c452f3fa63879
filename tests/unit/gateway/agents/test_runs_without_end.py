"""A caller who begins runs without end pushes out none of another caller's."""

import pytest

from masthead.gateway.agents import stitch
from masthead.gateway.config_routes import GuardsConfig, RunBudgetConfig
from masthead.testing.agent_calls import Site, assistant, user

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
