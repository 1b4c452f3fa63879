"""Several workers guard a run as one does: each of two asks the other over a real socket about the runs it keeps."""

import asyncio
import itertools
import logging
import stat
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from masthead.clock import FixedClock
from masthead.gateway.agents.between import by_asker
from masthead.gateway.agents.guards import AgentGuards
from masthead.gateway.agents.keep import Keeper
from masthead.gateway.agents.shared import SharedGuards
from masthead.gateway.agents.wire import Place
from masthead.gateway.call import Answer, Call, Exchange
from masthead.gateway.config_routes import GuardsConfig, RunBudgetConfig
from masthead.gateway.seams import Refused
from masthead.testing.agent_calls import Message, assistant, calls, link_of, result, system, user
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.integration
OPENING: Sequence[Message] = (system("You are the refund agent."), user("Refund order 5555."))
STOP = GuardsConfig(on_finding="stop")


class Workers:
    """Two workers' guards, each call to whichever is named."""

    def __init__(self, folder: Path, config: GuardsConfig) -> None:
        self.folder = folder
        self.configs = [config, config]
        """What each worker's configuration says."""
        self.clock = FixedClock()
        self._numbers = itertools.count(1)
        self.local: dict[int, AgentGuards] = {}
        self.guards = [self.made(worker) for worker in (0, 1)]

    def made(self, worker: int) -> SharedGuards:
        """Return a worker's guards, not yet begun."""
        keeper = Keeper(self.folder / f"runs-{worker}.jsonl")

        def guards_of(_call: Call) -> GuardsConfig:
            return self.configs[worker]

        local = AgentGuards(by_asker(guards_of), _cent, self.clock, keeper)
        self.local[worker] = local
        return SharedGuards(local, guards_of, worker, 2, Place(self.folder))

    def key_of(self, worker: int) -> str:
        """Return a key whose runs that worker keeps."""
        keys = (f"k{number}" for number in range(99))
        return next(key for key in keys if self.guards[0].owner(exchange_of({"model": "m"}, key=key)) == worker)

    async def restart(self, worker: int) -> None:
        """End a worker in an orderly way and begin it anew, with what it had written down."""
        await self.guards[worker].end()
        self.local[worker].close()
        self.guards[worker] = self.made(worker)
        await self.guards[worker].begin()

    async def begun(
        self, worker: int, messages: Sequence[Message], *, key: str, is_stream: bool = False, **more: Any
    ) -> Exchange:
        """Bring a call to a worker."""
        self.clock.advance(1)
        body = {"model": "m", "messages": messages, "stream": is_stream}
        exchange = exchange_of(body, key=key, number=next(self._numbers), start_ns=self.clock.now_ns(), **more)
        try:
            await self.guards[worker].before(exchange)
        except Refused as refused:
            exchange.status, exchange.error = refused.status, str(refused)
            self.guards[worker].ended(exchange)
        return exchange

    async def answered(self, worker: int, exchange: Exchange, reply: Message) -> None:
        """Answer it, as a whole body."""
        body = msgspec.json.encode(completion(reply))
        await self.guards[worker].after(exchange, Answer(200, (), body))
        exchange.status, exchange.answered = 200, [body]
        self.guards[worker].ended(exchange)

    async def streamed(self, worker: int, exchange: Exchange, text: str) -> None:
        """Answer it, as a stream."""
        event = {"id": "c", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]}
        exchange.status, exchange.is_stream_answer = 200, True
        exchange.answered = [b"data: " + msgspec.json.encode(event) + b"\n\n", b"data: [DONE]\n\n"]
        self.guards[worker].ended(exchange)

    async def call(self, worker: int, messages: Sequence[Message], reply: Message, *, key: str) -> Exchange:
        """Bring a call and answer it."""
        exchange = await self.begun(worker, messages, key=key)
        if exchange.status is None:
            await self.answered(worker, exchange, reply)
        return exchange


def _cent(*_asked: object) -> Decimal:
    return Decimal("0.01")


def completion(message: Message) -> Mapping[str, Any]:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {"id": "c", "model": "m", "choices": [{"index": 0, "message": message}], "usage": usage}


@asynccontextmanager
async def workers(folder: Path, config: GuardsConfig = STOP) -> AsyncGenerator[Workers]:
    made = Workers(folder, config)
    for one in made.guards:
        await one.begin()
    try:
        yield made
    finally:
        for worker, one in enumerate(made.guards):
            await one.end()
            made.local[worker].close()


async def retrying(site: Workers, key: str, order: Sequence[int]) -> list[Exchange]:
    """Call a failing tool over and over; `order` says which worker has which call."""
    history, made = OPENING, list[Exchange]()
    for number, worker in enumerate(order):
        call = calls(f"call_{number}", "refund", '{"order_id":5555}')
        made.append(await site.call(worker, history, call, key=key))
        if made[-1].status != 200:
            break
        history = [*history, call, result(f"call_{number}", "Error: no order 5555")]
    return made


