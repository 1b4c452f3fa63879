"""Who asks: reads the key, the cookie or the address of a request, and guards callers without a login.

A caller proves itself with `Authorization: Bearer KEY` (or `Basic`, whose password is the key, as Langfuse's clients
send it), or with the cookie of a browser that logged in. Bound to loopback without `require_keys`, a caller without
either is the local one, who may do everything; so that no web page can speak for it, its `Host` must be a loopback
name (DNS rebinding) and what it changes must not come from another origin.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from pydantic import SecretStr
from starlette.requests import HTTPConnection
from starlette.types import Scope

from masthead.api.services import Services
from masthead.govern.exposure import are_keys_required, is_loopback
from masthead.govern.keyring import csrf_of
from masthead.model.access import Caller
from masthead.model.errors import NotAllowed, NotAuthenticated, NotFound
from masthead.model.ids import DEFAULT_PROJECT, ProjectId
from masthead.model.tenancy import ApiKey, Role

SESSION_COOKIE: Final = "masthead_session"
CSRF_HEADER: Final = "x-csrf-token"
PROJECT_HEADER: Final = "x-masthead-project"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PROJECT_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
_OUR_KEYS = "mh_"


class Requires:
    """A dependency that names who may use a route; the matrix test reads it off every route."""

    def __init__(self, role: Role, *, is_operator: bool = False) -> None:
        self.role = role
        self.is_operator = is_operator

    @property
    def name(self) -> str:
        """The role, or `operator`."""
        return "operator" if self.is_operator else self.role.value

    def __call__(self, request: Request) -> Caller:
        """Return the caller.

        Raises:
            NotAuthenticated: a key is needed and none, or no usable one, was given.
            NotAllowed: the caller's role does not permit this, or it comes from another site.
        """
        caller = authenticate(services_of(request), request.scope)
        caller.require(self.role)
        if self.is_operator:
            caller.require_operator()
        return caller


def services_of(request: Request) -> Services:
    """Return what the application was built with."""
    return request.app.state.services


def authenticate(services: Services, scope: Scope) -> Caller:
    """Return who asks, and in which project.

    Raises:
        NotAuthenticated: a key is needed and none, or no usable one, was given.
        NotAllowed: a web page of another site asks in the local caller's or a browser session's name.
        NotFound: the project that is named does not exist, or is not the key's.
        Overloaded: too many unknown keys came from this address.
    """
    connection = HTTPConnection(scope)
    secret = _credential(connection)
    if secret is not None:
        caller = _by_credential(services, connection, secret)
        if caller is not None:
            return caller
    token = connection.cookies.get(SESSION_COOKIE)
    if token is not None and secret is None:
        key = services.directory.session(token)
        if key is not None:
            return _by_session(connection, scope["method"], key, token)
    if are_keys_required(services.settings):
        raise NotAuthenticated(
            "this server needs a key: send it as 'Authorization: Bearer KEY', or log in;"
            " an owner makes one with masthead key create"
        )
    _check_local(connection, scope["method"])
    return _operator(services, connection, "local")


def client_of(connection: HTTPConnection) -> str:
    """Return the address that failed log-ins are counted under."""
    return connection.client.host if connection.client else "a local socket"


def is_https(connection: HTTPConnection) -> bool:
    """Say whether the browser speaks HTTPS to us, or to the proxy in front of us."""
    return connection.url.scheme == "https" or connection.headers.get("x-forwarded-proto") == "https"


def at_project(services: Services, caller: Caller, project_id: str) -> Caller:
    """Return the caller in the project that a path names.

    Raises:
        NotFound: there is none of that id, or it is not the caller's.
    """
    if not caller.is_operator:
        _check_own(caller.project_id, project_id)
        return caller
    return replace(caller, project_id=_existing(services, project_id))


def _credential(connection: HTTPConnection) -> str | None:
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer" and value:
        return value
    if scheme.lower() == "basic" and value:
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError) as error:
            raise NotAuthenticated("the Authorization header is no Basic credential; send Bearer KEY") from error
    return None


def _by_credential(services: Services, connection: HTTPConnection, secret: str) -> Caller | None:
    if _is_local_token(services.local_token, secret):
        return _operator(services, connection, "operator")
    key = services.directory.key(secret)
    if key is not None:
        return _holder(connection, key)
    if not are_keys_required(services.settings) and not secret.startswith(_OUR_KEYS):
        return None  # another product's credential, left in a client that now sends here; no key is needed
    services.attempts.note(client_of(connection))
    raise NotAuthenticated("this key is unknown, expired or revoked; an owner makes one with masthead key create")


def _is_local_token(expected: SecretStr | None, secret: str) -> bool:
    return expected is not None and hmac.compare_digest(
        expected.get_secret_value().encode(), secret.encode("utf-8", "surrogatepass")
    )


def _by_session(connection: HTTPConnection, method: str, key: ApiKey, token: str) -> Caller:
    expected = csrf_of(token)
    given = connection.headers.get(CSRF_HEADER, "")
    if method not in _SAFE_METHODS and not hmac.compare_digest(expected.encode(), given.encode()):
        raise NotAllowed("a browser's change must carry its X-CSRF-Token; GET /api/v1/me tells it")
    return replace(_holder(connection, key), csrf_token=expected)


def _holder(connection: HTTPConnection, key: ApiKey) -> Caller:
    named = _named_project(connection)
    if named is not None:
        _check_own(key.project_id, named)
    return Caller(actor=f"key:{key.id}", project_id=key.project_id, role=key.role, is_operator=False, key=key)


def _operator(services: Services, connection: HTTPConnection, actor: str) -> Caller:
    project_id = _existing(services, _named_project(connection) or DEFAULT_PROJECT)
    return Caller(actor=actor, project_id=project_id, role=Role.OWNER, is_operator=True)


def _named_project(connection: HTTPConnection) -> str | None:
    return connection.headers.get(PROJECT_HEADER) or connection.query_params.get("project") or None


def _check_own(own: ProjectId, named: str) -> None:
    if named != own:
        raise NotFound(f"no project {named!r}; this key belongs to {own!r}")


def _existing(services: Services, named: str) -> ProjectId:
    if _PROJECT_ID.fullmatch(named) is None:
        raise NotFound(f"no project {named!r}; ids are lower-case letters, digits and dashes")
    return services.directory.project(ProjectId(named)).id


def _check_local(connection: HTTPConnection, method: str) -> None:
    host = connection.headers.get("host", "")
    if not is_loopback(_hostname(host)):
        raise NotAllowed(
            f"the request names host {host!r}, and without keys only loopback names are served;"
            " behind a proxy, set require_keys and make a key (masthead key create)"
        )
    for client in _clients(connection):
        if not is_loopback(client):
            raise NotAllowed(f"the request comes from {client!r} by a proxy; set require_keys and make a key")
    if method in _SAFE_METHODS:
        return
    origin = connection.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        raise NotAllowed(f"a page of {origin!r} may not change anything here; send it without a browser, or with a key")
    if connection.headers.get("sec-fetch-site", "none") == "cross-site":
        raise NotAllowed("a page of another site may not change anything here")


def _clients(connection: HTTPConnection) -> Iterator[str]:
    """Yield the addresses that the request came from: the socket's, and what proxies say of those before them."""
    if connection.client is not None:
        yield connection.client.host
    for header in connection.headers.getlist("x-forwarded-for"):
        yield from (part.strip() for part in header.split(","))


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def project_of_writer(services: Services, scope: Scope) -> ProjectId:
    """Return the project into which a sender of spans may write; what the OTLP door asks for each request.

    Raises:
        NotAuthenticated, NotAllowed, NotFound, Overloaded: as `authenticate`, and for roles below editor.
    """
    caller = authenticate(services, scope)
    caller.require(Role.EDITOR)
    return caller.project_id
