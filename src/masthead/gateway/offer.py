"""What a caller may name as a model: routes, named models, and those that an open connection is known to serve."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from masthead.gateway.call import Identity
from masthead.gateway.config import ConnectionConfig, GatewayConfig
from masthead.providers.vendors import vendor_of

Kind = Literal["route", "named", "known"]
KnownModels = Callable[[str], Iterable[str]]
"""The models that the catalogue knows of a vendor, by the vendor's id."""


class Place(NamedTuple):
    """One place where a call of this model may go."""

    connection: str
    provider: str
    """The vendor's id, or what the configuration calls it."""
    model: str


class Offered(NamedTuple):
    """One name that a caller may use. `known`: the configuration does not name it, the catalogue does."""

    model: str
    kind: Kind
    places: tuple[Place, ...]


def offered(config: GatewayConfig, identity: Identity, known: KnownModels) -> list[Offered]:
    """Return what the caller may name, routes first. A name that two would serve is one entry with both places."""
    found: dict[str, Offered] = {}
    for one in (*_routes(config), *_named(config), *_known(config, known)):
        if not config.may_use(identity, one.model):
            continue
        before = found.get(one.model)
        if before is None:
            found[one.model] = one
        elif before.kind == one.kind == "named":
            found[one.model] = before._replace(places=before.places + one.places)
    return list(found.values())


def _routes(config: GatewayConfig) -> Iterator[Offered]:
    for route in config.routes:
        places = tuple(_place(config, one.connection, one.model or route.model) for one in route.targets)
        yield Offered(route.model, "route", places)


def _named(config: GatewayConfig) -> Iterator[Offered]:
    for name, connection in config.connections.items():
        for model in connection.models:
            yield Offered(model, "named", (_place(config, name, model),))


def _known(config: GatewayConfig, known: KnownModels) -> Iterator[Offered]:
    """Yield what connections that name no models serve: of the first one by name, of others as CONNECTION/MODEL."""
    is_first = True
    for name, connection in config.connections.items():
        if connection.models:
            continue
        if not _is_vendors_own(connection):
            is_first = False
            continue
        for model in known(vendor_of(connection.provider).id):
            yield Offered(model if is_first else f"{name}/{model}", "known", (_place(config, name, model),))
        is_first = False


def _is_vendors_own(config: ConnectionConfig) -> bool:
    """Say whether a connection leads to its vendor itself, and not to a server of another's that speaks its dialect."""
    own = vendor_of(config.provider).base_url
    if config.base_url is None or own is None or "{" in own:
        return True
    host, there = urlsplit(own).hostname or "", urlsplit(config.base_url).hostname or ""
    return there == host or there.endswith(f".{host}")


def _place(config: GatewayConfig, connection: str, model: str) -> Place:
    row = vendor_of(config.connections[connection].provider)
    provider = config.connections[connection].provider if row.id == "openai-compatible" else row.id
    return Place(connection, provider, model)