@pytest.mark.parametrize("owner", [0, 1])
async def test_an_agent_whose_calls_alternate_is_stopped_at_the_third_identical_failure(tmp_path: Path, owner: int):
    async with workers(tmp_path) as site:
        made = await retrying(site, site.key_of(owner), [0, 1] * 20)
    assert [exchange.status for exchange in made] == [200, 200, 200, 422]
    assert len({exchange.trace_id for exchange in made}) == 1
    for part in ("FM-1.3", "refund failed 3 times", "refund({"):
        assert part in (made[-1].error or "")
    assert [link_of(exchange) for exchange in made] == ["new", "history", "history", "history"]


async def test_a_budget_of_a_run_holds_over_workers(tmp_path: Path):
    budget = GuardsConfig(run=RunBudgetConfig(calls=5))
    async with workers(tmp_path, budget) as site:
        key, history, statuses = site.key_of(0), list(OPENING), list[int | None]()
        for number in range(7):
            reply = assistant(f"Step {number} is done, and so on.")
            statuses.append((await site.call(number % 2, history, reply, key=key)).status)
            history += [reply, user(f"Now step {number + 1}.")]
    assert statuses == [200] * 5 + [429] * 2


async def test_calls_at_once_over_both_workers_never_pass_a_runs_budget_of_calls(tmp_path: Path):
    async with workers(tmp_path, GuardsConfig(run=RunBudgetConfig(calls=5))) as site:
        key, run = site.key_of(0), "ab" * 16
        left = await site.begun(1, OPENING, key=key, run=run)
        begun = await asyncio.gather(*(site.begun(n % 2, OPENING, key=key, run=run) for n in range(20)))
        admitted = [(n % 2, one) for n, one in enumerate(begun) if one.status is None]
        assert len(admitted) == 4
        for worker, one in admitted:
            await site.answered(worker, one, assistant("Done."))
        left.is_client_gone = True  # before its provider was asked: it counts for nothing
        site.guards[1].ended(left)
        await asyncio.sleep(0.05)
        again = [(await site.begun(n, OPENING, key=key, run=run)).status for n in (0, 1)]
    assert again == [None, 429]


async def test_what_guards_a_run_is_said_by_the_configuration_of_the_worker_that_has_the_call(tmp_path: Path):
    async with workers(tmp_path) as site:
        site.configs[0] = GuardsConfig()  # as of a keeper that has not met the project yet
        made = await retrying(site, site.key_of(0), [1] * 20)
    assert [exchange.status for exchange in made] == [200, 200, 200, 422]


async def test_a_correction_and_a_warning_reach_the_worker_that_has_the_call(tmp_path: Path):
    async with workers(tmp_path, GuardsConfig(on_finding="correct")) as site:
        made = await retrying(site, site.key_of(0), [1] * 20)
    noted = next(one for one in made if one.attributes.get("masthead.guard.action") == "corrected")
    sent = msgspec.json.decode(noted.call.body)["messages"]
    assert "refund failed 3 times" in sent[-1]["content"]
    assert any(name == b"x-masthead-guard" for name, _ in noted.headers)
    assert made[-1].status == 422


async def test_a_stream_that_another_worker_has_just_ended_is_known_to_the_next_call(tmp_path: Path):
    async with workers(tmp_path) as site:
        key = site.key_of(0)
        first = await site.begun(1, OPENING, key=key, is_stream=True)
        going_on = asyncio.create_task(
            site.begun(0, [*OPENING, assistant("Which order is it?"), user("5555")], key=key)
        )
        await asyncio.sleep(0.005)  # the next call is here before the end of the first was told
        assert not going_on.done()
        await site.streamed(1, first, "Which order is it?")
        second = await going_on
    assert (link_of(second), second.trace_id) == ("history", first.trace_id)


async def test_a_call_that_goes_on_from_one_that_never_ends_waits_no_longer_than_it_must(tmp_path: Path):
    async with workers(tmp_path) as site:
        key = site.key_of(0)
        await site.begun(1, OPENING, key=key)
        async with asyncio.timeout(2):
            assert (await site.begun(0, [*OPENING, user("Hurry!")], key=key)).status is None


