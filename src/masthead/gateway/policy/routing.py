"""Where calls go: an alias's targets in the order that its rule gives, tried again and passed over as they fail."""

import contextlib
import hashlib
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from masthead.clock import Clock
from masthead.gateway.call import Attempt, Call, Connection, Exchange, Identity, Target
from masthead.gateway.config import GatewayConfig, connection_of, target_of
from masthead.gateway.config_routes import RetryConfig, RouteConfig, TargetConfig
from masthead.gateway.endpoints import is_of_stored_things
from masthead.gateway.joining import header, metadata, user_of
from masthead.gateway.offer import KnownModels, offered
from masthead.gateway.policy.expression import Expression
from masthead.gateway.policy.failures import MAY_PASS, failure_of
from masthead.gateway.policy.health import Fleet
from masthead.gateway.policy.hedging import Hedge, may_be_made_twice
from masthead.gateway.policy.subjects import agent_of, session_of
from masthead.gateway.policy.variants import Fitting, fitting_of, variant_of
from masthead.gateway.policy.windows import fitting
from masthead.gateway.seams import ModelEntry, Plan, Refused, Step
from masthead.gateway.secret import SecretReader
from masthead.model.errors import NotAllowed, NotFound
from masthead.providers.cards import ModelLimits

LimitsOf = Callable[[str, str], ModelLimits | None]
"""How much a provider's model can read and write; None where that is unknown."""
PriceOf = Callable[[str, str], Decimal | None]
"""What a million tokens, half of them in and half out, cost of a provider's model; None where that is unknown."""

CONNECTION_HEADER: Final = b"x-masthead-connection"
_UNKNOWN_PRICE: Final = Decimal("Infinity")
_PLAIN: Final = RetryConfig()
_ONCE: Final = RetryConfig(times=0)
_TIMES: Final = ("first_byte_s", "between_chunks_s", "whole_s")
"""What a target may say of its own in place of its connection."""
_PATTERN: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class _Candidate:
    target: Target
    weight: float
    when: Expression | None


@dataclass(frozen=True, slots=True)
class _Route:
    config: RouteConfig
    candidates: tuple[_Candidate, ...]
    has_variants: bool


