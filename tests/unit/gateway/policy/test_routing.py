"""Calls go where the configuration says, and elsewhere when that fails."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from masthead.clock import FixedClock
from masthead.gateway.call import Attempt, Exchange, Identity, Target
from masthead.gateway.config import GatewayConfig, parse
from masthead.gateway.policy.failures import failure_of, is_too_long
from masthead.gateway.policy.health import Fleet
from masthead.gateway.policy.routing import PolicyRouter
from masthead.gateway.seams import Plan, Refused
from masthead.gateway.secret import Secrets
from masthead.model.errors import NotAllowed, NotFound, SettingsError
from masthead.model.ids import ProjectId
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit

CONNECTIONS: Mapping[str, Any] = {name: {"base_url": f"https://{name}.example/v1"} for name in ("one", "two", "three")}
TARGETS: Sequence[Mapping[str, Any]] = [{"connection": name, "model": f"m-{name}"} for name in CONNECTIONS]
BACKUP: Mapping[str, Any] = {"model": "best", "targets": TARGETS, "retry": {"times": 0}}


class House:
    """A router over a configuration, with a clock that stands still between calls."""

    def __init__(self, prices: Mapping[str, str] | None = None, **given: Any) -> None:
        self.clock = FixedClock()
        self.config: GatewayConfig = parse({"connections": CONNECTIONS, **given}, where="test")
        self.fleet = Fleet(self.clock, self.config.breaker)
        known = {model: Decimal(price) for model, price in (prices or {}).items()}
        self.router = PolicyRouter(
            self.config, Secrets({}), self.fleet, self.clock, lambda _provider, model: known.get(model)
        )

    def plan(self, model: str = "best", **facts: Any) -> Plan:
        return self.router.plan(exchange(model, **facts))

    def first(self, model: str = "best", **facts: Any) -> str:
        step = self.plan(model, **facts).next(())
        assert step is not None
        return f"{step.target.connection.name}/{step.target.model}"

    def fail(self, target: Target, status: int | None = 500, **more: Any) -> Attempt:
        kind = "status" if status is not None else "connect"
        return Attempt(
            target=target, start_ns=1, end_ns=2, status=status, failure=more.pop("failure", kind), error="no", **more
        )

    def answers(self, name: str, took_s: float) -> None:
        """Let a target answer a call in this time."""
        step = self.plan(f"{name}/m-{name}").next(())
        assert step is not None
        self.fleet.note(Attempt(target=step.target, start_ns=0, end_ns=int(took_s * 1e9), status=200))

    def tried(self, plan: Plan, statuses: Sequence[int | None]) -> list[str]:
        """Return which targets a plan tries while they fail so."""
        attempts: list[Attempt] = []
        for status in statuses:
            step = plan.next(attempts)
            if step is None:
                break
            attempts.append(self.fail(step.target, status))
        else:
            step = plan.next(attempts)
            if step is not None:
                attempts.append(Attempt(target=step.target, start_ns=1, end_ns=2, status=200))
                plan.done(attempts)
        return [attempt.target.connection.name for attempt in attempts]


def exchange(model: str, *, headers: Mapping[bytes, bytes] | None = None, **facts: Any) -> Exchange:
    named = {name: facts.pop(name) for name in ("agent", "key", "run") if name in facts}
    return exchange_of({"model": model, "messages": [], **facts}, headers=headers, **named)


def test_a_model_that_is_no_alias_goes_to_who_names_it_or_to_who_names_none():
    house = House(
        connections={**CONNECTIONS, "two": {"base_url": "https://two.example", "models": ["gpt-9"]}}, routes=[]
    )
    assert house.first("gpt-9") == "two/gpt-9"
    assert house.first("three/llama") == "three/llama"
    assert house.first("anything") == "one/anything"


def test_a_model_that_nothing_serves_is_not_found():
    house = House(connections={"two": {"base_url": "https://two.example", "models": ["gpt-9"]}})
    with pytest.raises(NotFound, match="no model 'gpt-8'"):
        house.plan("gpt-8")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529, 401, 403, 404, 408, None])
def test_the_next_target_is_tried_when_one_fails(status: int | None):
    house = House(routes=[BACKUP])
    assert house.tried(house.plan(), [status, status]) == ["one", "two", "three"]


@pytest.mark.parametrize("status", [400, 422, 402, 409])
def test_a_refusal_that_is_the_callers_own_is_passed_on(status: int):
    house = House(routes=[BACKUP])
    assert house.tried(house.plan(), [status, 500, 500]) == ["one"]


def test_a_call_too_long_for_a_model_goes_to_the_next_one():
    house = House(routes=[BACKUP])
    plan = house.plan()
    step = plan.next(())
    assert step is not None
    attempt = house.fail(step.target, 400)
    attempt.is_too_long = is_too_long('{"error":{"code":"context_length_exceeded"}}')
    assert failure_of(attempt) == "context"
    following = plan.next([attempt])
    assert following is not None and following.target.connection.name == "two"


def test_failures_that_are_not_named_end_the_call():
    house = House(routes=[{**BACKUP, "retry": {"times": 0, "fall_back_on": ["timeout"]}}])
    assert house.tried(house.plan(), [500, 500]) == ["one"]


def test_the_same_target_is_tried_again_with_growing_waits_before_the_next():
    house = House(routes=[{**BACKUP, "retry": {"times": 2, "wait_s": 1.0}}])
    plan, attempts, waits = house.plan(), list[Attempt](), list[float]()
    for _ in range(4):
        step = plan.next(attempts)
        assert step is not None
        waits.append(step.delay_s)
        attempts.append(house.fail(step.target))
    assert [attempt.target.connection.name for attempt in attempts] == ["one", "one", "one", "two"]
    assert waits[0] == waits[3] == 0
    assert 0.5 <= waits[1] <= 1.5 and 1 <= waits[2] <= 3


def test_a_provider_that_asks_to_wait_is_waited_for_or_passed_over():
    house = House(routes=[{**BACKUP, "retry": {"times": 1, "longest_wait_s": 5}}])
    for asked_s, expected in ((3.0, "one"), (30.0, "two")):
        plan = house.plan()
        step = plan.next(())
        assert step is not None
        following = plan.next([house.fail(step.target, 429, retry_after_s=asked_s)])
        assert following is not None and following.target.connection.name == expected
        assert following.delay_s == (3.0 if expected == "one" else 0)


def test_no_try_is_begun_when_the_time_is_used_up():
    house = House(routes=[{**BACKUP, "retry": {"times": 0, "budget_s": 10}}])
    plan = house.plan()
    step = plan.next(())
    assert step is not None
    house.clock.advance(11)
    assert plan.next([house.fail(step.target)]) is None


def test_a_target_that_keeps_failing_is_set_aside_and_tried_by_one_call_after_a_pause():
    house = House(routes=[BACKUP], breaker={"failures": 3, "pause_s": 10})
    for _ in range(3):
        house.tried(house.plan(), [500])
    assert house.first() == "two/m-two"
    house.clock.advance(11)
    probe = house.plan()
    step = probe.next(())
    assert step is not None and step.target.connection.name == "one"
    assert house.first() == "two/m-two"
    probe.done([Attempt(target=step.target, start_ns=1, end_ns=2, status=200)])
    assert [house.first(), house.first()] == ["one/m-one"] * 2


def test_a_probe_that_fails_sets_the_target_aside_again():
    house = House(routes=[BACKUP], breaker={"failures": 1, "pause_s": 10})
    house.tried(house.plan(), [500])
    house.clock.advance(11)
    house.tried(house.plan(), [500])
    assert house.first() == "two/m-two"


def test_where_all_are_set_aside_the_caller_is_told_when_to_come_back():
    house = House(routes=[BACKUP], breaker={"failures": 1, "pause_s": 7})
    house.tried(house.plan(), [500, 500, 500])
    with pytest.raises(Refused) as refused:
        house.plan().next(())
    assert (refused.value.status, refused.value.headers) == (503, ((b"retry-after", b"7"),))


def test_a_refusal_of_the_callers_own_does_not_set_a_target_aside():
    house = House(routes=[BACKUP], breaker={"failures": 1})
    for _ in range(5):
        house.tried(house.plan(), [400])
    assert house.first() == "one/m-one"


def test_weights_share_calls_out_and_one_without_weight_only_helps_out():
    targets = [{**TARGETS[0], "weight": 3}, {**TARGETS[1], "weight": 1}, {**TARGETS[2], "weight": 0}]
    house = House(routes=[{"model": "best", "targets": targets, "pick": "weight", "retry": {"times": 0}}])
    counted = Counter(house.first() for _ in range(2000))
    assert set(counted) == {"one/m-one", "two/m-two"}
    assert 1350 < counted["one/m-one"] < 1650
    assert house.tried(house.plan(), [500, 500])[-1] == "three"


def test_a_sticky_split_gives_each_user_always_the_same_and_all_targets_their_share():
    targets = [{**TARGETS[0], "weight": 1}, {**TARGETS[1], "weight": 1}]
    house = House(routes=[{"model": "best", "targets": targets, "pick": "weight", "sticky": "user"}])
    given = {user: {house.first(user=f"user-{user}") for _ in range(5)} for user in range(200)}
    assert all(len(found) == 1 for found in given.values())
    assert 60 < sum(found == {"one/m-one"} for found in given.values()) < 140


def test_a_target_has_times_of_its_own_where_it_says_so():
    targets = [{**TARGETS[0], "first_byte_s": 2, "whole_s": 30.5}, TARGETS[1]]
    plan = House(routes=[{**BACKUP, "targets": targets}]).plan()
    first = plan.next(())
    assert first is not None
    second = plan.next([Attempt(target=first.target, start_ns=1, end_ns=2, failure="timeout", error="no")])
    assert second is not None
    assert first.target.timeouts == (10.0, 2.0, 120.0, 30.5)
    assert second.target.timeouts == (10.0, 600.0, 120.0, 1800.0)


def test_the_fastest_target_is_picked():
    house = House(routes=[{"model": "best", "targets": TARGETS, "pick": "latency"}])
    for name, took_s in (("one", 2.0), ("two", 0.5), ("three", 1.0)):
        house.answers(name, took_s)
    assert house.first() == "two/m-two"


def test_a_target_that_was_slow_once_is_measured_again_by_one_call_a_minute():
    house = House(routes=[{"model": "best", "targets": TARGETS, "pick": "latency"}])
    for name, took_s in (("one", 2.0), ("two", 0.5), ("three", 1.0)):
        house.answers(name, took_s)
        house.clock.advance(1)
    for _ in range(6):
        house.clock.advance(10)
        house.answers("two", 0.5)
    assert [house.first() for _ in range(3)] == ["one/m-one", "three/m-three", "two/m-two"]
    house.answers("one", 0.1)
    assert house.first() == "one/m-one", "the latest answer counts, not what was a minute ago"


def test_asking_where_a_route_leads_takes_no_targets_turn_to_be_measured():
    house = House(routes=[{"model": "best", "targets": TARGETS, "pick": "latency", "sticky": "run"}])
    for name, took_s in (("one", 2.0), ("two", 0.5), ("three", 1.0)):
        house.answers(name, took_s)
    house.clock.advance(61)
    assert not house.router.way(exchange("best"))
    assert house.first() == "one/m-one"


def test_the_cheapest_target_is_picked_and_an_unknown_price_counts_as_dear():
    house = House(
        prices={"m-two": "4.0", "m-three": "0.5"}, routes=[{"model": "best", "targets": TARGETS, "pick": "price"}]
    )
    assert house.first() == "three/m-three"


def test_conditions_choose_targets_by_agent_header_and_metadata():
    targets = [
        {**TARGETS[0], "when": 'agent == "researcher"'},
        {**TARGETS[1], "when": 'headers["x-tier"] == "gold" || metadata["tier"] == "gold"'},
        {**TARGETS[2], "when": "!stream"},
    ]
    house = House(routes=[{"model": "best", "targets": targets}])
    assert house.first(agent="researcher") == "one/m-one"
    assert house.first(headers={b"x-tier": b"gold"}) == "two/m-two"
    assert house.first() == "three/m-three"


def test_a_condition_knows_the_agent_that_the_caller_names_where_no_guard_looks_for_one():
    targets = [{**TARGETS[0], "when": 'agent == "indexer"'}, TARGETS[1]]
    house = House(routes=[{"model": "best", "targets": targets}])
    assert house.first(headers={b"x-masthead-agent": b"indexer"}) == "one/m-one"
    assert house.first(metadata={"agent": "indexer"}) == "one/m-one"
    assert house.first(metadata={"agent": "other"}) == "two/m-two"


def test_a_role_is_told_in_metadata():
    targets = [{**TARGETS[0], "when": 'metadata.role == "judge"'}, TARGETS[1]]
    house = House(routes=[{"model": "best", "targets": targets}])
    assert house.first(metadata={"role": "judge"}) == "one/m-one"
    assert house.first(metadata={"role": "writer"}) == house.first() == "two/m-two"


@pytest.mark.parametrize("is_header", [True, False], ids=["header", "metadata"])
def test_a_split_that_is_sticky_by_session_holds_over_its_runs_however_it_is_named(is_header: bool):
    house = House(routes=[{"model": "best", "targets": TARGETS, "pick": "weight", "sticky": "session"}])

    def first(session: int, run: str) -> str:
        if is_header:
            return house.first(run=run * 32, headers={b"x-masthead-session": b"s-%d" % session})
        return house.first(run=run * 32, metadata={"session_id": f"s-{session}"})

    assert all(first(session, "a") == first(session, "b") for session in range(20))
    assert len({first(session, "a") for session in range(20)}) == 3


def test_a_variant_is_what_answered_of_two_that_ran_side_by_side_or_one_after_the_other():
    targets = [{**target, "variant": f"v-{target['connection']}"} for target in TARGETS]
    house = House(routes=[{**BACKUP, "targets": targets, "hedge_after_s": 1}])
    call = exchange("best")
    plan = house.router.plan(call)
    step, beside = plan.next(()), plan.hedge()
    assert step is not None and beside is not None
    assert call.attributes["masthead.gateway.variant"] == "v-two"
    good = Attempt(target=step.target, start_ns=1, end_ns=2, status=200)
    plan.done([good, house.fail(beside, None, failure="abandoned")])
    assert call.attributes["masthead.gateway.variant"] == "v-one"
    again = house.router.plan(call)
    step = again.next(())
    assert step is not None
    again.next([house.fail(step.target)])
    assert call.attributes["masthead.run.tags"] == ["v-two"]


@pytest.mark.parametrize(
    ("when", "said"), [("agent ==", "no expression in CEL"), ('nosuch == "a"', "'nosuch'; there are model, agent")]
)
def test_a_condition_that_cannot_be_is_refused_with_its_place(when: str, said: str):
    routes = [{"model": "best", "targets": [{**TARGETS[0], "when": when}]}]
    with pytest.raises(SettingsError, match=r"routes\.0\.targets\.0\.when") as raised:
        House(routes=routes)
    assert said in str(raised.value)


def test_a_key_is_told_of_the_models_that_it_names_where_a_connection_takes_any():
    key = Identity(ProjectId("p"), "k1", "k1-name", models=("gpt-4o", "best", "gpt-*"))
    assert [entry.id for entry in House(routes=[BACKUP]).router.models(key)] == ["best", "gpt-4o"]
    named = {name: {**one, "models": ["m"]} for name, one in CONNECTIONS.items()}
    assert [entry.id for entry in House(connections=named).router.models(key)] == []


def test_models_lists_what_is_known_of_connections_that_name_none():
    connections = {"up": {"provider": "openai"}, "more": {"provider": "groq"}, "own": {"models": ["llama"]}}
    config = parse({"connections": connections, "access": [{"keys": ["k1"], "models": ["gpt-*"]}]}, where="test")
    clock = FixedClock()
    known = {"openai": ("gpt-5", "o9"), "groq": ("kimi",)}
    router = PolicyRouter(
        config, Secrets({}), Fleet(clock, config.breaker), clock, known=lambda vendor: known.get(vendor, ())
    )
    anybody, k1 = Identity(ProjectId("p")), Identity(ProjectId("p"), "k1")
    listed = [(entry.id, entry.owned_by) for entry in router.models(anybody)]
    assert listed == [("llama", "openai"), ("gpt-5", "openai"), ("o9", "openai"), ("more/kimi", "groq")]
    assert [entry.id for entry in router.models(k1)] == ["gpt-5"]
    for entry in router.models(anybody):
        assert router.plan(exchange(entry.id)).next(()) is not None


def test_a_key_names_only_the_models_it_may():
    access = [{"keys": ["k1", "k2-name"], "models": ["best", "m-*"]}]
    house = House(routes=[BACKUP], access=access)
    assert house.first("best", key="k1") == "one/m-one"
    assert house.first("m-9", key="k2") == "one/m-9"
    assert house.first("other", key="k3") == "one/other"
    with pytest.raises(NotAllowed, match="may not use the model 'other'"):
        house.plan("other", key="k1")
    identity = Identity(ProjectId("default"), "k1", "k1-name")
    assert [entry.id for entry in house.router.models(identity)] == ["best"]
