"""Who calls, where the gateway runs alone: by the key in the request, or as the local caller where no key is demanded.

Answers are kept for a second, under what was sent, so that a key that is revoked stops working within two. A key is
looked up by its SHA-256, and an answer by Python's hash of what was sent, which is seeded anew in each process: so no
comparison of secrets takes a time that tells anything of them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from masthead.clock import Clock
from masthead.gateway.call import Identity
from masthead.model.errors import NotAllowed, NotAuthenticated
from masthead.model.ids import DEFAULT_PROJECT
from masthead.model.tenancy import ApiKey, Role

Scope = Mapping[str, Any]
FindKey = Callable[[str], ApiKey | None]
"""Returns the usable key of a secret; may block."""

FRESH_S: Final = 1.0
_MOST: Final = 4096
_READ: Final = frozenset({
    b"authorization", b"x-api-key", b"api-key", b"x-masthead-project", b"host", b"origin", b"sec-fetch-site", b"cookie",
    b"x-forwarded-for", b"x-csrf-token",
})  # fmt: skip
_OURS: Final = "mh_"


class Remembered:
    """An `Identify` that believes another one's answers for a second."""

    def __init__(self, ask: Callable[[Scope], Awaitable[Identity]], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._known: dict[tuple[object, ...], tuple[float, Identity]] = {}
        """The oldest first."""

    async def __call__(self, scope: Scope) -> Identity:
        """Return who calls; errors are never remembered."""
        client = scope.get("client")
        sent = (scope["method"], client and client[0], *[one for one in scope["headers"] if one[0] in _READ])
        now_s = self._clock.monotonic_s()
        found = self._known.get(sent)
        if found is not None and now_s - found[0] < FRESH_S:
            return found[1]
        identity = await self._ask(scope)
        self._known.pop(sent, None)
        self._known[sent] = (now_s, identity)
        self._forget(now_s)
        return identity

    @property
    def count(self) -> int:
        """How many answers are kept."""
        return len(self._known)

    def _forget(self, now_s: float) -> None:
        """Let go of what is not believed any more, and of what is too much."""
        while self._known:
            oldest = next(iter(self._known))
            if now_s - self._known[oldest][0] < FRESH_S and len(self._known) <= _MOST:
                return
            del self._known[oldest]


class ByKey:
    """Asks the directory of keys; without keys, lets in who is on this machine and is no web page of another site."""

    def __init__(
        self,
        find_key: FindKey,
        *,
        are_keys_required: bool,
        is_loopback: Callable[[str], bool],
        note_failure: Callable[[str], None],
    ) -> None:
        self._find_key = find_key
        self._are_keys_required = are_keys_required
        self._is_loopback = is_loopback
        self._note_failure = note_failure

    async def __call__(self, scope: Scope) -> Identity:
        """Return who calls.

        Raises:
            NotAuthenticated: a key is needed and none, or no usable one, was given.
            NotAllowed: the key may only read, or a web page of another site asks in the local caller's name.
            Overloaded: too many unknown keys came from this address.
        """
        headers = dict(scope["headers"])
        secret = secret_in(headers)
        client = scope.get("client")
        address = str(client[0]) if client else ""
        if secret is not None:
            key = await asyncio.to_thread(self._find_key, secret)
            if key is not None:
                return identity_of(key, headers)
            if self._are_keys_required or secret.startswith(_OURS):
                self._note_failure(address)
                raise NotAuthenticated("this key is unknown, expired or revoked; make one with masthead key create")
        if self._are_keys_required:
            raise NotAuthenticated(
                "this gateway needs a key, as the client's API key; make one with masthead key create"
            )
        self._check_local(headers, address)
        return Identity(DEFAULT_PROJECT)

    def _check_local(self, headers: Mapping[bytes, bytes], address: str) -> None:
        host = headers.get(b"host", b"").decode("latin-1")
        name = _parts(f"//{host}").hostname or ""
        origin = headers.get(b"origin", b"").decode("latin-1")
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")
        came_from = [one.strip() for one in (address, *forwarded.split(",")) if one.strip()]
        if not self._is_loopback(name) or not all(map(self._is_loopback, came_from)):
            raise NotAllowed("without keys only callers on this machine are served; set require_keys and make a key")
        if (origin and _parts(origin).netloc.lower() != host.lower()) or headers.get(
            b"sec-fetch-site"
        ) == b"cross-site":
            raise NotAllowed("a page of another site may not call models here")


def _parts(address: str) -> SplitResult:
    """Return the parts of an address; none of what is no address."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def secret_in(headers: Mapping[bytes, bytes]) -> str | None:
    """Return the credential of a request, wherever its client's library puts one."""
    scheme, _, value = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    for name in (b"x-api-key", b"api-key"):
        given = headers.get(name, b"").decode("latin-1").strip()
        if given:
            return given
    return None


def identity_of(key: ApiKey, headers: Mapping[bytes, bytes]) -> Identity:
    """Return the identity behind a key.

    Raises:
        NotAllowed: the key may only read, or names another project.
    """
    if not key.role.includes(Role.EDITOR):
        raise NotAllowed(f"the key {key.name!r} has the role {key.role.value}; calling models takes editor or owner")
    named = headers.get(b"x-masthead-project", b"").decode("latin-1")
    if named and named != key.project_id:
        raise NotAllowed(f"this key belongs to the project {key.project_id!r}, not {named!r}")
    return Identity(key.project_id, key.id, key.name, key.models, key.limits)