class PolicyRouter:
    """Routes calls by the configuration. One for each configuration; the fleet's health outlives it."""

    def __init__(
        self,
        config: GatewayConfig,
        secrets: SecretReader,
        fleet: Fleet,
        clock: Clock,
        price_of: PriceOf = lambda _provider, _model: None,
        *,
        limits_of: LimitsOf = lambda _provider, _model: None,
        known: KnownModels = lambda _vendor: (),
    ) -> None:
        self._config = config
        self._fleet = fleet
        self._clock = clock
        self._price_of = price_of
        self._limits_of = limits_of
        self._known = known
        self._connections: dict[str, Connection] = {
            name: connection_of(name, one, secrets) for name, one in config.connections.items()
        }
        self._routes = {route.model: self._route(route) for route in config.routes}
        self._is_open = not config.has_access_rules
        self._any = next((name for name, one in config.connections.items() if not one.models), None)
        self._direct: dict[str, tuple[Target, ...]] = {}

    def plan(self, exchange: Exchange) -> Plan:
        """Return the plan of a call.

        Raises:
            NotFound: nothing serves this model.
            NotAllowed: the key may not ask for it.
        """
        call = exchange.call
        model = "" if is_of_stored_things(call.endpoint) else call.model  # they have none, whatever the body says
        if not self._may(call.identity, model):
            what = f"may not use the model {model!r}" if model else "may not make calls that name no model"
            raise NotAllowed(f"this key {what}; GET /v1/models lists the models that it may use")
        if not model:
            return TargetsPlan((self._without_model(call),), _ONCE, self._fleet, self._clock)
        route = self._routes.get(call.model)
        if route is None:
            targets = fitting(self._direct_targets(call.model), exchange)
            return TargetsPlan(targets, _PLAIN, self._fleet, self._clock, fit=fitting_of(exchange, has_variants=False))
        chosen = self._chosen(route, exchange)
        if not chosen:
            raise NotFound(f"none of the targets of the route {call.model!r} takes this call: see their `when`")
        targets = fitting(self._ordered(route, chosen, exchange), exchange)
        hedge = None if route.config.hedge_after_s is None else Hedge(call, route.config.hedge_after_s)
        fit = fitting_of(exchange, has_variants=route.has_variants)
        return TargetsPlan(targets, route.config.retry, self._fleet, self._clock, hedge=hedge, fit=fit)

    def may_use(self, identity: Identity, model: str) -> bool:
        """Say whether the key may name the model."""
        return self._may(identity, model)

    def way(self, exchange: Exchange) -> str:
        """Return where a call's route leads, where that is not the same for all calls that name its model."""
        route = self._routes.get(exchange.call.model)
        if route is None:
            return ""
        chosen = self._chosen(route, exchange)
        targets = [one.target for one in chosen]
        if route.config.sticky is not None and route.config.pick == "weight" and chosen:
            targets = self._ordered(route, chosen, exchange)[:1]
        elif len(chosen) == len(route.candidates):
            return ""
        return " ".join(f"{one.connection.name}/{one.model} {one.variant or ''}" for one in targets)

    def targets_of(self, exchange: Exchange) -> Sequence[Target]:
        """Return where a call may be sent, in no order; nowhere where it names no model, or one that nothing serves."""
        model = exchange.call.model
        route = self._routes.get(model)
        if route is None:
            with contextlib.suppress(NotFound):
                return self._direct_targets(model) if model else ()
            return ()
        shadow = route.config.shadow
        if exchange.purpose == "shadow" and shadow is not None:
            return (self._target(shadow.connection, shadow.model or model),)
        return [one.target for one in self._chosen(route, exchange)]

    def only(self, connection: str, model: str) -> Plan:
        """Return the plan of a call of the gateway's own: this target, once."""
        return TargetsPlan((self._target(connection, model),), _ONCE, self._fleet, self._clock)

    def models(self, identity: Identity) -> Sequence[ModelEntry]:
        """Return what the key may name: aliases, models that connections name, and what is known of the others'."""
        found = [
            ModelEntry(one.model, "masthead" if one.kind == "route" else one.places[0].provider)
            for one in offered(self._config, identity, self._known)
        ]
        if self._any is not None:
            known, provider = {entry.id for entry in found}, self._config.connections[self._any].provider
            plain = [model for model in identity.models if model not in known and not _PATTERN.search(model)]
            found += [ModelEntry(model, provider) for model in plain if self._may(identity, model)]
        return found

    def _may(self, identity: Identity, model: str) -> bool:
        return (self._is_open and not identity.models) or self._config.may_use(identity, model)

    def _route(self, config: RouteConfig) -> _Route:
        candidates = tuple(self._candidate(one, config.model) for one in config.targets)
        return _Route(config, candidates, any(one.target.variant is not None for one in candidates))

    def _candidate(self, config: TargetConfig, alias: str) -> _Candidate:
        when = Expression(config.when) if config.when is not None else None
        target = self._target(config.connection, config.model or alias)
        times = {name: given for name in _TIMES if (given := getattr(config, name)) is not None}
        target = target._replace(
            variant=variant_of(config.variant, config.system), timeouts=target.timeouts._replace(**times)
        )
        return _Candidate(target, config.weight, when)

    def _target(self, connection: str, model: str) -> Target:
        target = target_of(self._connections[connection], self._config.connections[connection], model)
        return target._replace(limits=partial(self._limits_of, target.connection.provider, model))

    def _without_model(self, call: Call) -> Target:
        """Return where a call goes that names no model: the connection of its header, else who names no models."""
        named = header(call, CONNECTION_HEADER) or self._any
        if named is None or named not in self._connections:
            what = "names no model, and no connection takes those" if named is None else f"names {named!r}"
            raise NotFound(f"this call {what}: name one of {', '.join(self._connections)} in x-masthead-connection")
        if is_of_stored_things(call.endpoint) and not self._config.may_store(call.identity.project, named):
            raise NotAllowed(
                f"the account behind {named!r} is shared with other projects, which would see what is stored there: set"
                " up a connection of the project's own, or let the operator set [projects] share_accounts = true"
            )
        return self._target(named, "")

    def _direct_targets(self, model: str) -> tuple[Target, ...]:
        """Return where a model goes that is no alias: whoever names it, `CONNECTION/MODEL`, or who names none."""
        found = self._direct.get(model)
        if found is None:
            found = self._find_direct(model)
            if len(self._direct) < 4096:
                self._direct[model] = found
        if not found:
            message = f"no model {model!r}: no route of that name, and no connection that serves it; GET /v1/models"
            if not self._connections:
                message = f"no model {model!r}: no connection is set up yet, in gateway.toml or on the gateway's page"
            raise NotFound(message)
        return found

    def _find_direct(self, model: str) -> tuple[Target, ...]:
        naming = [name for name, one in self._config.connections.items() if model in one.models]
        if naming:
            return tuple(self._target(name, model) for name in naming)
        prefix, _, rest = model.partition("/")
        if rest and prefix in self._connections:
            return (self._target(prefix, rest),)
        return (self._target(self._any, model),) if self._any is not None else ()

    def _chosen(self, route: _Route, exchange: Exchange) -> list[_Candidate]:
        if not any(one.when is not None for one in route.candidates):
            return list(route.candidates)
        facts = facts_of(exchange)
        return [one for one in route.candidates if one.when is None or one.when.holds(facts)]

    def _ordered(self, route: _Route, chosen: Sequence[_Candidate], exchange: Exchange) -> list[Target]:
        match route.config.pick:
            case "order":
                return [one.target for one in chosen]
            case "latency":
                ranked = [chosen[at] for at in self._fleet.by_latency([one.target for one in chosen])]
            case "price":
                ranked = sorted(chosen, key=lambda one: self._price(one.target))
            case "weight":
                ranked = _by_weight(chosen, _chance(route.config, exchange))
        return [one.target for one in ranked]

    def _price(self, target: Target) -> Decimal:
        price = self._price_of(target.connection.provider, target.model)
        return _UNKNOWN_PRICE if price is None else price


