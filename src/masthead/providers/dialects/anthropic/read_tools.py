"""The tools of a body of `POST /v1/messages`, and which of them may be called → the form between dialects.

Some tools that Anthropic names run at the client (a shell, an editor, a memory): their calls are plain calls, and only
their parameters are not in the request, because Claude knows them. Another model is told them here.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from masthead.providers.dialects.dialect import refused
from masthead.providers.dialects.fields import Fields
from masthead.providers.dialects.form import Cache, Search, Tool, ToolChoice
from masthead.providers.dialects.search import OF_ANTHROPIC, read_of_anthropic

_ELSEWHERE: Final = "only Anthropic has it, dropped"
_UNTOLD: Final = "Claude knows its parameters: another model is told them, and no more of how to use it"
_TEXT: Final = {"type": "string"}
_PATH: Final = {"path": _TEXT, "view_range": {"type": "array", "items": {"type": "integer"}}}
_EDITS: Final = {"file_text": _TEXT, "old_str": _TEXT, "new_str": _TEXT, "insert_line": {"type": "integer"}}


def _commands(*names: str, **properties: Any) -> dict[str, Any]:
    command = {"type": "string", "enum": list(names)}
    return {"type": "object", "properties": {"command": command, **properties}, "required": ["command"]}


_EDITOR: Final = _commands("view", "create", "str_replace", "insert", **_PATH, **_EDITS, insert_text=_TEXT)
_OF_CLIENTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "bash_20250124": (
        "Runs a command in a shell that stays open; `restart` opens a new one.",
        {"type": "object", "properties": {"command": _TEXT, "restart": {"type": "boolean"}}},
    ),
    "text_editor_20250124": (
        "Views and edits files.",
        _commands("view", "create", "str_replace", "insert", "undo_edit", **_PATH, **_EDITS),
    ),
    "text_editor_20250429": ("Views and edits files.", _EDITOR),
    "text_editor_20250728": ("Views and edits files.", _EDITOR),
    "memory_20250818": (
        "Views and edits files under /memories, which are kept between conversations.",
        _commands(
            "view", "create", "str_replace", "insert", "delete", "rename",
            **_PATH, **_EDITS, insert_text=_TEXT, old_path=_TEXT, new_path=_TEXT,
        ),
    ),
}  # fmt: skip
_SEARCHES: Final = "tool_search_tool_"


def read_tools(fields: Fields) -> Iterator[Tool | Search]:
    """Yield the tools.

    Raises:
        InvalidInput: a tool runs at Anthropic, or is of a kind that no other vendor's model knows.
    """
    for tool in fields.items("tools"):
        kind = tool.text("type") or "custom"
        if kind.startswith(_SEARCHES):
            tool.losses.add(tool.path, "there is nothing to search for: all tools are told at once, dropped")
            continue
        if kind.startswith(OF_ANTHROPIC):
            yield read_of_anthropic(tool)
            continue
        yield _tool(tool, kind)
        tool.finish()


def _tool(tool: Fields, kind: str) -> Tool:
    tool.drop(_ELSEWHERE, "defer_loading", "eager_input_streaming", "input_examples", "allowed_callers")
    description, parameters = tool.text("description"), tool.mapping("input_schema")
    if kind in _OF_CLIENTS:
        tool.drop(_ELSEWHERE, "max_characters")
        tool.losses.add(tool.at("type"), _UNTOLD)
        description, parameters = _OF_CLIENTS[kind][0], dict(_OF_CLIENTS[kind][1])
    elif kind != "custom":
        raise refused(
            tool.at("type"), f"the tool {kind!r} is known at Anthropic alone: leave it out, or ask one of its models"
        )
    return Tool(
        name=tool.required_text("name"),
        description=description,
        parameters=parameters,
        strict=tool.flag("strict"),
        cache=read_cache(tool),
        at=tool.path,
    )


def read_choice(choice: Fields) -> ToolChoice:
    """Return which tools may be called.

    Raises:
        InvalidInput: it is none of the choices that there are.
    """
    kind = choice.required_text("type")
    match kind:
        case "auto" | "none":
            return ToolChoice(mode=kind)
        case "any":
            return ToolChoice(mode="required")
        case "tool":
            return ToolChoice(mode="required", names=(choice.required_text("name"),))
        case _:
            raise refused(choice.at("type"), f"{kind!r} cannot be translated")


def read_cache(block: Fields) -> Cache | None:
    """Return the mark that what stands up to here may be cached."""
    mark = block.inner("cache_control")
    if mark is None:
        return None
    cache = Cache(ttl=mark.text("ttl"))
    mark.ignore("type")
    mark.finish()
    return cache
