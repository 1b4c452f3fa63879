"""What the gateway uses of the dialects."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, cast

from masthead.model.errors import InvalidInput
from masthead.model.reading import Usage
from masthead.providers.dialects.dialect import Dialect


class ErrorReply(NamedTuple):
    status: int
    body: dict[str, Any]


class TranslatedStream(Protocol):
    failed: str | None

    def feed(self, data: bytes) -> bytes: ...
    def close(self) -> bytes: ...


class Translation(Protocol):
    body: dict[str, Any]

    def reply(self, answer: dict[str, Any]) -> dict[str, Any]: ...
    def error(self, status: int, body: bytes) -> ErrorReply: ...
    def stream(self) -> TranslatedStream: ...


def translate(
    body: Mapping[str, Any], *, source: Dialect, target: Dialect, model: str, reply_id: str, now_s: int
) -> Translation:
    raise InvalidInput(f"this model is not reached from {source.value} yet, but from {target.value}")


_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
}


def error_body(dialect: Dialect, status: int, message: str, kind: str | None = None) -> dict[str, Any]:
    kind = kind or _KINDS.get(status, "api_error")
    if dialect is Dialect.ANTHROPIC:
        return {"type": "error", "error": {"type": kind, "message": message}}
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def usage_of(dialect: Dialect, body: Mapping[str, Any]) -> Usage | None:
    usage = body.get("usage")
    if not isinstance(usage, dict):
        return None
    usage = cast("dict[str, Any]", usage)
    if dialect is Dialect.ANTHROPIC:
        read, written, fresh = (
            usage.get("cache_read_input_tokens"),
            usage.get("cache_creation_input_tokens"),
            usage.get("input_tokens"),
        )
        return Usage(
            input_tokens=None if fresh is None else fresh + (read or 0) + (written or 0),
            output_tokens=usage.get("output_tokens"),
            cache_read_tokens=read,
            cache_write_tokens=written,
        )
    inp = usage.get("prompt_tokens", usage.get("input_tokens"))
    out = usage.get("completion_tokens", usage.get("output_tokens"))
    d = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    e = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or {}
    return Usage(
        input_tokens=inp,
        output_tokens=out,
        cache_read_tokens=d.get("cached_tokens"),
        reasoning_tokens=e.get("reasoning_tokens"),
    )
