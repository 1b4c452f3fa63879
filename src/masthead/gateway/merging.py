"""What holds for a project's calls: its own document over the file that holds for all projects.

The project's names win: its connections and routes stand before the file's, and hide those of the same name. What the
file limits stays limited: its limits, rules of access and plugins hold beside the project's own, sizes and budgets of
runs are the smaller of both. Everything else is the project's where it says something, else the file's.
"""

import ipaddress
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from masthead.gateway.config import (
    ConfigRefused,
    ConnectionConfig,
    Fault,
    GatewayConfig,
    parse,
    stored_name,
)
from masthead.gateway.config_routes import CacheConfig, GuardsConfig, RouteConfig

_ONE_BY_ONE: Final = frozenset({
    "connections", "routes", "limits", "access", "plugins", "limits_uncounted", "cache", "projects", "max_body_bytes",
    "max_answer_bytes", "guards",
})  # fmt: skip
"""What is put together in a way of its own; of everything else the project's word is taken whole."""


class Effective(NamedTuple):
    """What holds, and what of the project's document could not be taken as it stands."""

    config: GatewayConfig
    warnings: tuple[Fault, ...] = ()


def document(given: object, base: GatewayConfig, *, where: str, is_new: bool = True) -> GatewayConfig:
    """Check a project's own document against the file that it stands over.

    It may refer to stored secrets alone, since others are the server's own, and to private networks that the file
    permits projects; of one that was taken before (`is_new` False), `effective` leaves out those it no longer permits.

    Raises:
        ConfigRefused: it cannot be taken; has every fault.
    """
    own = parse(given, where=where, known_connections=frozenset(base.connections))
    faults = (*_faults(own), *(_trespasses(own, base) if is_new else ()))
    if faults:
        raise ConfigRefused(where, faults)
    return own


def effective(base: GatewayConfig, own: GatewayConfig) -> Effective:
    """Put a project's document, which was checked once, over the file as it is now.

    Networks that the file has ceased to permit are left out, with a warning.
    """
    given = own.model_fields_set
    changed: dict[str, Any] = {name: getattr(own, name) for name in given - _ONE_BY_ONE}
    connections = {name: _permitted(one, base) for name, one in own.connections.items()}
    lost = [name for name, one in connections.items() if one is not own.connections[name]]
    named = {route.model for route in own.routes}
    changed |= {
        "connections": connections | {name: one for name, one in base.connections.items() if name not in connections},
        "routes": (
            *(_bounded(route, base.guards) for route in own.routes),
            *(route for route in base.routes if route.model not in named),
        ),
        "limits": (*base.limits, *own.limits),
        "access": own.access,
        "plugins": (*base.plugins, *own.plugins),
        "max_body_bytes": min(base.max_body_bytes, own.max_body_bytes),
        "max_answer_bytes": min(base.max_answer_bytes, own.max_answer_bytes),
    }
    if "refuse" in {base.limits_uncounted, own.limits_uncounted}:
        changed["limits_uncounted"] = "refuse"
    if "guards" in given:
        changed["guards"] = _budgeted(own.guards, base.guards)
    if "cache" in given:
        changed["cache"] = _cache(base.cache, own.cache)
    warnings = tuple(
        Fault(f"connections.{name}.allow_networks", "the server no longer permits projects all of these networks")
        for name in lost
    )
    return Effective(base.model_copy(update=changed).under(base.access, frozenset(connections)), warnings)


def secrets_named(own: GatewayConfig) -> Iterator[tuple[str, str]]:
    """Yield where a document refers to a stored secret, and its name."""
    for name, connection in own.connections.items():
        secret = stored_name(connection.secret)
        if secret is not None:
            yield f"connections.{name}.secret", secret


def trespasses(own: GatewayConfig, base: GatewayConfig) -> bool:
    """Say whether a document names networks that the file does not permit projects."""
    return any(True for _ in _trespasses(own, base))


def _faults(own: GatewayConfig) -> Iterator[Fault]:
    if "projects" in own.model_fields_set:
        yield Fault("projects", "says what projects may do, and so stands in the server's gateway.toml alone")
    for name, connection in own.connections.items():
        if connection.secret is not None and stored_name(connection.secret) is None:
            yield Fault(
                f"connections.{name}.secret",
                "a project's connections take stored secrets alone: masthead secrets set NAME, then stored:NAME",
            )


def _trespasses(own: GatewayConfig, base: GatewayConfig) -> Iterator[Fault]:
    for name, connection in own.connections.items():
        refused = [one for one in connection.allow_networks if not _is_within(one, base.projects.allow_networks)]
        if refused:
            yield Fault(
                f"connections.{name}.allow_networks",
                f"the server permits projects no connections into {', '.join(refused)};"
                " its operator allows it in gateway.toml: [projects] allow_networks = [...]",
            )


def _permitted(connection: ConnectionConfig, base: GatewayConfig) -> ConnectionConfig:
    kept = tuple(one for one in connection.allow_networks if _is_within(one, base.projects.allow_networks))
    return connection if kept == connection.allow_networks else connection.model_copy(update={"allow_networks": kept})


def _is_within(network: str, permitted: tuple[str, ...]) -> bool:
    asked = ipaddress.ip_network(network)
    ranges = [one for one in map(ipaddress.ip_network, permitted) if one.version == asked.version]
    return any(asked.subnet_of(one) for one in ranges)  # pyright: ignore[reportArgumentType] - of the same version


def _bounded(route: RouteConfig, base: GuardsConfig) -> RouteConfig:
    return route if route.guards is None else route.model_copy(update={"guards": _budgeted(route.guards, base)})


def _budgeted(own: GuardsConfig, base: GuardsConfig) -> GuardsConfig:
    return own.model_copy(update={"run": own.run.within(base.run)})


def _cache(base: CacheConfig, own: CacheConfig) -> CacheConfig:
    return own.model_copy(update={"most_bytes": min(base.most_bytes, own.most_bytes)})
