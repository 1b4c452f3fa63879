"""Errors in the caller's dialect: read from any upstream, written with the upstream's status."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

from masthead.providers.dialects.anthropic.errors import kind_of
from masthead.providers.dialects.dialect import Dialect
from masthead.providers.dialects.json_text import decoded

_KINDS: Final[Mapping[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_ALIKE: Final = frozenset({Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES})


class Failure(NamedTuple):
    """What an upstream said of a failure."""

    message: str
    kind: str | None = None
    code: str | None = None
    param: str | None = None


class ErrorReply(NamedTuple):
    """A failure for the caller: the status to answer with, and the body."""

    status: int
    body: dict[str, Any]


def read_error(body: bytes, status: int) -> Failure:
    """Return what the body of a failed call says, in any of the dialects; what is no JSON is quoted."""
    told = decoded(body)
    if told is None:
        text = body[:500].decode("utf-8", "replace").strip()
        return Failure(text or f"the upstream answered {status} without a body")
    error = told.get("error", told)
    if isinstance(error, str):
        return Failure(str(told.get("message") or error))
    if not isinstance(error, dict):
        return Failure(str(told)[:500])
    inside = cast("dict[str, Any]", error)
    code = inside.get("code")
    return Failure(
        message=str(inside.get("message") or inside.get("Message") or inside.get("detail") or inside)[:4000],
        kind=_text(inside.get("type") or inside.get("status") or inside.get("__type")),
        code=None if isinstance(code, int) else _text(code),
        param=_text(inside.get("param")),
    )


def error_body(
    dialect: Dialect, status: int, message: str, kind: str | None = None, *, code: str | None = None,
    param: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return a failure as the clients of a dialect expect it. `kind` is its type, where the status does not say it."""
    match dialect:
        case Dialect.ANTHROPIC:
            return {"type": "error", "error": {"type": kind or kind_of(status), "message": message}}
        case Dialect.GEMINI:
            return {"error": {"code": status, "message": message, "status": kind or "UNKNOWN"}}
        case Dialect.BEDROCK:
            return {"message": message}
        case Dialect.OPENAI_CHAT | Dialect.OPENAI_RESPONSES:
            kind = kind or _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
            return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def translated_error(source: Dialect, target: Dialect, status: int, body: bytes) -> ErrorReply:
    """Return an upstream's failure in the caller's dialect; the status stays, save where no client knows it."""
    failure = read_error(body, status)
    is_alike = source == target or {source, target} <= _ALIKE
    if target == Dialect.BEDROCK and status == 424:
        status = 502
    made = error_body(
        source,
        status,
        failure.message,
        failure.kind if is_alike else None,
        code=failure.code or (failure.kind if not is_alike else None),
        param=failure.param,
    )
    return ErrorReply(status, made)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
