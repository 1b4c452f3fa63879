"""The rows of the table of parity for tools, for the form of an answer and for thinking."""

from typing import Any, Final

from masthead.providers.dialects.dialect import Dialect
from masthead.providers.dialects.parity_row import ANTHROPIC, BEDROCK, CHAT, GEMINI, RESPONSES, Feature, Fragment

_SCHEMA: Final = {"type": "object", "properties": {"a": {"type": "integer"}}}
_FUNCTION: Final = {"name": "look", "description": "Look.", "parameters": _SCHEMA}
_CHAT_TOOLS: Final = {"tools": [{"type": "function", "function": _FUNCTION}]}
_RESPONSES_TOOLS: Final = {"tools": [{"type": "function", **_FUNCTION}]}
_ANTHROPIC_TOOLS: Final = {"tools": [{"name": "look", "description": "Look.", "input_schema": _SCHEMA}]}
_GEMINI_TOOLS: Final = {
    "tools": [{"functionDeclarations": [{"name": "look", "description": "Look.", "parametersJsonSchema": _SCHEMA}]}]
}
_BEDROCK_TOOLS: Final = {
    "toolConfig": {"tools": [{"toolSpec": {"name": "look", "description": "Look.", "inputSchema": {"json": _SCHEMA}}}]}
}


def _choice(name: str, *choices: Any) -> Feature:
    """Return a row of one choice of tools, with the tool itself; `choices` are in the order of `Dialect`."""
    chat, responses, anthropic, gemini, bedrock = choices
    asked = {
        CHAT: {**_CHAT_TOOLS, "tool_choice": chat},
        RESPONSES: {**_RESPONSES_TOOLS, "tool_choice": responses},
        ANTHROPIC: {**_ANTHROPIC_TOOLS, "tool_choice": anthropic},
    }
    sent: dict[Dialect, Fragment] = {**asked, GEMINI: {"toolConfig": {"functionCallingConfig": gemini}}}
    if bedrock is not None:
        sent[BEDROCK] = {"toolConfig": {"toolChoice": bedrock}}
    return Feature(name, asked, sent)


