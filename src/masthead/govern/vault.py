"""Secrets at rest: each value under a key of its own, and that key under a master key that is not in the database.

What is encrypted is bound to its project and name: in another project's row it does not decrypt. Values come in and go
to the gateway; nothing else here returns one, and no message, log or audit entry holds one.
"""

import json
import logging
import os
import threading
from collections.abc import Mapping
from typing import Final, NamedTuple

from pydantic import SecretStr

from masthead.clock import Clock
from masthead.govern import audit
from masthead.govern.master_keys import MasterKey, MasterKeys
from masthead.model import naming
from masthead.model.access import Caller
from masthead.model.errors import InvalidInput, NotFound, SettingsError, TooLarge
from masthead.model.ids import DEFAULT_PROJECT
from masthead.model.span import Attributes
from masthead.model.stored import Sealed, SecretId, StoredSecret
from masthead.store.control import gateways, secrets
from masthead.store.control.database import Database

_LOG = logging.getLogger(__name__)
_MOST_BYTES: Final = 64 * 1024
_MOST_SECRETS: Final = 1000
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_AT_ONCE: Final = 50
"""Secrets that are wrapped anew in one transaction."""


class Rotated(NamedTuple):
    """What wrapping everything anew came to."""

    key_id: str
    """The present master key's."""
    rewrapped: int
    left: int
    """Secrets under master keys that are not there any more: they cannot be read, and must be stored anew."""


