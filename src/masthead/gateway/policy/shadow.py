"""Shadow traffic: a copy of a share of a route's calls goes to another target once they were answered.

A copy answers nobody, and nothing of it reaches the caller: it is made after the caller has its answer, by itself, and
recorded in a run beside the caller's, to which it is linked. It passes no plugin, so that no copy is copied again; with
`bill` it passes the limits.
"""

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from masthead.clock import Clock
from masthead.gateway.call import Call, Exchange
from masthead.gateway.config_routes import ShadowConfig
from masthead.gateway.joining import SYSTEM_HEADER, header, new_id
from masthead.gateway.own_calls import OwnCalls
from masthead.gateway.policy.hedging import may_be_made_twice
from masthead.gateway.seams import Plan, Plugin, QuietPlugin
from masthead.model import attributes as names
from masthead.model.ids import RunId, SpanId
from masthead.model.span import SpanLink

_COPIED: Final = (names.AGENT_NAME, "gen_ai.agent.id")
SHADOW_OF: Final = "masthead.gateway.shadow_of"
"""The span whose call was copied."""


@dataclass(slots=True)
class _Shadow:
    config: ShadowConfig
    in_flight: int = 0


class Shadows(QuietPlugin):
    """A plugin that copies calls when they have ended."""

    def __init__(
        self,
        shadows: Mapping[str, ShadowConfig],
        plan_of: Callable[[str, str], Plan],
        own_calls: Callable[[], OwnCalls],
        clock: Clock,
        limits: Plugin | None = None,
    ) -> None:
        """Copy the calls of these routes. `plan_of` leads to a connection's model, `limits` holds what is billed."""
        self._shadows = {model: _Shadow(config) for model, config in shadows.items()}
        self._plan_of = plan_of
        self._own_calls = own_calls
        self._clock = clock
        self._limits = limits

    def ended(self, exchange: Exchange) -> None:
        """Copy the call, if it is one of the share."""
        shadow = self._shadows.get(exchange.call.model)
        if shadow is None or not _is_answered(exchange) or random.random() >= shadow.config.share:  # noqa: S311 - a share
            return
        call = exchange.outgoing
        if not may_be_made_twice(call):
            return
        own_calls = self._own_calls()
        if shadow.in_flight >= shadow.config.most_in_flight:
            own_calls.left_out[call.model] += 1
            return
        shadow.in_flight += 1

        def over() -> None:
            shadow.in_flight -= 1

        model = shadow.config.model or call.model
        plan = self._plan_of(shadow.config.connection, model)
        plugins = (self._limits,) if shadow.config.bill and self._limits is not None else ()
        copy = self._copy(exchange, call, f"{shadow.config.connection}/{model}")
        copy.attributes["masthead.gateway.is_billed"] = bool(plugins)
        own_calls.begin(copy, plan, plugins, over)

    def _copy(self, exchange: Exchange, call: Call, target: str) -> Exchange:
        run = f"shadow\0{call.identity.project}\0{exchange.trace_id}\0{target}".encode("utf-8", "surrogatepass")
        copy = Exchange(
            call=call,
            start_ns=self._clock.now_ns(),
            trace_id=RunId(hashlib.sha256(run, usedforsecurity=False).hexdigest()[:32]),
            span_id=SpanId(new_id(64)),
            is_joined=True,
            recording=exchange.recording,
            veil=exchange.veil,
            purpose="shadow",
            links=(SpanLink(trace_id=exchange.trace_id, span_id=exchange.span_id),),
        )
        copy.attributes |= {name: exchange.attributes[name] for name in _COPIED if name in exchange.attributes}
        copy.attributes["masthead.gateway.purpose"] = "shadow"
        copy.attributes[SHADOW_OF] = exchange.span_id
        copy.attributes[names.RUN_SYSTEM] = f"{header(call, SYSTEM_HEADER) or call.model} (shadow: {target})"
        return copy


def _is_answered(exchange: Exchange) -> bool:
    """Say whether a provider answered the call in whole: else there is nothing to compare with."""
    is_good = exchange.status is not None and exchange.status < 400 and exchange.error is None
    return is_good and bool(exchange.attempts) and not exchange.is_client_gone
