"""Who calls a model through the server: the same callers as of every other route, with the role of an editor."""

import asyncio

from starlette.types import Scope

from masthead.api.access import authenticate
from masthead.api.services import Services
from masthead.gateway.call import Identity
from masthead.gateway.identity import secret_in
from masthead.govern.directory import NotInMemoryError, from_memory
from masthead.model.access import Caller
from masthead.model.tenancy import Role


async def caller_of(services: Services, scope: Scope) -> Identity:
    """Return who calls.

    Raises:
        NotAuthenticated, NotAllowed, NotFound, Overloaded: as `authenticate`, and for roles below editor.
    """
    scope = _with_authorization(scope)
    try:
        with from_memory():
            return _identity(services, scope)
    except NotInMemoryError:
        return await asyncio.to_thread(_identity, services, scope)


def _identity(services: Services, scope: Scope) -> Identity:
    caller = authenticate(services, scope)
    caller.require(Role.EDITOR)
    return identity_of(caller)


def identity_of(caller: Caller) -> Identity:
    """Return who the gateway takes a caller for: by its key, or without one."""
    key = caller.key
    if key is None:
        return Identity(caller.project_id)
    return Identity(caller.project_id, key.id, key.name, key.models, key.limits)


def _with_authorization(scope: Scope) -> Scope:
    """Return the scope with the key where `authenticate` looks for it, wherever the client's library put it."""
    headers = dict(scope["headers"])
    secret = secret_in(headers)
    if secret is None or b"authorization" in headers:
        return scope
    return {**scope, "headers": [*scope["headers"], (b"authorization", b"Bearer " + secret.encode("latin-1"))]}
