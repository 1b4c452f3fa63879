"""Two services in one trace, each with a key of its own, have two runs: neither is guarded by what the other did."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from masthead.gateway.config_routes import GuardsConfig, RunBudgetConfig
from masthead.testing.agent_calls import Message, Site, assistant, calls, result, user

pytestmark = pytest.mark.unit
TRACE = "ab" * 16


async def both_working(site: Site, times: int) -> dict[str, list[int | None]]:
    """Let `fine` call a tool that works and `stuck` the same failing one over and over, in turn, in one trace."""
    statuses: dict[str, list[int | None]] = {"fine": [], "stuck": []}
    histories: dict[str, Sequence[Message]] = {key: [user(f"The task of {key}")] for key in statuses}
    for number in range(times):
        for key, history in histories.items():
            if 422 in statuses[key]:
                continue
            url = f"http://page-{number}" if key == "fine" else "http://gone"
            call = calls(f"{key}_{number}", "fetch", msgspec.json.encode({"url": url}).decode())
            statuses[key].append((await site.call(history, call, key=key, run=TRACE)).status)
            said = f"page {number}" if key == "fine" else "Error: no such host"
            histories[key] = [*history, call, result(f"{key}_{number}", said)]
    return statuses


async def test_an_agent_that_loops_is_stopped_though_another_key_works_in_the_same_trace() -> None:
    site = Site(GuardsConfig(on_finding="stop"))
    assert await both_working(site, 6) == {"fine": [200] * 6, "stuck": [200, 200, 200, 422]}
    [shown] = [run.known.stopped for run in site.guards.runs if run.known is not None and run.known.stopped is not None]
    assert "fetch failed 3 times" in shown


async def test_both_runs_are_there_after_a_restart_each_with_its_own_detectors(tmp_path: Path) -> None:
    before = Site(GuardsConfig(on_finding="stop"), folder=tmp_path)
    await both_working(before, 3)
    before.guards.close()
    after = Site(GuardsConfig(on_finding="stop"), clock=before.clock, folder=tmp_path)
    assert {(run.scope, run.run_id, run.calls) for run in after.guards.runs} == {
        ("default\0fine", TRACE, 3),
        ("default\0stuck", TRACE, 3),
    }
    for key, status in (("fine", 200), ("stuck", 422)):
        history: list[Message] = [user(f"The task of {key}")]
        for number in range(3):
            url = f"http://page-{number}" if key == "fine" else "http://gone"
            call = calls(f"{key}_{number}", "fetch", msgspec.json.encode({"url": url}).decode())
            history += [call, result(f"{key}_{number}", f"page {number}" if key == "fine" else "Error: no such host")]
        again = await after.call(history, calls(f"{key}_3", "fetch"), key=key, run=TRACE)
        assert again.status == status


async def test_an_id_that_is_used_again_after_an_hour_is_one_run_anew() -> None:
    site = Site(GuardsConfig(run=RunBudgetConfig(calls=2)))
    await site.call([user("Nightly 1")], assistant("Done"), run=TRACE)
    site.clock.advance(3590)
    await site.call([user("Something else")], assistant("Well"))  # what is over is looked for once a minute
    site.clock.advance(15)
    statuses = [(await site.call([user(f"Nightly {at}")], assistant("Done"), run=TRACE)).status for at in (2, 3, 4)]
    assert statuses == [200, 200, 429]
