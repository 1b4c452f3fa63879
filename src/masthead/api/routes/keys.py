"""API keys of the caller's project."""

from fastapi import APIRouter

from masthead.api.routes.taken import KeyIdPath, Owner, With
from masthead.api.schema import tenancy as t

router = APIRouter(tags=["keys"])


@router.get("/keys")
def list_keys(services: With, caller: Owner) -> t.Keys:
    """List the project's keys, latest first, revoked ones too."""
    return t.Keys(items=[t.Key.of(key) for key in services.keyring.all_of(caller)])


@router.post("/keys", status_code=201)
def create_key(services: With, caller: Owner, new: t.NewKey) -> t.CreatedKey:
    """Make a key; the answer is the only place where its secret ever stands."""
    made = services.keyring.create(
        caller,
        name=new.name,
        role=new.role,
        lifetime_s=new.lifetime_s(),
        models=new.models,
        limits=tuple(one.noun() for one in new.limits),
    )
    return t.CreatedKey(key=t.Key.of(made.key), secret=made.secret.get_secret_value())


@router.patch("/keys/{key_id}")
def change_key(services: With, caller: Owner, key_id: KeyIdPath, change: t.KeyChange) -> t.Key:
    """Change what a key may use at the gateway, and until when it works; its secret stays, and what it has used."""
    return t.Key.of(services.keyring.change(caller, key_id, change.noun()))


@router.delete("/keys/{key_id}")
def revoke_key(services: With, caller: Owner, key_id: KeyIdPath) -> t.Key:
    """Revoke a key, and end the browser sessions that it opened."""
    return t.Key.of(services.keyring.revoke(caller, key_id))