class TargetsPlan:
    """Tries targets in order: the same one again where that may help, then the next, within a budget of time."""

    def __init__(
        self,
        targets: Sequence[Target],
        retry: RetryConfig,
        fleet: Fleet,
        clock: Clock,
        *,
        hedge: Hedge | None = None,
        fit: Fitting | None = None,
    ) -> None:
        self._targets = list(targets)
        self._retry = retry
        self._fleet = fleet
        self._clock = clock
        self._hedge = hedge
        self._fit = fit
        self._beside: Target | None = None
        self._start_s = clock.monotonic_s()
        self._at = -1
        self._tries = 0
        self._noted = 0

    def next(self, attempts: Sequence[Attempt]) -> Step | None:
        """Return what to try after these failures, None to give up."""
        self._note(attempts)
        last = attempts[-1] if attempts else None
        if last is not None:
            failure = failure_of(last)
            if failure is None or self._clock.monotonic_s() - self._start_s >= self._retry.budget_s:
                return None
            delay_s = self._delay_s(last)
            may_again = failure in MAY_PASS and self._tries <= self._retry.times and delay_s is not None
            if may_again and self._fleet.may_try(last.target):
                self._tries += 1
                self._fit_to(last.target)
                return Step(last.target, delay_s or 0.0)
            if failure not in self._retry.fall_back_on:
                return None
        return self._next_target()

    def hedge(self) -> Target | None:
        """Return whom to ask beside the first target: the next one that is well, else the same; None for no second."""
        if self._hedge is None or not may_be_made_twice(self._hedge.call):
            return None
        others = (one for one in self._targets[self._at + 1 :] if self._fleet.state(one) == "closed")
        self._beside = next(others, self._targets[self._at])
        self._fit_to(self._beside)
        return self._beside

    def done(self, attempts: Sequence[Attempt]) -> None:
        """Let the fleet learn how the last attempt ended, the record which of two at once answered."""
        self._note(attempts)
        answered = next((one for one in reversed(attempts) if one.is_ok), None)
        if answered is not None and attempts[-1] is not answered:
            self._fit_to(answered.target)

    def _next_target(self) -> Step | None:
        """Return the next target that takes calls.

        Raises:
            Refused: all are set aside, and none was tried.
        """
        for at in range(self._at + 1, len(self._targets)):
            if self._targets[at] is not self._beside and self._fleet.may_try(self._targets[at]):
                is_first = self._at < 0
                self._at, self._tries = at, 1
                self._fit_to(self._targets[at])
                hedge_after_s = self._hedge.after_s if self._hedge is not None and is_first else None
                return Step(self._targets[at], hedge_after_s=hedge_after_s)
        if self._at < 0:
            wait_s = max(1, round(self._fleet.breaker.pause_s))
            message = "all providers of this model have failed lately and are set aside for a moment; try again later"
            raise Refused(message, status=503, kind="overloaded", headers=((b"retry-after", str(wait_s).encode()),))
        return None

    def _fit_to(self, target: Target) -> None:
        if self._fit is not None:
            self._fit.to(target)

    def _delay_s(self, last: Attempt) -> float | None:
        """Return how long to wait before the same target is tried again; None where that is too long."""
        asked_s = last.retry_after_s or 0.0
        if asked_s > self._retry.longest_wait_s:
            return None
        own_s = self._retry.wait_s * 2 ** max(0, self._tries - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        return max(asked_s, min(own_s, self._retry.longest_wait_s))

    def _note(self, attempts: Sequence[Attempt]) -> None:
        while self._noted < len(attempts):
            self._fleet.note(attempts[self._noted])
            self._noted += 1


def facts_of(exchange: Exchange) -> Mapping[str, object]:
    """Return what conditions may speak of."""
    call = exchange.call
    return {
        "model": call.model,
        "agent": agent_of(exchange) or "",
        "user": user_of(call) or "",
        "key": call.identity.name or call.identity.key_id or "",
        "endpoint": call.endpoint.name,
        "stream": call.is_stream,
        "headers": {name.decode("latin-1"): value.decode("latin-1") for name, value in call.headers.items()},
        "metadata": metadata(call),
    }


def _by_weight(chosen: Sequence[_Candidate], chance: float) -> list[_Candidate]:
    """Return the candidate that a chance in [0, 1) falls on, then the others by their weight."""
    total = sum(one.weight for one in chosen)
    left = chance * total
    first = next(iter(chosen))
    for one in chosen:
        if one.weight > 0 and left < one.weight:
            first = one
            break
        left -= one.weight
    return [first, *sorted((one for one in chosen if one is not first), key=lambda one: -one.weight)]


def _chance(route: RouteConfig, exchange: Exchange) -> float:
    sticky = {
        None: None,
        "user": user_of(exchange.call),
        "run": exchange.trace_id,
        "session": session_of(exchange.call) or exchange.trace_id,
        "agent": agent_of(exchange),
    }[route.sticky]
    if not isinstance(sticky, str) or not sticky:
        return random.random()  # noqa: S311 - a share of calls, no secret
    digest = hashlib.sha256(f"{route.model}\0{sticky}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
