"""The tokens that an answer, or an event of a streamed one, says it took; for calls whose bytes pass untouched."""

from collections.abc import Mapping
from typing import Any, cast

from masthead.model.reading import Usage
from masthead.providers.dialects.anthropic import reply as anthropic
from masthead.providers.dialects.bedrock import reply as bedrock
from masthead.providers.dialects.dialect import Dialect
from masthead.providers.dialects.gemini import reply as gemini
from masthead.providers.dialects.json_text import inner
from masthead.providers.dialects.openai_chat import reply as chat
from masthead.providers.dialects.openai_responses import reply as responses


def usage_of(dialect: Dialect, body: Mapping[str, Any]) -> Usage | None:
    """Return the tokens, None where the answer or the event says nothing of them.

    `input_tokens` of the result always includes the cached ones, whichever way the vendor counts. An event of
    Anthropic's that ends a stream may repeat the input alone: join it to the first with `events.joined_usage`.
    """
    match dialect:
        case Dialect.OPENAI_CHAT:
            return chat.read_usage(_inner(body, "usage") or _inner(inner(body, "x_groq"), "usage"))
        case Dialect.OPENAI_RESPONSES:
            return responses.read_usage(_inner(body, "usage") or _inner(inner(body, "response"), "usage"))
        case Dialect.ANTHROPIC:
            return anthropic.read_usage(_inner(body, "usage") or _inner(inner(body, "message"), "usage"))
        case Dialect.GEMINI:
            return gemini.read_usage(_inner(body, "usageMetadata"))
        case Dialect.BEDROCK:
            return bedrock.read_usage(_inner(body, "usage"))


def _inner(holder: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = holder.get(name)
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else None
