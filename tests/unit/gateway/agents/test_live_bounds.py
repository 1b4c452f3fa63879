"""What is remembered of runs under way is bounded by its size, and long messages are known again all the same."""

import pytest

from masthead.gateway.agents import watch
from masthead.gateway.agents.heard import Ear
from masthead.gateway.agents.live_run import LiveRun
from masthead.gateway.agents.marks import Scope
from masthead.gateway.agents.memory import size_bytes
from masthead.gateway.config_routes import GuardsConfig
from masthead.testing.agent_calls import Message, Site, agent_of, assistant, calls, link_of, result, system, user
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit
LONG = "A line of a long report. " * 6000


async def test_runs_with_much_text_are_forgotten_sooner_the_quietest_first() -> None:
    site = Site(most_bytes=400_000)
    begun = [await site.call([user(f"{number} {LONG[:20_000]}")], assistant("Read.")) for number in range(40)]
    kept = site.guards.runs
    assert 10 <= len(kept) <= 25
    assert sum(size_bytes(run) for run in kept) <= 450_000
    assert [run.run_id for run in kept] == [exchange.trace_id for exchange in begun[-len(kept) :]]


async def test_a_run_that_was_forgotten_within_a_call_is_taken_up_again() -> None:
    site = Site(most_bytes=5000)
    asked: list[Message] = [user("Slow question, one of its kind?")]
    slow = exchange_of({"model": "m", "messages": asked}, number=900, start_ns=site.clock.now_ns())
    await site.guards.before(slow)
    quick = [await site.call([user(f"Quick question {number}")], assistant("Answer.")) for number in range(2)]
    assert [run.run_id for run in site.guards.runs] == [quick[-1].trace_id]
    slow.status = 200
    slow.answered = [b'{"choices":[{"message":{"role":"assistant","content":"Slow answer."}}]}']
    site.guards.ended(slow)
    again = [*asked, assistant("Slow answer."), user("Go on")]
    assert (await site.call(again, assistant("Gone on."))).trace_id == slow.trace_id


async def test_what_forgotten_runs_took_is_not_counted_any_more() -> None:
    site = Site(most_bytes=20_000)
    slow = [
        exchange_of({"model": "m", "messages": [user(f"Slow question {number}")]}, number=900 + number)
        for number in range(30)
    ]
    for exchange in slow:
        await site.guards.before(exchange)
    for exchange in slow:
        exchange.status = 502
        site.guards.ended(exchange)
    for number in range(20):
        await site.call([user(f"Question {number}")], assistant(f"Answer {number}."))
    assert 4 <= len(site.guards.runs) <= 10


async def test_a_long_message_is_known_again_and_kept_by_its_ends() -> None:
    site = Site()
    first = await site.call([system("You are Ann."), user(LONG + "one")], assistant("It rains."))
    other = await site.call([system("You are Ann."), user(LONG + "two")], assistant("It rains."))
    more = [system("You are Ann."), user(LONG + "two"), assistant("It rains."), user("Go on")]
    again = await site.call(more, assistant("It rained."))
    assert (again.trace_id, link_of(again)) == (other.trace_id, "history")
    assert first.trace_id != other.trace_id
    texts = [turn.text for run in site.guards.runs if run.known is not None for turn in run.known.pending]
    begun = [run.beginning for run in site.guards.runs if run.beginning is not None]
    texts += [said.text for beginning in begun for said in beginning.heard.said]
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
    scope = Scope("s", 1)
    one, two = (LiveRun(scope="s", run_id=name, start_ns=1, last_ns=1) for name in ("one", "two"))
    scope.renew(one)
    for mark in (1, 2, 3):
        scope.enter(one, "quote", mark)
    scope.age(2)
    scope.renew(two)
    for mark in (3, 4):
        scope.enter(two, "quote", mark)
    assert scope.most_shown("quote", [[1, 3, 4], [4]]) == [two]
    assert list(scope.runs("quote", 3)) == [one, two]
    scope.age(3)
    assert (list(scope.runs("quote", 3)), list(scope.runs("quote", 1))) == ([two], [])
    scope.age(4)
    assert not scope.has_any("quote")
    assert (scope.run("one"), scope.run("two")) == (None, None)


async def test_a_long_system_prompt_takes_no_room_from_runs() -> None:
    site = Site(most_bytes=256 * 1024)
    for number in range(30):
        prompt = f"You are helper {number}. " + "Follow the rules. " * 2000
        await site.call([system(prompt), user(f"Question {number}")], assistant(f"Answer {number}"))
    assert len(site.guards.runs) == 30


def test_a_forgotten_run_does_not_take_its_id_back_from_one_that_has_it_by_now() -> None:
    forgotten, later = LiveRun("s", "r", 1, 1), LiveRun("s", "r", 2, 2)
    scope = Scope("s", 2)
    assert scope.renew(later)
    scope.age(3)
    assert not scope.renew(forgotten)
    assert scope.run("r") is later


async def test_of_many_keys_with_a_run_each_the_quietest_are_forgotten() -> None:
    site = Site(most_bytes=100_000)
    begun = [await site.call([user(f"Question {at:02}")], assistant("Answer."), key=f"k{at:02}") for at in range(60)]
    kept = [run.run_id for run in site.guards.runs]
    assert 10 < len(kept) < 60
    assert kept == [exchange.trace_id for exchange in begun[-len(kept) :]]


async def test_of_messages_without_end_the_latest_are_heard_and_a_loop_among_them_is_seen() -> None:
    site = Site(GuardsConfig(on_finding="stop"))
    asked: list[Message] = [system("You are the endless agent.")]
    for number in range(20_000):
        asked += [calls(f"c{number}", f"tool{number}"), result(f"c{number}", f"done {number}")]
    for number in range(3):
        asked += [calls(f"f{number}", "find", '{"at": 1}'), result(f"f{number}", "Error: not found")]
    stopped = await site.call(asked, assistant("It goes on."))
    assert stopped.status == 422 and "find" in str(stopped.error)
    assert agent_of(stopped) == "endless agent"
    assert sum(size_bytes(run) for run in site.guards.runs) < 1_000_000
    known = site.guards.runs[0].known
    assert known is not None and known.turns < 5000
