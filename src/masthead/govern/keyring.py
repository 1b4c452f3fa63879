"""Making, listing, changing and revoking API keys, and the sessions of browsers that log in with one."""

import hashlib
import hmac
import secrets
from dataclasses import replace
from typing import NamedTuple

from pydantic import SecretStr

from masthead.clock import Clock
from masthead.govern import audit
from masthead.govern.directory import Directory, hash_of
from masthead.model.access import Caller
from masthead.model.errors import Conflict, NotAuthenticated, NotFound
from masthead.model.span import Attributes
from masthead.model.tenancy import ApiKey, KeyLimit, Role
from masthead.store.control import keys
from masthead.store.control.database import Database

SESSION_S = 12 * 3600
"""How long a browser stays logged in."""
_PREFIX = "mh_"
_PREFIX_SHOWN = len(_PREFIX) + 6


class NewKey(NamedTuple):
    """A key and its secret, which is shown once."""

    key: ApiKey
    secret: SecretStr


class KeyChange(NamedTuple):
    """What of a key is to be changed; None leaves it as it is."""

    models: tuple[str, ...] | None = None
    limits: tuple[KeyLimit, ...] | None = None
    lifetime_s: int | None = None
    """How long it works from now on."""
    is_endless: bool = False
    """Whether it works for ever from now on."""


class NewSession(NamedTuple):
    """A browser's token, for its cookie, and the word it must send with everything that changes something."""

    token: SecretStr
    csrf_token: str


class Keyring:
    """The keys of every project; each act is one transaction with its audit entry."""

    def __init__(self, database: Database, directory: Directory, clock: Clock) -> None:
        self._database = database
        self._directory = directory
        self._clock = clock

    def create(
        self,
        caller: Caller,
        *,
        name: str,
        role: Role,
        lifetime_s: int | None = None,
        models: tuple[str, ...] = (),
        limits: tuple[KeyLimit, ...] = (),
    ) -> NewKey:
        """Make a key of the caller's project; `models` and `limits` hold for its calls of models."""
        now_ns = self._clock.now_ns()
        secret = _PREFIX + secrets.token_urlsafe(32)
        key = ApiKey(
            id=secrets.token_hex(8),
            project_id=caller.project_id,
            name=name,
            role=role,
            prefix=secret[:_PREFIX_SHOWN],
            created_ns=now_ns,
            expires_ns=None if lifetime_s is None else now_ns + lifetime_s * 1_000_000_000,
            models=models,
            limits=limits,
        )
        with self._database.writing() as session:
            keys.insert(session, key, hash_of(secret))
            details: Attributes = {"name": name, "role": role.value, "expires_ns": key.expires_ns}
            if models:
                details = {**details, "models": list(models)}
            if limits:
                details = {**details, "limits": [_words(one) for one in limits]}
            audit.note(session, self._clock, caller, "key.created", f"key:{key.id}", details=details)
        self._directory.forget()
        return NewKey(key, SecretStr(secret))

    def all_of(self, caller: Caller) -> list[ApiKey]:
        """Return the keys of the caller's project, latest first."""
        with self._database.reading() as session:
            return keys.all_of(session, caller.project_id)

    def change(self, caller: Caller, key_id: str, wanted: KeyChange) -> ApiKey:
        """Change what a key may use and until when it works; its secret, and what it has used so far, stay.

        Raises:
            NotFound: the caller's project has no such key.
            Conflict: the key is revoked.
        """
        with self._database.writing() as session:
            key = keys.get(session, caller.project_id, key_id)
            if key is None:
                raise _not_found(caller, key_id)
            if key.revoked_ns is not None:
                raise Conflict(f"the key {key_id!r} ({key.name}) is revoked, which is for good: make a new one")
            changed = self._changed(key, wanted)
            if changed != key:
                keys.change(session, changed)
                details: Attributes = {
                    "name": key.name,
                    "models": list(changed.models),
                    "limits": [_words(one) for one in changed.limits],
                    "expires_ns": changed.expires_ns,
                }
                audit.note(session, self._clock, caller, "key.changed", f"key:{key_id}", details=details)
        self._directory.forget()
        return changed

    def _changed(self, key: ApiKey, wanted: KeyChange) -> ApiKey:
        expires_ns = None if wanted.is_endless else key.expires_ns
        if wanted.lifetime_s is not None:
            expires_ns = self._clock.now_ns() + wanted.lifetime_s * 1_000_000_000
        return replace(
            key,
            models=key.models if wanted.models is None else wanted.models,
            limits=key.limits if wanted.limits is None else wanted.limits,
            expires_ns=expires_ns,
        )

    def revoke(self, caller: Caller, key_id: str) -> ApiKey:
        """End a key and its browsers' sessions; a key that was revoked before stays as it is.

        Raises:
            NotFound: the caller's project has no such key.
        """
        with self._database.writing() as session:
            key = keys.get(session, caller.project_id, key_id)
            if key is None:
                raise _not_found(caller, key_id)
            if key.revoked_ns is None:
                keys.revoke(session, caller.project_id, key_id, self._clock.now_ns())
                audit.note(session, self._clock, caller, "key.revoked", f"key:{key_id}", details={"name": key.name})
                session.expire_all()
                key = keys.get(session, caller.project_id, key_id) or key
        self._directory.forget()
        return key

    def count_usable(self) -> int:
        """Count the keys of all projects that work now."""
        with self._database.reading() as session:
            return keys.count_usable(session, self._clock.now_ns())

    def log_in(self, secret: str) -> NewSession:
        """Start a browser's session.

        Raises:
            NotAuthenticated: the key is unknown, expired or revoked.
        """
        key = self._directory.key(secret)
        if key is None:
            raise NotAuthenticated(
                "this key is unknown, expired or revoked; an owner makes one with masthead key create"
            )
        token = secrets.token_urlsafe(32)
        now_ns = self._clock.now_ns()
        with self._database.writing() as session:
            keys.start_session(
                session, hash_of(token), key.id, created_ns=now_ns, expires_ns=now_ns + SESSION_S * 1_000_000_000
            )
        return NewSession(SecretStr(token), csrf_of(token))

    def log_out(self, token: str) -> None:
        """End a browser's session; an unknown one is no error."""
        with self._database.writing() as session:
            keys.end_session(session, hash_of(token))
        self._directory.forget()


def csrf_of(token: str) -> str:
    """Return the word that belongs to a session's token. It cannot be turned back into the token."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), b"masthead csrf", hashlib.sha256).hexdigest()


def _not_found(caller: Caller, key_id: str) -> NotFound:
    return NotFound(f"no key {key_id!r} in project {caller.project_id!r}; masthead key list names them")


def _words(limit: KeyLimit) -> str:
    amounts = (("requests", limit.requests), ("tokens", limit.tokens), ("USD", limit.cost_usd))
    return ", ".join(f"{amount} {what}" for what, amount in amounts if amount is not None) + f" per {limit.window}"