async def test_while_the_keeper_is_gone_calls_go_on_with_what_their_worker_knows(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with workers(tmp_path) as site:
        key = site.key_of(0)
        await site.guards[0].end()
        with caplog.at_level(logging.WARNING):
            made = await retrying(site, key, [1] * 20)
        assert [exchange.status for exchange in made] == [200, 200, 200, 422]
        assert site.guards[1].alone == 4
        assert len([one for one in caplog.records if "does not answer" in one.message]) == 1
        site.guards[0] = site.made(0)


async def test_a_keeper_that_hangs_costs_a_call_a_moment_and_not_the_call(tmp_path: Path):
    async with workers(tmp_path) as site:
        key = site.key_of(0)

        async def hanging(_exchange: Exchange) -> None:
            await asyncio.sleep(30)

        site.local[0].before = hanging  # pyright: ignore[reportAttributeAccessIssue] - a worker that hangs
        async with asyncio.timeout(3):
            assert (await site.call(1, OPENING, assistant("Hello."), key=key)).status == 200
            assert (await site.call(1, OPENING, assistant("Hello."), key=key)).status == 200
        assert site.guards[1].alone == 2


async def test_a_keeper_that_begins_anew_takes_up_its_runs(tmp_path: Path):
    async with workers(tmp_path) as site:
        key = site.key_of(0)
        history = list(OPENING)
        for number in range(3):
            call = calls(f"call_{number}", "refund", '{"order_id":5555}')
            assert (await site.call(1, history, call, key=key)).status == 200
            history += [call, result(f"call_{number}", "Error: no order 5555")]
        await site.restart(0)
        stopped = await site.begun(1, history, key=key)
        assert stopped.status == 422
        assert site.guards[1].alone == 0


async def test_calls_of_a_worker_that_is_gone_are_let_go_of(tmp_path: Path):
    async with workers(tmp_path) as site:
        key = site.key_of(0)
        await site.begun(1, OPENING, key=key)
        assert (site.guards[0].under_way, site.guards[1].under_way) == ((0, 1), (1, 0))
        await site.restart(1)
        await asyncio.sleep(0.05)
        assert site.guards[0].under_way == (0, 0)


async def test_clients_that_leave_while_the_keeper_waits_for_an_earlier_end_leave_nothing_behind(tmp_path: Path):
    async with workers(tmp_path, GuardsConfig(run=RunBudgetConfig(calls=3))) as site:
        key, run = site.key_of(0), "ab" * 16
        opening = [*OPENING, assistant("Which order is it?"), user("5555")]
        first = await site.begun(1, opening, key=key, run=run)
        for _ in range(4):
            leaving = asyncio.create_task(site.begun(1, [*opening, assistant("It"), user("Hurry!")], key=key, run=run))
            await asyncio.sleep(0.01)  # the keeper has begun to look, and waits for what the first is answered
            assert not leaving.done()
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
        await asyncio.sleep(0.1)
        assert (site.guards[0].under_way, site.guards[1].under_way) == ((0, 1), (1, 0))
        await site.answered(1, first, assistant("Done."))
        assert (await site.call(1, OPENING, assistant("Done."), key=key)).status == 200
        assert (await site.begun(1, [*OPENING, user("And now?")], key=key, run=run)).status is None
        assert site.guards[0].under_way == (0, 1)


async def test_a_call_that_is_given_up_while_guards_look_at_it_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with workers(tmp_path) as site:
        looks, go_on = asyncio.Event(), asyncio.Event()
        before = site.local[0].before

        async def slowly(exchange: Exchange) -> None:
            looks.set()
            await go_on.wait()
            await before(exchange)

        monkeypatch.setattr(site.local[0], "before", slowly)
        leaving = asyncio.create_task(site.begun(1, OPENING, key=site.key_of(0)))
        await looks.wait()
        leaving.cancel()
        await asyncio.wait([leaving])
        await asyncio.sleep(0.05)  # the end is there
        go_on.set()
        await asyncio.sleep(0.05)
        assert site.guards[0].under_way == (0, 0)


async def test_a_hundred_calls_at_once_are_each_answered(tmp_path: Path):
    async with workers(tmp_path) as site:
        key = site.key_of(0)
        made = await asyncio.gather(
            *(site.call(1, [user(f"Question {n}")], assistant(f"Answer {n}"), key=key) for n in range(100))
        )
        assert {exchange.status for exchange in made} == {200}
        assert site.guards[1].elsewhere == 100
        assert (site.guards[0].under_way, site.guards[1].under_way) == ((0, 0), (0, 0))


async def test_the_socket_is_its_owners_alone_and_garbage_on_it_ends_the_connection(tmp_path: Path):
    folder = tmp_path / ("deep" * 30)
    async with workers(folder) as site:
        path = folder / "guards-0.sock"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        for garbage in (b"\xff" * 64, b"\x00\x00\x00\x05hello", b"\x00\x00\x00\x00"):
            reader, writer = await asyncio.open_unix_connection(Place(folder).address(0))
            writer.write(garbage)
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()
        assert (await site.call(1, OPENING, assistant("Hello."), key=site.key_of(0))).status == 200
        assert site.guards[1].elsewhere == 1
