"""What fills the seams where nothing else is configured: everybody known may call, routes in their configured order."""

from collections.abc import Callable, Sequence
from typing import Final

from masthead.gateway.call import Attempt, Call, Connection, Exchange, Identity, Target
from masthead.gateway.config import GatewayConfig, connection_of, target_of
from masthead.gateway.seams import ModelEntry, Plan, Step, Ticket
from masthead.gateway.secret import SecretReader
from masthead.model.errors import NotFound

_RETRIED_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504, 529})


class _FreeTicket:
    def settle(self, exchange: Exchange) -> None:
        """Nothing was reserved."""


_FREE: Final = _FreeTicket()


class OpenAdmission:
    """Admits every call of everybody who is known."""

    async def admit(self, exchange: Exchange) -> Ticket:  # noqa: ARG002 - the port's
        """Return a ticket that reserves nothing."""
        return _FREE


class OrderedPlan:
    """Tries targets in order, each once, until one accepts the call or refuses it for good."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._targets = targets

    def next(self, attempts: Sequence[Attempt]) -> Step | None:
        """Return the next target, unless the last refusal is the caller's own fault."""
        if attempts and attempts[-1].status is not None and attempts[-1].status not in _RETRIED_STATUSES:
            return None
        return Step(self._targets[len(attempts)]) if len(attempts) < len(self._targets) else None

    def done(self, attempts: Sequence[Attempt]) -> None:
        """Learn nothing from it."""


class ConfiguredRouter:
    """Routes by the configuration.

    By an alias, the connections that name the model, `CONNECTION/MODEL`, or else the first that names no models.
    """

    def __init__(self, config: GatewayConfig, secrets: SecretReader) -> None:
        self._config = config
        self._connections: dict[str, Connection] = {
            name: connection_of(name, one, secrets) for name, one in config.connections.items()
        }
        self._routes = {route.model: route for route in config.routes}
        self._known: dict[str, tuple[Target, ...]] = {}
        self._any = tuple(name for name, one in config.connections.items() if not one.models)

    def plan(self, call: Call) -> Plan:
        """Return the plan.

        Raises:
            NotFound: nothing serves this model.
        """
        targets = self._known.get(call.model)
        if targets is None:
            targets = self._targets(call.model)
            if len(self._known) < 4096:
                self._known[call.model] = targets
        if not targets:
            raise NotFound(
                f"no model {call.model!r}: no route of that name, and no connection that serves it; GET /v1/models"
            )
        return OrderedPlan(targets)

    def models(self, identity: Identity) -> Sequence[ModelEntry]:  # noqa: ARG002 - the port's
        """Return aliases and the models that connections name."""
        named = [ModelEntry(route.model, "masthead") for route in self._config.routes]
        for one in self._config.connections.values():
            named += [ModelEntry(model, one.provider) for model in one.models]
        return list({entry.id: entry for entry in named}.values())

    def _targets(self, model: str) -> tuple[Target, ...]:
        route = self._routes.get(model)
        if route is not None:
            return tuple(self._target(one.connection, one.model or model) for one in route.targets)
        naming = [name for name, one in self._config.connections.items() if model in one.models]
        if naming:
            return tuple(self._target(name, model) for name in naming)
        prefix, _, rest = model.partition("/")
        if rest and prefix in self._connections:
            return (self._target(prefix, rest),)
        return tuple(self._target(name, model) for name in self._any[:1])

    def _target(self, connection: str, model: str) -> Target:
        return target_of(self._connections[connection], self._config.connections[connection], model)


RouterOf = Callable[[GatewayConfig], ConfiguredRouter]
"""Makes the router anew when the configuration changed."""
