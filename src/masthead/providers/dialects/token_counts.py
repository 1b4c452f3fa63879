"""Anthropic's `count_tokens` asked of models of other vendors, where the vendor counts itself. Nothing is estimated.

Gemini and Vertex count by `countTokens`, Bedrock by `CountTokens`, OpenAI by `/responses/input_tokens`.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from masthead.providers.dialects.dialect import Dialect, Losses
from masthead.providers.dialects.plain import Asked, PlainTranslation
from masthead.providers.dialects.translation import translate

_OF_BEDROCK = ("messages", "system", "toolConfig", "additionalModelRequestFields")
_OF_OPENAI = ("model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text")


def counts(dialect: Dialect, vendor_id: str) -> bool:
    """Say whether a vendor counts the tokens of a call that is put to it in this dialect."""
    return dialect in {Dialect.GEMINI, Dialect.BEDROCK} or (
        dialect is Dialect.OPENAI_RESPONSES and vendor_id == "openai"
    )


def translate_count(body: Mapping[str, Any], *, dialect: Dialect, vendor_id: str, model: str) -> PlainTranslation:
    """Return the call for a target of a dialect that counts.

    Raises:
        InvalidInput: the body is wrong, or asks for what the target's dialect cannot say.
    """
    call = translate(body, source=Dialect.ANTHROPIC, target=dialect, model=model, reply_id="", now_s=0)
    losses = Losses()
    for loss in call.losses:
        losses.add(*loss)
    written = call.body
    match dialect:
        case Dialect.GEMINI if vendor_id == "vertex":
            path, field = f"/models/{quote(model, safe='')}:countTokens", "totalTokens"
            asked = {name: written[name] for name in ("contents", "systemInstruction", "tools") if name in written}
        case Dialect.GEMINI:
            name = model.removeprefix("models/")
            path, field = f"/models/{quote(name, safe='')}:countTokens", "totalTokens"
            asked = {"generateContentRequest": {"model": f"models/{name}", **written}}
        case Dialect.BEDROCK:
            path, field = f"/model/{quote(model, safe='')}/count-tokens", "inputTokens"
            asked = {"input": {"converse": {name: written[name] for name in _OF_BEDROCK if name in written}}}
        case _:
            path, field = "/responses/input_tokens", "input_tokens"
            asked = {name: written[name] for name in _OF_OPENAI if name in written}

    def told(answer: Mapping[str, Any], _tokens: int | None) -> dict[str, Any]:
        return {"input_tokens": int(answer[field])}

    return PlainTranslation(Asked(path, asked, told, losses), source=Dialect.ANTHROPIC, target=dialect)
