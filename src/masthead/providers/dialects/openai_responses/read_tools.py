"""The tools of a body of `POST /v1/responses`, and which of them may be called → the form between dialects."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from masthead.providers.dialects.dialect import refused
from masthead.providers.dialects.fields import Fields
from masthead.providers.dialects.form import Freeform, Search, Tool, ToolChoice
from masthead.providers.dialects.search import OPENAI, read_of_responses

_ONLY_THERE: Final = "only OpenAI has it, dropped"
_OF_A_TOOL: Final = ("async", "allowed_callers", "defer_loading", "output_schema")


def read_tools(fields: Fields) -> Iterator[Tool | Search]:
    """Yield the tools, those of a namespace each by itself.

    Raises:
        InvalidInput: a tool runs at OpenAI, or is of a kind that no other vendor's model knows.
    """
    for tool in fields.items("tools"):
        kind = tool.required_text("type")
        if kind == "tool_search" and tool.text("execution") != "client":
            tool.losses.add(tool.path, "there is nothing to search for: all tools are told at once, dropped")
        elif kind == "namespace":
            namespace = tool.required_text("name")
            tool.drop("the tools of a namespace are told one by one, dropped", "description")
            for inside in tool.items("tools"):
                yield _tool(inside, inside.required_text("type"), namespace)
            tool.finish()
        elif kind in OPENAI:
            search = read_of_responses(tool)
            if search is not None:
                yield search
        else:
            yield _tool(tool, kind)


def told_apart(
    given: Iterable[Tool | Search], found: Sequence[Tool | Search]
) -> tuple[tuple[Tool, ...], Search | None]:
    """Return the tools, and the search of the web; what was `found` amid a conversation may have been told before."""
    every = [*given, *found]
    tools = [one for one in every if isinstance(one, Tool)]
    search = next((one for one in every if isinstance(one, Search)), None)
    return tuple({(tool.namespace, tool.name): tool for tool in tools}.values()) if found else tuple(tools), search


def _tool(tool: Fields, kind: str, namespace: str | None = None) -> Tool:
    if kind not in {"function", "custom"}:
        raise refused(
            tool.at("type"),
            f"a tool of type {kind!r} cannot be translated: only functions, custom tools and a search can",
        )
    tool.drop(_ONLY_THERE, *_OF_A_TOOL)
    read_tool = Tool(
        name=tool.required_text("name"),
        description=tool.text("description"),
        parameters=tool.mapping("parameters") if kind == "function" else None,
        strict=tool.flag("strict") if kind == "function" else None,
        freeform=read_form(tool.inner("format")) if kind == "custom" else None,
        namespace=namespace,
        at=tool.path,
    )
    tool.finish()
    return read_tool


def read_form(asked: Fields | None) -> Freeform:
    """Return what a free-form tool takes; `grammar` is beside its syntax, or around both in chat completions."""
    if asked is None or (kind := asked.required_text("type")) == "text":
        return Freeform()
    if kind != "grammar":
        raise refused(asked.at("type"), f"{kind!r} cannot be translated: only text and grammar can")
    grammar = asked.inner("grammar") or asked
    form = Freeform(syntax=grammar.required_text("syntax"), grammar=grammar.required_text("definition"))
    grammar.finish()
    asked.finish()
    return form


def read_choice(fields: Fields) -> ToolChoice | None:
    """Return which tools may be called.

    Raises:
        InvalidInput: a tool must be called that cannot be translated.
    """
    value = fields.take("tool_choice")
    match value:
        case None:
            return None
        case "auto" | "none" | "required":
            return ToolChoice(mode=value)
        case {"type": "function" | "custom", "name": str(name)}:
            return ToolChoice(mode="required", names=(name,))
        case {"type": "allowed_tools", "mode": "auto" | "required" as mode, "tools": [*tools]}:
            return ToolChoice(mode=mode, names=tuple(str(tool["name"]) for tool in tools))
        case _:
            raise refused("tool_choice", f"{value!r} cannot be translated")
