"""The rows of the table of parity for tools that one vendor alone has: free-form ones, in namespaces, Claude's own."""

from typing import Any, Final

from masthead.providers.dialects.dialect import Dialect
from masthead.providers.dialects.freeform import SCHEMA
from masthead.providers.dialects.parity_row import ANTHROPIC, BEDROCK, CHAT, GEMINI, RESPONSES, Feature, Fragment

_GRAMMAR: Final = {"syntax": "lark", "definition": "start: /.+/"}
_PATCH: Final = '*** Begin "é"\n'
_GIVEN: Final = {"input": _PATCH}
_GIVEN_TEXT: Final = '{"input":"*** Begin \\"é\\"\\n"}'


def _tools(name: str, description: str, schema: Any) -> dict[Dialect, Fragment]:
    """Return the function that a tool is elsewhere."""
    told = {"name": name, "description": description}
    return {
        CHAT: {"tools": [{"type": "function", "function": {**told, "parameters": schema}}]},
        ANTHROPIC: {"tools": [{**told, "input_schema": schema}]},
        GEMINI: {"tools": [{"functionDeclarations": [{**told, "parametersJsonSchema": schema}]}]},
        BEDROCK: {"toolConfig": {"tools": [{"toolSpec": {**told, "inputSchema": {"json": schema}}}]}},
    }


def _both(name: str, chat: Any, responses: Any, said: dict[Dialect, Fragment], note: str = "") -> Feature:
    """Return a row that both of OpenAI's dialects ask, each in its own way."""
    return Feature(name, {CHAT: chat, RESPONSES: responses}, {**said, RESPONSES: responses}, note=note)


_CUSTOM: Final = {"name": "patch", "description": "Patches."}
_FORM: Final = {"type": "grammar", **_GRAMMAR}
_CUSTOM_TOOL: Final = {"type": "custom", **_CUSTOM}
_GRAMMAR_TOOL: Final = {**_CUSTOM_TOOL, "format": _FORM}
_CHAT_CUSTOM: Final = {"type": "custom", "custom": _CUSTOM}
_CHAT_GRAMMAR: Final = {
    "type": "custom",
    "custom": {**_CUSTOM, "format": {"type": "grammar", "grammar": _GRAMMAR}},
}
_TOLD: Final = f"Patches.\n\nThe input must match this lark grammar:\n{_GRAMMAR['definition']}"


_CHAT_CALL: Final = {"id": "c1", "type": "custom", "custom": {"name": "patch", "input": _PATCH}}
_CHAT_FUNCTION_CALL: Final = {
    "id": "c1",
    "type": "function",
    "function": {"name": "patch", "arguments": _GIVEN_TEXT},
}
_HI: Final = {"role": "user", "content": "hi"}
_CHAT_DONE: Final = {"role": "tool", "tool_call_id": "c1", "content": "Done"}


def _chat_said(call: Any) -> Fragment:
    return {"messages": [_HI, {"role": "assistant", "tool_calls": [call]}, _CHAT_DONE]}


