"""The tools of a body of `POST /v1/chat/completions`, and which may be called → the form between dialects."""

from collections.abc import Mapping
from typing import Any

from masthead.providers.dialects.dialect import refused
from masthead.providers.dialects.fields import Fields
from masthead.providers.dialects.form import Cache, Tool, ToolChoice
from masthead.providers.dialects.openai_responses.read_tools import read_form


def read_tool(tool: Fields) -> Tool:
    """Return a tool.

    Raises:
        InvalidInput: it is neither a function nor a free-form tool.
    """
    kind = tool.required_text("type")
    if kind not in {"function", "custom"}:
        raise refused(
            tool.at("type"), f"a tool of type {kind!r} cannot be translated: only functions and custom tools can"
        )
    inside = tool.inner(kind) or Fields({}, tool.at(kind), tool.losses)
    is_function = kind == "function"
    made = Tool(
        name=inside.required_text("name"),
        description=inside.text("description"),
        parameters=inside.mapping("parameters") if is_function else None,
        strict=inside.flag("strict") if is_function else None,
        freeform=None if is_function else read_form(inside.inner("format")),
        cache=read_cache(tool),
        at=tool.path,
    )
    inside.finish()
    tool.finish()
    return made


def read_choice(fields: Fields) -> ToolChoice | None:
    """Return which tools may be called.

    Raises:
        InvalidInput: it is none of the choices that there are.
    """
    value = fields.take("tool_choice")
    match value:
        case None:
            return None
        case "auto" | "none" | "required":
            return ToolChoice(mode=value)
        case {"type": "function" | "custom" as kind, **named} if isinstance(named.get(kind), dict):
            return ToolChoice(mode="required", names=(_name(value),))
        case {"type": "allowed_tools", "allowed_tools": {"mode": "auto" | "required" as mode, "tools": [*tools]}}:
            return ToolChoice(mode=mode, names=tuple(_name(tool) for tool in tools))
        case _:
            raise refused("tool_choice", f"{value!r} cannot be translated")


def read_cache(part: Fields) -> Cache | None:
    """Return a mark of what may be cached, in OpenAI's spelling or in Anthropic's."""
    mark = part.inner("prompt_cache_breakpoint") or part.inner("cache_control")
    if mark is None:
        return None
    cache = Cache(ttl=mark.text("ttl"))
    mark.ignore("mode", "type")
    mark.finish()
    return cache


def _name(tool: Mapping[str, Any]) -> str:
    return str(tool[tool["type"]]["name"])
