"""Live runs are guarded by the detectors that diagnose stored ones, and by budgets."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from masthead.conversation import conversation_of
from masthead.detect.registry import suite
from masthead.gateway.call import Exchange
from masthead.gateway.config_routes import GuardsConfig, RunBudgetConfig
from masthead.gateway.spans import spans_of
from masthead.model.conversation import Act, EndingKind
from masthead.testing.agent_calls import Message, Site, agent_of, assistant, calls, result, system, user

pytestmark = pytest.mark.unit

OPENING: Sequence[Message] = (system("You are the refund agent."), user("Refund order 5555."))


async def retrying(site: Site, times: int, history: Sequence[Message] = OPENING) -> list[Exchange]:
    """Call a failing tool over and over, as an agent without a limit does; return its calls of the model."""
    made: list[Exchange] = []
    begun = (len(history) - 2) // 2
    for number in range(begun, begun + times):
        call = calls(f"call_{number}", "refund", '{"order_id":5555}')
        made.append(await site.call(history, call))
        if made[-1].status != 200:
            break
        history = [*history, call, result(f"call_{number}", "Error: no order 5555")]
    return made


async def test_an_agent_that_retries_without_limit_is_stopped_at_the_third_identical_failure():
    site = Site(GuardsConfig(on_finding="stop"))
    made = await retrying(site, 50)
    assert [exchange.status for exchange in made] == [200, 200, 200, 422]
    assert made[-1].attributes["masthead.guard.action"] == "stopped"
    for part in ("FM-1.3", "refund failed 3 times", 'turn 5, refund agent: refund({"order_id":5555})', "$0.03"):
        assert part in (made[-1].error or "")


async def test_a_stopped_run_stays_stopped_and_another_begins_afresh():
    site = Site(GuardsConfig(on_finding="stop"))
    stopped = (await retrying(site, 9))[-1]
    again = await site.call([*OPENING, user("go on")], assistant("Gladly."), run=stopped.trace_id)
    other = await site.call([OPENING[0], user("Refund order 1.")], assistant("Done."))
    assert (again.status, other.status) == (422, 200)


async def test_a_stopped_run_reads_as_one_that_its_guard_ended_and_not_as_one_that_broke_off():
    site = Site(GuardsConfig(on_finding="stop"))
    made = await retrying(site, 9)
    made.append(await site.call([*OPENING, user("go on")], assistant("Gladly."), run=made[-1].trace_id))
    run = conversation_of([span for exchange in made for span in spans_of(exchange)])
    assert run.ending.kind is EndingKind.STOPPED
    assert "refund failed 3 times" in (run.ending.reason or "")
    last = run.turns[-1]
    assert (last.speaker, last.act, last.is_error) == ("guardrail:gateway", Act.VERDICT, True)
    assert "FM-3.1" not in {finding.code for finding in suite().findings(run)}


async def test_recording_lets_everything_through_and_says_it_in_the_trace():
    site = Site(GuardsConfig(on_finding="record"))
    made = await retrying(site, 6)
    assert {exchange.status for exchange in made} == {200}
    findings = made[3].attributes["masthead.guard.findings"]
    assert isinstance(findings, list) and "refund failed 3 times" in str(findings[0])
    assert made[3].headers == []


async def test_a_warning_stands_in_a_header():
    made = await retrying(Site(GuardsConfig(on_finding="warn")), 5)
    assert made[2].headers == []
    assert any(name == b"x-masthead-guard" and b"FM-1.3" in value for name, value in made[3].headers)


async def test_a_correction_tells_the_model_once_and_stops_the_run_that_does_not_listen():
    made = await retrying(Site(GuardsConfig(on_finding="correct")), 50)
    noted = next(exchange for exchange in made if exchange.attributes.get("masthead.guard.action") == "corrected")
    sent = msgspec.json.decode(noted.call.body)["messages"]
    assert sent[-1]["role"] == "user" and "refund failed 3 times" in sent[-1]["content"]
    assert len(sent) == len(OPENING) + 2 * 3 + 1
    assert made[-1].status == 422
    assert 4 < len(made) <= 8


async def test_polling_whose_answer_changes_is_no_loop():
    site = Site(GuardsConfig(on_finding="stop"))
    history: Sequence[Message] = OPENING
    for number in range(12):
        call = calls(f"call_{number}", "status", "{}")
        assert (await site.call(history, call)).status == 200
        history = [*history, call, result(f"call_{number}", f"{number * 8} percent are done")]


async def test_only_the_named_detectors_are_acted_upon():
    site = Site(GuardsConfig(on_finding="stop", detectors=("restart",)))
    assert {exchange.status for exchange in await retrying(site, 8)} == {200}


@pytest.mark.parametrize(
    ("budget", "made", "said"),
    [
        (RunBudgetConfig(calls=2), 2, "2 of 2 calls"),
        (RunBudgetConfig(tokens=40), 3, "45 of 40 tokens"),
        (RunBudgetConfig(cost_usd=Decimal("0.02")), 2, "$0.02 of $0.02"),
        (RunBudgetConfig(seconds=4), 4, "of 4 seconds"),
    ],
)
async def test_a_runs_budget_ends_it_and_says_what_was_used_up(budget: RunBudgetConfig, made: int, said: str):
    site = Site(GuardsConfig(run=budget))
    history: Sequence[Message] = OPENING
    statuses: list[int | None] = []
    for number in range(6):
        last = await site.call(history, assistant(f"Step {number}"))
        statuses.append(last.status)
        if last.status != 200:
            assert said in (last.error or "")
            break
        history = [*history, assistant(f"Step {number}"), user(f"On to {number + 1}")]
    assert statuses == [200] * made + [429]


async def test_a_budget_of_depth_stops_agents_that_call_agents_without_end():
    site = Site(GuardsConfig(run=RunBudgetConfig(depth=1)))
    task = user("Ask a colleague to ask a colleague.")
    statuses: list[int | None] = []
    for level in "abc":
        asked = [system(f"You are worker {level} of the house."), task]
        statuses.append((await site.call(asked, calls(f"ask_{level}", "ask_colleague"), run="cd" * 16)).status)
    assert statuses == [200, 200, 429]


async def test_calls_of_unknown_price_are_said_to_be_so():
    site = Site(GuardsConfig(on_finding="stop"), price_usd=None)
    assert "$" not in ((await retrying(site, 9))[-1].error or "")
    assert site.guards.runs[-1].unpriced == 3


async def test_a_guard_goes_on_after_a_restart(tmp_path: Path):
    before = Site(GuardsConfig(on_finding="stop"), folder=tmp_path)
    first = (await retrying(before, 2))[0]
    before.guards.close()
    after = Site(GuardsConfig(on_finding="stop"), clock=before.clock, folder=tmp_path)
    history: list[Message] = [*OPENING]
    for number in range(2):
        call = calls(f"call_{number}", "refund", '{"order_id":5555}')
        history += [call, result(f"call_{number}", "Error: no order 5555")]
    made = await retrying(after, 5, history)
    assert [exchange.status for exchange in made] == [200, 422]
    assert made[0].trace_id == first.trace_id
    assert agent_of(made[0]) == "refund agent"


async def test_a_file_of_runs_that_is_damaged_costs_those_runs_only(tmp_path: Path):
    before = Site(folder=tmp_path)
    kept = await before.call(OPENING, calls("call_1", "ask"))
    before.guards.close()
    path = tmp_path / "runs.jsonl"
    path.write_bytes(b"\xff\xfe garbage\n{\n" + path.read_bytes() + b'{"scope":"cut o')
    after = Site(clock=before.clock, folder=tmp_path)
    assert [run.run_id for run in after.guards.runs] == [kept.trace_id]
