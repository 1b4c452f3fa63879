"""The routes that clients may ask for, by method and path."""

import re
from typing import Final

from masthead.gateway.call import Endpoint
from masthead.providers.dialects import Dialect

MODELS: Final = Endpoint("models", Dialect.OPENAI_CHAT, "/models", "", is_model_call=False)
EMBEDDINGS: Final = Endpoint("embeddings", Dialect.OPENAI_CHAT, "/embeddings", "embeddings")
_MODEL_CALLS: Final = {
    "/v1/chat/completions": Endpoint("chat", Dialect.OPENAI_CHAT, "/chat/completions", "chat"),
    "/v1/responses": Endpoint("responses", Dialect.OPENAI_RESPONSES, "/responses", "chat"),
    "/v1/messages": Endpoint("messages", Dialect.ANTHROPIC, "/messages", "chat"),
    "/v1/messages/count_tokens": Endpoint("count_tokens", Dialect.ANTHROPIC, "/messages/count_tokens", "count_tokens"),
    "/v1/embeddings": EMBEDDINGS,
    "/v1/moderations": Endpoint("moderations", Dialect.OPENAI_CHAT, "/moderations", "moderation"),
    "/v1/images/generations": Endpoint("passed_through", Dialect.OPENAI_CHAT, "/images/generations", "generate_image"),
    "/v1/audio/speech": Endpoint("passed_through", Dialect.OPENAI_CHAT, "/audio/speech", "generate_speech"),
}
_PASSED_THROUGH: Final = re.compile(
    r"/v1(/(?:images|audio|files|uploads|batches|vector_stores|responses/[A-Za-z0-9_-]{1,200})(?:/[A-Za-z0-9_.:-]{1,200}){0,4})"
)
"""Paths that are passed through by path alone; their segments cannot climb out (`..` is no segment that upstreams see,
since a segment of dots alone is refused)."""
_STORED: Final = ("/files", "/uploads", "/batches", "/vector_stores", "/responses/")
"""Paths below which a provider keeps what its account stored there."""
_OF_MODELS: Final = frozenset({"/responses/compact", "/responses/input_tokens"})
_DOTS: Final = re.compile(r"/\.+(?:/|$)")
PREFIX: Final = "/v1/"


def endpoint_of(method: str, path: str) -> Endpoint | None:
    """Return the endpoint, or None where there is none of that path."""
    found = _MODEL_CALLS.get(path)
    if found is not None and method == "POST":
        return found
    if path == "/v1/models" or path.startswith("/v1/models/"):
        return MODELS
    passed = _PASSED_THROUGH.fullmatch(path)
    if passed is not None and _DOTS.search(path) is None:
        return Endpoint("passed_through", Dialect.OPENAI_CHAT, passed[1], _operation(passed[1]), is_model_call=False)
    return found


def is_of_stored_things(endpoint: Endpoint) -> bool:
    """Say whether a call is about what a provider stores, for all who use the same account."""
    return endpoint.name == "passed_through" and endpoint.path.startswith(_STORED) and endpoint.path not in _OF_MODELS


def _operation(path: str) -> str:
    return {"images": "generate_image", "audio": "transcribe"}.get(path.split("/")[1], "files")