class Vault:
    """The secrets of every project; each act is one transaction with its audit entry.

    The lock keeps two rotations of one process apart, and what is stored meanwhile out of their way.
    """

    def __init__(self, database: Database, keys: MasterKeys, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._lock = threading.RLock()

    def all_of(self, caller: Caller) -> list[StoredSecret]:
        """Return the secrets of the caller's project, by name; never their values."""
        with self._database.reading() as session:
            return secrets.all_of(session, caller.project_id)

    def put(self, caller: Caller, name: str, value: SecretStr) -> StoredSecret:
        """Keep a secret of the caller's project, in the stead of one of the same name.

        Raises:
            InvalidInput: the name or the value cannot be taken.
            SettingsError: there is no master key that can be used.
        """
        _check(name, value.get_secret_value())
        which = SecretId(caller.project_id, name)
        with self._lock, self._database.writing() as session:
            audit.take_turns(session)
            there = secrets.all_of(session, caller.project_id)
            is_new = name not in {one.name for one in there}
            if is_new and len(there) >= _MOST_SECRETS:
                raise TooLarge(
                    f"the project has {_MOST_SECRETS} secrets, and may have no more; delete one", where="name"
                )
            sealed = _sealed(value.get_secret_value().strip(), which, self._keys.present())
            action = "secret.created" if is_new else "secret.changed"
            audit.note(session, self._clock, caller, action, f"secret:{name}", details={"key_id": sealed.key_id})
            kept = secrets.put(session, which, sealed, time_ns=self._clock.now_ns(), actor=caller.actor)
            gateways.note_change(session, caller.project_id)
        return kept

    def delete(self, caller: Caller, name: str) -> None:
        """Forget a secret of the caller's project.

        Raises:
            NotFound: there is none of that name.
        """
        with self._database.writing() as session:
            audit.note(session, self._clock, caller, "secret.deleted", f"secret:{name}")
            if not secrets.remove(session, SecretId(caller.project_id, name)):
                raise NotFound(f"no secret {name!r} in project {caller.project_id!r}; masthead secrets list names them")
            gateways.note_change(session, caller.project_id)

    def read(self, which: SecretId) -> str | None:
        """Return a secret's value, None where there is none; for the gateway alone.

        Raises:
            SettingsError: it cannot be decrypted; says what to do.
        """
        with self._database.reading() as session:
            sealed = secrets.sealed(session, which)
        return None if sealed is None else _opened(sealed, which, self._keys.of(sealed.key_id))

    def fault_of(self, which: SecretId) -> str | None:
        """Return why a secret cannot be used; None where it can."""
        try:
            is_there = self.read(which) is not None
        except SettingsError as error:
            return str(error)
        if is_there:
            return None
        project = "" if which.project_id == DEFAULT_PROJECT else f" --project {which.project_id}"
        return f"no secret {which.name!r} is stored yet: masthead secrets set {which.name}{project}"

    def note_uses(self, uses: Mapping[SecretId, int]) -> None:
        """Note when secrets were last used."""
        if uses:
            with self._database.writing() as session:
                secrets.note_uses(session, uses)

    def rotate(self, caller: Caller) -> Rotated:
        """Wrap the keys of all projects' secrets under the present master key; a new one, where it is ours to make.

        May be killed at any time: every secret stays readable, and doing it again goes on where it ended.

        Raises:
            NotAllowed: the caller is not the operator.
        """
        caller.require_operator()
        with self._lock:
            if self._keys.is_own:
                self._keys.present()
                self._keys.begin_change()
            present = self._keys.present()
            self._note(caller, "secrets.rotation.begun", {"key_id": present.id})
            rewrapped = self._rewrap(present)
            with self._database.reading() as session:
                left = sum(count for key_id, count in secrets.count_by_key(session).items() if key_id != present.id)
            self._note(caller, "secrets.rotation.done", {"key_id": present.id, "rewrapped": rewrapped, "left": left})
            if self._keys.is_own and left == 0:
                self._keys.end_change()
        return Rotated(present.id, rewrapped, left)

    def _note(self, caller: Caller, action: str, details: Attributes) -> None:
        with self._database.writing() as session:
            audit.note(session, self._clock, caller, action, "secrets", details=details)

    def _rewrap(self, present: MasterKey) -> int:
        """Wrap everything under the present key, some at a time. What cannot be unwrapped is left, and logged."""
        rewrapped = 0
        lost = set[SecretId]()
        while True:
            with self._database.writing() as session:
                some = secrets.not_under(session, present.id, limit=_AT_ONCE + len(lost))
                some = [one for one in some if one.id not in lost]
                if not some:
                    return rewrapped
                for kept in some:
                    try:
                        key = _unwrapped(kept.sealed, kept.id, self._keys.of(kept.sealed.key_id))
                    except SettingsError as error:
                        _LOG.error("the secret %r of project %r is left: %s", kept.id.name, kept.id.project_id, error)
                        lost.add(kept.id)
                        continue
                    wrapped = _encrypted(present.key, key, _bound("key", kept.id, present.id))
                    rewrapped += secrets.rewrap(session, kept, key_id=present.id, wrapped_key=wrapped)


def _check(name: str, value: str) -> None:
    naming.SECRET.checked(name, where="name")
    if not value.strip():
        raise InvalidInput("the secret is empty", where="value")
    if len(value.encode("utf-8", "surrogatepass")) > _MOST_BYTES:
        raise TooLarge(f"the secret is over {_MOST_BYTES} bytes", where="value")
    if not value.isascii() or not value.strip().isprintable():
        raise InvalidInput(
            "the secret holds line breaks or letters beyond ASCII, which no header may hold; of JSON, store one line",
            where="value",
        )


def _sealed(value: str, which: SecretId, master: MasterKey) -> Sealed:
    key = os.urandom(_KEY_BYTES)
    return Sealed(
        key_id=master.id,
        wrapped_key=_encrypted(master.key, key, _bound("key", which, master.id)),
        ciphertext=_encrypted(key, value.encode(), _bound("value", which)),
    )


def _opened(sealed: Sealed, which: SecretId, master: MasterKey) -> str:
    key = _unwrapped(sealed, which, master)
    return _decrypted(key, sealed.ciphertext, _bound("value", which), which).decode()


def _unwrapped(sealed: Sealed, which: SecretId, master: MasterKey) -> bytes:
    return _decrypted(master.key, sealed.wrapped_key, _bound("key", which, master.id), which)


def _bound(what: str, which: SecretId, *more: str) -> bytes:
    """Return what a ciphertext is bound to: it decrypts for this alone."""
    return json.dumps(["masthead", 1, what, which.project_id, which.name, *more]).encode()


def _encrypted(key: bytes, data: bytes, bound: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - 0.16 s, for who stores secrets

    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, bound)


def _decrypted(key: bytes, data: bytes, bound: bytes, which: SecretId) -> bytes:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above

    try:
        return AESGCM(key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise SettingsError(
            f"the secret {which.name!r} of project {which.project_id!r} does not decrypt: its row was changed, or came"
            f" from elsewhere; store it anew: masthead secrets set {which.name}"
        ) from None