_LATER: Final = {
    "type": "additional_tools",
    "role": "developer",
    "tools": [{"type": "function", "name": "find", "description": "Finds.", "parameters": {"type": "object"}}],
}
_SHELL: Final = {"type": "object", "properties": {"command": {"type": "string"}, "restart": {"type": "boolean"}}}
_OSLO: Final = {"type": "approximate", "city": "Oslo"}
FREEFORM: Final = (
    _both(
        "Free-form tools",
        {"tools": [_CHAT_CUSTOM]},
        {"tools": [_CUSTOM_TOOL]},
        _tools("patch", "Patches.", SCHEMA),
        note="elsewhere a function whose one argument is the text; its calls come back as calls of the tool",
    ),
    _both(
        "Grammar of a free-form tool",
        {"tools": [_CHAT_GRAMMAR]},
        {"tools": [_GRAMMAR_TOOL]},
        _tools("patch", _TOLD, SCHEMA),
        note="elsewhere put into the description, which is noted: no model is held to it",
    ),
    _both(
        "This free-form tool must be called",
        {"tools": [_CHAT_CUSTOM], "tool_choice": {"type": "custom", "custom": {"name": "patch"}}},
        {"tools": [_CUSTOM_TOOL], "tool_choice": {"type": "custom", "name": "patch"}},
        {
            CHAT: {"tool_choice": {"type": "function", "function": {"name": "patch"}}},
            ANTHROPIC: {"tool_choice": {"type": "tool", "name": "patch"}},
            GEMINI: {"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["patch"]}}},
            BEDROCK: {"toolConfig": {"toolChoice": {"tool": {"name": "patch"}}}},
        },
    ),
    _both(
        "A call of a free-form tool and its result",
        _chat_said(_CHAT_CALL),
        {
            "input": [
                {"type": "message", **_HI},
                {"type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": _PATCH},
                {"type": "custom_tool_call_output", "call_id": "c1", "output": "Done"},
            ]
        },
        {
            CHAT: _chat_said(_CHAT_FUNCTION_CALL),
            ANTHROPIC: {
                "messages": [
                    _HI,
                    {
                        "role": "assistant",
                        "content": [{"type": "tool_use", "id": "c1", "name": "patch", "input": _GIVEN}],
                    },
                    {
                        "role": "user",
                        "content": [{"type": "tool_result", "tool_use_id": "c1", "content": [{"text": "Done"}]}],
                    },
                ]
            },
            GEMINI: {
                "contents": [
                    {"parts": [{"text": "hi"}]},
                    {"parts": [{"functionCall": {"name": "patch", "args": _GIVEN}}]},
                    {"parts": [{"functionResponse": {"name": "patch", "response": {"result": "Done"}}}]},
                ]
            },
            BEDROCK: {
                "messages": [
                    {"content": [{"text": "hi"}]},
                    {"content": [{"toolUse": {"toolUseId": "c1", "name": "patch", "input": _GIVEN}}]},
                    {"content": [{"toolResult": {"toolUseId": "c1", "content": [{"text": "Done"}]}}]},
                ]
            },
        },
    ),
    Feature(
        "Tools of a namespace",
        {
            RESPONSES: {
                "tools": [
                    {
                        "type": "namespace",
                        "name": "crm",
                        "description": "Customers.",
                        "tools": [
                            {
                                "type": "function",
                                "name": "find",
                                "description": "Finds.",
                                "parameters": {"type": "object"},
                            }
                        ],
                    }
                ]
            }
        },
        _tools("crm__find", "Finds.", {"type": "object"}),
        note="elsewhere the namespace is in the name; its calls come back with the namespace beside it",
    ),
    Feature(
        "Search for tools by the vendor",
        {
            RESPONSES: {"tools": [{"type": "tool_search"}]},
            ANTHROPIC: {"tools": [{"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}]},
        },
        {},
        note="all tools are told at once",
    ),
    Feature(
        "Tools told later",
        {RESPONSES: {"input": [{"role": "user", "content": "hi"}, _LATER]}},
        _tools("find", "Finds.", {"type": "object"}),
    ),
    Feature(
        "Claude's shell, editor and memory",
        {ANTHROPIC: {"tools": [{"type": "bash_20250124", "name": "bash"}]}},
        {
            CHAT: {"tools": [{"function": {"name": "bash", "parameters": _SHELL}}]},
            RESPONSES: {"tools": [{"name": "bash", "parameters": _SHELL}]},
            GEMINI: {"tools": [{"functionDeclarations": [{"name": "bash", "parametersJsonSchema": _SHELL}]}]},
            BEDROCK: {"toolConfig": {"tools": [{"toolSpec": {"name": "bash", "inputSchema": {"json": _SHELL}}}]}},
        },
        note="they run at the client: other models are told their parameters, which is noted",
    ),
    Feature(
        "Search of the web",
        {
            CHAT: {"web_search_options": {"user_location": {"type": "approximate", "approximate": {"city": "Oslo"}}}},
            RESPONSES: {"tools": [{"type": "web_search", "user_location": _OSLO}]},
            ANTHROPIC: {"tools": [{"type": "web_search_20260318", "name": "web_search", "user_location": _OSLO}]},
        },
        {
            RESPONSES: {"tools": [{"type": "web_search", "user_location": _OSLO}]},
            ANTHROPIC: {"tools": [{"type": "web_search_20250305", "name": "web_search", "user_location": _OSLO}]},
            GEMINI: {"tools": [{"googleSearch": {}}]},
        },
        refused=frozenset({CHAT, BEDROCK}),
        note="what it finds is cited; at Gemini not beside functions; its steps and their price are not told",
    ),
    Feature(
        "Search without the live web",
        {RESPONSES: {"tools": [{"type": "web_search", "external_web_access": False}]}},
        {},
    ),
    Feature(
        "What ran at the vendor before",
        {
            RESPONSES: {"input": [{"role": "user", "content": "hi"}, {"type": "web_search_call", "id": "ws_1"}]},
            ANTHROPIC: {
                "messages": [
                    _HI,
                    {
                        "role": "assistant",
                        "content": [
                            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
                            {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
                            {"type": "text", "text": "yes"},
                        ],
                    },
                ]
            },
        },
        {},
    ),
)
