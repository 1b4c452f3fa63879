"""Errors over HTTP: every one is `application/problem+json` (RFC 9457)."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from masthead.api.schema.base import Problem
from masthead.model import errors

_log = logging.getLogger(__name__)

STATUSES: Final[tuple[tuple[type[errors.MastheadError], HTTPStatus, str], ...]] = (
    (errors.TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large"),
    (errors.InvalidInput, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-input"),
    (errors.NotFound, HTTPStatus.NOT_FOUND, "not-found"),
    (errors.Conflict, HTTPStatus.CONFLICT, "conflict"),
    (errors.NotAuthenticated, HTTPStatus.UNAUTHORIZED, "not-authenticated"),
    (errors.NotAllowed, HTTPStatus.FORBIDDEN, "not-allowed"),
    (errors.Overloaded, HTTPStatus.TOO_MANY_REQUESTS, "overloaded"),
    (errors.StoreBusy, HTTPStatus.SERVICE_UNAVAILABLE, "store-busy"),
    (errors.StoreFull, HTTPStatus.INSUFFICIENT_STORAGE, "store-full"),
    (errors.StoreError, HTTPStatus.SERVICE_UNAVAILABLE, "store-error"),
    (errors.UpstreamError, HTTPStatus.BAD_GATEWAY, "upstream-error"),
)
"""Which status and which word an error has; the first class that fits counts."""


_SECRET: Final = ("/gateway/", "/session", "/keys")
"""Paths of requests that may hold secrets: what was wrong with them is told without their values."""


def problem(
    status: int,
    word: str,
    detail: str,
    *,
    where: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Render a problem."""
    body = Problem(type=word, title=HTTPStatus(status).phrase, status=status, detail=detail, where=where)
    return Response(body.model_dump_json(), status, headers=dict(headers or {}), media_type="application/problem+json")


def of_error(error: errors.MastheadError) -> Response:
    """Render one of our own errors."""
    status, word = next(
        ((status, word) for kind, status, word in STATUSES if isinstance(error, kind)),
        (HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error"),
    )
    headers = dict[str, str]()
    if isinstance(error, errors.Overloaded):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, errors.NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s: %s", word, error)
    where = error.where if isinstance(error, errors.InvalidInput) else None
    return problem(status, word, str(error), where=where, headers=headers)


def install(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""
    app.add_exception_handler(errors.MastheadError, _ours)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _ours(_: Request, error: Exception) -> Response:
    if not isinstance(error, errors.MastheadError):
        raise TypeError(f"{error!r} is none of our errors")
    return of_error(error)


def _unreadable(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise TypeError(f"{error!r} is no validation error")
    faults = [
        (".".join(str(part) for part in fault["loc"]), fault["msg"], fault.get("input")) for fault in error.errors()
    ]
    is_secret = any(part in request.url.path for part in _SECRET)
    detail = "; ".join(
        f"{where}: {message}" + ("" if is_secret else f" (got {_shortened(value)})")
        for where, message, value in faults[:5]
    )
    return problem(422, "invalid-input", detail, where=faults[0][0] if faults else None)


def _http(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise TypeError(f"{error!r} is no HTTP error")
    word = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    return problem(error.status_code, word, str(error.detail), headers=error.headers)


def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(500, "internal-error", "an unexpected error; the server's log has it")


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
