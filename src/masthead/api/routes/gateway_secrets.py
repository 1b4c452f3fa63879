"""Secrets of a project's connections. Their values come in and are never shown again."""

from typing import Annotated

from fastapi import APIRouter, Path

from masthead.api.routes.taken import Operator, Owner, With
from masthead.api.schema import gateway_config as c

router = APIRouter(tags=["gateway"])
_Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="`stored:NAME` in a connection.")]


@router.get("/gateway/secrets")
def list_secrets(services: With, caller: Owner) -> c.Secrets:
    """List the project's secrets: names, who stored them, when, and their last use."""
    return c.Secrets(items=[c.Secret.of(one) for one in services.vault.all_of(caller)])


@router.put("/gateway/secrets/{name}")
def put_secret(services: With, caller: Owner, name: _Name, given: c.SecretInput) -> c.Secret:
    """Keep a secret, encrypted, in the stead of one of the same name; calls use it at once."""
    kept = services.vault.put(caller, name, given.value)
    services.gateway.tenants.look()
    return c.Secret.of(kept)


@router.delete("/gateway/secrets/{name}", status_code=204)
def delete_secret(services: With, caller: Owner, name: _Name) -> None:
    """Forget a secret; connections that name it fail until it is stored anew."""
    services.vault.delete(caller, name)
    services.gateway.tenants.look()


@router.post("/gateway/secrets/rotate")
def rotate_secrets(services: With, caller: Operator) -> c.SecretsRotated:
    """Wrap all projects' secrets under the present master key: a new one, where the server made its key itself."""
    done = services.vault.rotate(caller)
    return c.SecretsRotated(key_id=done.key_id, rewrapped=done.rewrapped, left=done.left)
