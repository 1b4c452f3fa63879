"""Setting a gateway up: who serves models, and whether a connection works."""

import asyncio

from fastapi import APIRouter

from masthead.api.routes.taken import Owner, Viewer, With
from masthead.api.schema import gateway_setup as g
from masthead.api.services import Services
from masthead.gateway.call import Connection
from masthead.gateway.config import ConnectionConfig, connection_of
from masthead.gateway.merging import document
from masthead.gateway.probing import Probe, probe
from masthead.gateway.seams import Refused
from masthead.gateway.secret import SecretReader
from masthead.gateway.tenants import Serving
from masthead.model.access import Caller
from masthead.model.errors import NotFound, SettingsError
from masthead.providers.vendors import VENDORS

router = APIRouter(tags=["gateway"])


@router.get("/gateway/vendors")
def list_vendors(_: Viewer) -> g.ModelVendors:
    """List who serves models: where, and whether it takes a key."""
    return g.ModelVendors(items=[g.ModelVendor.of(row) for row in VENDORS.values()])


@router.post("/gateway/connections/try")
async def try_connection(services: With, caller: Owner, asked: g.ConnectionTrial) -> g.ConnectionTried:
    """Ask a connection's provider for its models, or, where it lists none, the named model for one word.

    That word is the only thing that this can cost.
    """
    try:
        connection = await asyncio.to_thread(_connection, services, caller, asked)
    except (SettingsError, Refused) as error:
        return g.ConnectionTried.of(Probe(False, str(error)))
    tried = await probe(
        connection,
        asked.model,
        services.gateway.client,
        now_s=services.clock.now_ns() // 1_000_000_000,
        tells_addresses=caller.is_operator,
    )
    return g.ConnectionTried.of(tried)


def _connection(services: Services, caller: Caller, asked: g.ConnectionTrial) -> Connection:
    """Return the connection; raise `SettingsError` where it cannot be taken, `NotFound` where there is none."""
    serving = services.gateway.tenants.loaded(caller.project_id)
    config = _given(services, asked) if asked.connection is not None else _in_force(serving, asked.name)
    return connection_of(asked.name, config, _reader(serving, asked))


def _given(services: Services, asked: g.ConnectionTrial) -> ConnectionConfig:
    """Return a connection that is not saved, checked as the project's document would be."""
    given = dict(asked.connection or {})
    if asked.key is not None:
        given["secret"] = "stored:tried"  # noqa: S105 - a reference, which the given key answers
    base = services.gateway.config
    return document({"connections": {asked.name: given}}, base, where="the connection").connections[asked.name]


def _in_force(serving: Serving, name: str) -> ConnectionConfig:
    found = serving.config.connections.get(name)
    if found is None:
        raise NotFound(f"no connection {name!r} is in force; there are {sorted(serving.config.connections)}")
    return found


def _reader(serving: Serving, asked: g.ConnectionTrial) -> SecretReader:
    return serving.tenant.secrets if asked.key is None else _Given(asked.key.get_secret_value())


class _Given:
    """The key that was given, whatever reference is asked for."""

    def __init__(self, key: str) -> None:
        self._key = key.strip()

    def read(self, reference: str) -> str:
        """Return the key; raise `SettingsError` where it cannot stand in a header."""
        if not self._key or not self._key.isascii() or not self._key.isprintable():
            raise SettingsError(
                f"the key given for {reference!r} is empty, or holds characters that no header may hold"
            )
        return self._key