_NAMED: Final = {"type": "function", "function": {"name": "look"}}
TOOLS: Final = (
    Feature(
        "Tools",
        {CHAT: _CHAT_TOOLS, RESPONSES: _RESPONSES_TOOLS, ANTHROPIC: _ANTHROPIC_TOOLS},
        {
            CHAT: _CHAT_TOOLS,
            RESPONSES: _RESPONSES_TOOLS,
            ANTHROPIC: _ANTHROPIC_TOOLS,
            GEMINI: _GEMINI_TOOLS,
            BEDROCK: _BEDROCK_TOOLS,
        },
    ),
    Feature(
        "Strict tools",
        {
            CHAT: {"tools": [{"type": "function", "function": {**_FUNCTION, "strict": True}}]},
            RESPONSES: {"tools": [{"type": "function", **_FUNCTION, "strict": True}]},
            ANTHROPIC: {"tools": [{"name": "look", "input_schema": _SCHEMA, "strict": True}]},
        },
        {
            CHAT: {"tools": [{"type": "function", "function": {"strict": True}}]},
            RESPONSES: {"tools": [{"strict": True}]},
            ANTHROPIC: {"tools": [{"strict": True}]},
            BEDROCK: {"toolConfig": {"tools": [{"toolSpec": {"strict": True}}]}},
        },
    ),
    _choice("Tools may be called", "auto", "auto", {"type": "auto"}, {"mode": "AUTO"}, {"auto": {}}),
    _choice("Tools must not be called", "none", "none", {"type": "none"}, {"mode": "NONE"}, None),
    _choice("A tool must be called", "required", "required", {"type": "any"}, {"mode": "ANY"}, {"any": {}}),
    _choice(
        "This tool must be called",
        _NAMED,
        {"type": "function", "name": "look"},
        {"type": "tool", "name": "look"},
        {"mode": "ANY", "allowedFunctionNames": ["look"]},
        {"tool": {"name": "look"}},
    ),
    Feature(
        "Only some tools may be called",
        {
            CHAT: {
                **_CHAT_TOOLS,
                "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [_NAMED]}},
            },
            RESPONSES: {
                **_RESPONSES_TOOLS,
                "tool_choice": {
                    "type": "allowed_tools",
                    "mode": "auto",
                    "tools": [{"type": "function", "name": "look"}],
                },
            },
        },
        {
            CHAT: {"tool_choice": {"type": "allowed_tools"}},
            RESPONSES: {"tool_choice": {"type": "allowed_tools"}},
            ANTHROPIC: {**_ANTHROPIC_TOOLS, "tool_choice": {"type": "auto"}},
            GEMINI: _GEMINI_TOOLS,
            BEDROCK: _BEDROCK_TOOLS,
        },
        note="where a dialect has no such choice, the other tools are left out",
    ),
    Feature(
        "One call at a time",
        {
            CHAT: {**_CHAT_TOOLS, "parallel_tool_calls": False},
            RESPONSES: {**_RESPONSES_TOOLS, "parallel_tool_calls": False},
            ANTHROPIC: {**_ANTHROPIC_TOOLS, "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        },
        {
            CHAT: {"parallel_tool_calls": False},
            RESPONSES: {"parallel_tool_calls": False},
            ANTHROPIC: {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        },
    ),
)
FORMS: Final = (
    Feature(
        "JSON of a schema",
        {
            CHAT: {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": _SCHEMA, "strict": True},
                }
            },
            RESPONSES: {
                "text": {"format": {"type": "json_schema", "name": "answer", "schema": _SCHEMA, "strict": True}}
            },
            ANTHROPIC: {"output_config": {"format": {"type": "json_schema", "schema": _SCHEMA}}},
        },
        {
            CHAT: {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": _SCHEMA, "strict": True},
                }
            },
            RESPONSES: {
                "text": {"format": {"type": "json_schema", "name": "answer", "schema": _SCHEMA, "strict": True}}
            },
            ANTHROPIC: {"output_config": {"format": {"type": "json_schema", "schema": _SCHEMA}}},
            GEMINI: {"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": _SCHEMA}},
            BEDROCK: {"outputConfig": {"textFormat": {"type": "json_schema"}}},
        },
        note="the schema's name and description are noted where there is no place for them",
    ),
    Feature(
        "Any JSON",
        {CHAT: {"response_format": {"type": "json_object"}}, RESPONSES: {"text": {"format": {"type": "json_object"}}}},
        {
            CHAT: {"response_format": {"type": "json_object"}},
            RESPONSES: {"text": {"format": {"type": "json_object"}}},
            GEMINI: {"generationConfig": {"responseMimeType": "application/json"}},
        },
    ),
    Feature(
        "Effort of thinking",
        {
            CHAT: {"reasoning_effort": "low"},
            RESPONSES: {"reasoning": {"effort": "low"}},
            ANTHROPIC: {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
        },
        {
            CHAT: {"reasoning_effort": "low"},
            RESPONSES: {"reasoning": {"effort": "low"}},
            ANTHROPIC: {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
            GEMINI: {"generationConfig": {"thinkingConfig": {"thinkingLevel": "low"}}},
            BEDROCK: {
                "outputConfig": {"effort": "low"},
                "additionalModelRequestFields": {"thinking": {"type": "adaptive"}},
            },
        },
        note="a budget of tokens for Claude before 4.6 and for Gemini 2",
    ),
    Feature(
        "Budget of thinking",
        {ANTHROPIC: {"thinking": {"type": "enabled", "budget_tokens": 2048}}},
        {
            CHAT: {"reasoning_effort": "low"},
            RESPONSES: {"reasoning": {"effort": "low"}},
            GEMINI: {"generationConfig": {"thinkingConfig": {"thinkingLevel": "low"}}},
            BEDROCK: {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2048}}},
        },
        note="the nearest effort or level, which is noted",
    ),
)
