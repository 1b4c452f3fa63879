"""What is remembered of runs under way is bounded by its size, and long messages are known again all the same."""

import pytest

from masthead.gateway.agents import stitch, watch
from masthead.gateway.agents.heard import Ear
from masthead.gateway.agents.live_run import LiveRun
from masthead.gateway.agents.marks import Marks
from masthead.gateway.agents.memory import size_bytes
from masthead.gateway.config_routes import GuardsConfig
from masthead.testing.agent_calls import Site, assistant, calls, link_of, result, system, user
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit
LONG = "A line of a long report. " * 6000


async def test_runs_with_much_text_are_forgotten_sooner_the_quietest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stitch, "_MOST_BYTES", 400_000)
    site = Site()
    begun = [await site.call([user(f"{number} {LONG[:20_000]}")], assistant("Read.")) for number in range(40)]
    kept = site.guards.runs
    assert 1 < len(kept) < 20
    assert sum(size_bytes(run) for run in kept) <= 450_000
    assert [run.run_id for run in kept] == [exchange.trace_id for exchange in begun[-len(kept) :]]


async def test_a_run_that_was_forgotten_within_a_call_is_taken_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stitch, "MOST_RUNS", 1)
    site = Site()
    slow = exchange_of({"model": "m", "messages": [user("Slow question, one of its kind?")]}, number=900)
    await site.guards.before(slow)
    await site.call([user("Quick question")], assistant("Quick answer."))
    slow.status = 200
    slow.answered = [b'{"choices":[{"message":{"role":"assistant","content":"Slow answer."}}]}']
    site.guards.ended(slow)
    again = [user("Slow question, one of its kind?"), assistant("Slow answer."), user("Go on")]
    assert (await site.call(again, assistant("Gone on."))).trace_id == slow.trace_id


async def test_what_forgotten_runs_took_is_not_counted_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stitch, "MOST_RUNS", 3)
    monkeypatch.setattr(stitch, "_MOST_BYTES", 60_000)
    site = Site()
    slow = [
        exchange_of({"model": "m", "messages": [user(f"Slow question {number}")]}, number=900 + number)
        for number in range(30)
    ]
    for exchange in slow:
        await site.guards.before(exchange)
    for exchange in slow:
        exchange.status = 502
        site.guards.ended(exchange)
    for number in range(4):
        await site.call([user(f"Question {number}")], assistant(f"Answer {number}."))
    assert len(site.guards.runs) == 3


async def test_a_long_message_is_known_again_and_kept_by_its_ends() -> None:
    site = Site()
    first = await site.call([system("You are Ann."), user(LONG + "one")], assistant("It rains."))
    other = await site.call([system("You are Ann."), user(LONG + "two")], assistant("It rains."))
    more = [system("You are Ann."), user(LONG + "two"), assistant("It rains."), user("Go on")]
    again = await site.call(more, assistant("It rained."))
    assert (again.trace_id, link_of(again)) == (other.trace_id, "history")
    assert first.trace_id != other.trace_id
    texts = [turn.text for run in site.guards.runs for turn in run.pending]
    assert max(map(len, texts)) < 40_000
    assert len({text for text in texts if "long report" in text}) == 2


async def test_identical_failures_are_found_where_they_are_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_MOST_SUITES", 1)
    site = Site(GuardsConfig(on_finding="stop"))
    history = [user("Refund order 5555.")]
    statuses: list[int | None] = []
    for number in range(6):
        call = calls(f"call_{number}", "refund", '{"order_id":5555}')
        statuses.append((await site.call(history, call)).status)
        history = [*history, call, result(f"call_{number}", f"Error: {LONG}")]
    assert statuses[:4] == [200, 200, 200, 422]


def test_messages_are_read_once_while_there_is_room() -> None:
    ear = Ear()
    call = exchange_of({"model": "m", "messages": [user("Hello"), assistant("Hi")]}).call
    assert [one is again for one, again in zip(ear.call(call).said, ear.call(call).said, strict=True)] == [True, True]


def test_marks_of_forgotten_runs_are_gone_and_shared_ones_lead_on() -> None:
    marks = Marks()
    one, two = (LiveRun(scope="s", run_id=name, start_ns=1, last_ns=1) for name in ("one", "two"))
    marks.leave(one, "quote", 1, 2, 3)
    marks.leave(two, "quote", 3, 4)
    assert marks.most_shown("s", "quote", [[1, 3, 4], [4]]) == [two]
    assert list(marks.runs("s", "quote", 3)) == [one, two]
    marks.forget(two)
    assert (list(marks.runs("s", "quote", 3)), list(marks.runs("s", "quote", 4))) == ([one], [])
    marks.forget(one)
    assert len(marks) == 0
    assert list(marks.runs("s", "quote", 1)) == []
