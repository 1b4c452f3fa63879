"""What is seen of calls while they pass: who, where, what came of them; bounded, and by project."""

import pytest

from masthead.gateway.call import Attempt, Connection, Exchange, FailureKind, Target
from masthead.gateway.seen import CallSeen
from masthead.gateway.traffic import MOST_LATEST, Traffic
from masthead.model.ids import ProjectId
from masthead.model.span import AttributeValue
from masthead.providers.dialects import Dialect
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit

ONE, TWO = ProjectId("one"), ProjectId("two")
SECOND_NS = 1_000_000_000
BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "user": "ada"}


def target(connection: str = "up", model: str = "m-1") -> Target:
    return Target(Connection(connection, "openai", (Dialect.OPENAI_CHAT,), "https://x/v1", "sk-secret"), model)


def attempt(
    at: Target, *, took_s: float = 1.0, failure: FailureKind | None = None, status: int | None = 200, error: str = ""
) -> Attempt:
    end_ns = SECOND_NS + int(took_s * 1e9)
    return Attempt(target=at, start_ns=SECOND_NS, end_ns=end_ns, status=status, failure=failure, error=error or None)


def ended(number: int = 1, *, project: str = "one", attempts: tuple[Attempt, ...] = (), end_s: float = 3) -> Exchange:
    exchange = exchange_of(BODY, project=project, key="k1", number=number, start_ns=SECOND_NS)
    exchange.attempts.extend(attempts)
    exchange.status, exchange.end_ns = 200, int(end_s * SECOND_NS)
    return exchange


def test_an_ended_call_is_told_with_what_its_span_says() -> None:
    traffic = Traffic()
    attributes: dict[str, AttributeValue] = {
        "gen_ai.agent.name": "planner",
        "user.id": "ada",
        "gen_ai.request.model": "m-1",
        "masthead.gateway.connection": "up",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.response.time_to_first_chunk": 0.5,
        "masthead.guard.action": "warned",
    }
    traffic.ended(ended(attempts=(attempt(target()),)), lambda: attributes)
    assert traffic.latest(ONE) == [
        CallSeen(
            run_id=f"{1:032x}",
            span_id=f"{1:016x}",
            start_ns=SECOND_NS,
            end_ns=3 * SECOND_NS,
            endpoint="chat",
            key_id="k1",
            key="k1-name",
            agent="planner",
            user="ada",
            model_asked="m",
            model="m-1",
            connection="up",
            status=200,
            input_tokens=7,
            output_tokens=2,
            cache_read_tokens=4,
            first_chunk_s=0.5,
            tries=1,
            guard="warned",
        )
    ]


def test_a_call_under_way_tells_where_it_waits() -> None:
    traffic = Traffic()
    exchange = exchange_of(BODY, project="one", agent="planner", start_ns=SECOND_NS)
    traffic.under_way[exchange.span_id] = exchange
    ((project, seen),) = traffic.calls_under_way()
    assert (project, seen.agent, seen.user, seen.connection, seen.end_ns) == (ONE, "planner", "ada", None, None)
    exchange.attempts.append(Attempt(target=target(), start_ns=SECOND_NS))
    exchange.first_chunk_ns = 3 * SECOND_NS
    ((_, seen),) = traffic.calls_under_way()
    assert (seen.connection, seen.model, seen.first_chunk_s, seen.tries) == ("up", "m-1", 2.0, 1)


def test_an_end_users_name_is_left_out_until_the_record_is_made_where_it_may_be_replaced_there() -> None:
    traffic = Traffic()
    exchange = exchange_of({**BODY, "user": "ada@example.com"}, project="one")
    exchange.veil = lambda _: None
    traffic.under_way[exchange.span_id] = exchange
    ((_, seen),) = traffic.calls_under_way()
    assert seen.user is None


def test_the_latest_come_first_and_the_earliest_are_forgotten() -> None:
    traffic = Traffic()
    for number in range(1, MOST_LATEST + 3):
        traffic.ended(ended(number, end_s=number), dict)
    seen = traffic.latest(ONE)
    assert len(seen) == MOST_LATEST
    assert (seen[0].span_id, seen[-1].span_id) == (f"{MOST_LATEST + 2:016x}", f"{3:016x}")
    assert traffic.ended_calls == MOST_LATEST + 2


def test_of_very_many_calls_a_part_is_seen_and_every_one_that_failed() -> None:
    traffic = Traffic()
    for number in range(1, 2001):
        exchange = ended(number, end_s=3 + number / 2000, attempts=(attempt(target()),))
        exchange.error = "broken" if number == 1990 else None
        traffic.ended(exchange, dict)
    seen = traffic.latest(ONE)
    assert len(seen) == MOST_LATEST
    assert f"{1990:016x}" in {one.span_id for one in seen}
    assert seen[0].end_ns is not None
    assert seen[-1].end_ns is not None
    assert seen[0].end_ns - seen[-1].end_ns > 0.4 * SECOND_NS
    assert traffic.ended_calls == traffic.targets(ONE)[0].calls == 2000


def test_a_project_sees_its_own_alone() -> None:
    traffic = Traffic()
    traffic.ended(ended(1, attempts=(attempt(target("a")),)), dict)
    traffic.ended(ended(2, project="two", attempts=(attempt(target("b")),)), dict)
    assert [one.span_id for one in traffic.latest(TWO)] == [f"{2:016x}"]
    assert [one.connection for one in traffic.targets(TWO)] == ["b"]
    assert traffic.latest(ProjectId("three")) == []
    assert traffic.targets(ProjectId("three")) == []
    assert traffic.projects() == [ONE, TWO]


def test_tries_are_counted_by_target_and_kind_of_failure() -> None:
    traffic = Traffic()
    tries = (
        attempt(target("a"), failure="status", status=503, error="busy"),
        attempt(target("a"), failure="timeout", status=None, took_s=2, error="no answer"),
        attempt(target("a"), failure="status", status=400, took_s=3, error="bad request"),
        attempt(target("a"), failure="abandoned", status=None),
        attempt(target("b"), took_s=0.25),
    )
    traffic.ended(ended(attempts=tries), dict)
    a, b = traffic.targets(ONE)
    assert (a.calls, a.errors, a.latencies_s) == (3, {"overloaded": 1, "timeout": 1, "other": 1}, ())
    assert (a.last_error, a.last_error_ns) == ("bad request", 4 * SECOND_NS)
    assert (b.calls, b.errors, b.latencies_s, b.last_error) == (1, {}, (0.25,), None)


def test_models_that_callers_make_up_do_not_fill_the_memory() -> None:
    traffic = Traffic()
    for number in range(500):
        traffic.ended(ended(number, attempts=(attempt(target(model=f"made-up-{number}")),)), dict)
    assert len(traffic.targets(ONE)) == 200
    assert traffic.targets(ONE)[-1].model == "made-up-499"


def test_many_projects_are_seen_the_earliest_forgotten() -> None:
    traffic = Traffic()
    for number in range(300):
        traffic.ended(ended(number, project=f"p{number}"), dict)
    assert len(traffic.projects()) == 256
    assert traffic.latest(ProjectId("p0")) == []
    assert len(traffic.latest(ProjectId("p299"))) == 1


def test_no_secret_is_seen() -> None:
    traffic = Traffic()
    traffic.ended(ended(attempts=(attempt(target()),)), dict)
    assert "sk-secret" not in repr((traffic.latest(ONE), traffic.targets(ONE)))
