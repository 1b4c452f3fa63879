"""The rows of the table of parity for what is said: messages, media, calls, results, thoughts and cache marks."""

from typing import Any, Final

from masthead.providers.dialects.dialect import Dialect
from masthead.providers.dialects.parity_row import ANTHROPIC, BEDROCK, CHAT, GEMINI, RESPONSES, Feature, Fragment

_PNG: Final = "iVBORw0KGgo="
_PDF: Final = "JVBERi0xLjc="
_PNG_URL: Final = f"data:image/png;base64,{_PNG}"
_PDF_URL: Final = f"data:application/pdf;base64,{_PDF}"
_WEB: Final = "https://example.org/cat.png"


def _said(*messages: Any) -> Fragment:
    return {"messages": list(messages)}


def _user(*content: Any) -> Fragment:
    return {"role": "user", "content": list(content)}


def _gemini(*parts: Any, role: str = "user") -> Fragment:
    return {"role": role, "parts": list(parts)}


_HI: Final = {"type": "text", "text": "hi"}
_CHAT_CALL: Final = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
_USE: Final = {"type": "tool_use", "id": "c1", "name": "look", "input": {"a": 1}}
_ASKED_AND_CALLED: Final[dict[Dialect, list[Any]]] = {
    CHAT: [{"role": "user", "content": "hi"}, {"role": "assistant", "tool_calls": [_CHAT_CALL]}],
    RESPONSES: [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"a":1}'},
    ],
    ANTHROPIC: [_user(_HI), {"role": "assistant", "content": [_USE]}],
    GEMINI: [_gemini({"text": "hi"}), _gemini({"functionCall": {"name": "look", "args": {"a": 1}}}, role="model")],
    BEDROCK: [
        _user({"text": "hi"}),
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "c1", "name": "look", "input": {"a": 1}}}]},
    ],
}


def _result(chat: Any, responses: Any, anthropic: Any, gemini: Any, bedrock: Any) -> dict[Dialect, Fragment]:
    """Return what is said up to a tool's result."""
    said = _ASKED_AND_CALLED
    return {
        CHAT: _said(*said[CHAT], *chat),
        RESPONSES: {"input": [*said[RESPONSES], *responses]},
        ANTHROPIC: _said(*said[ANTHROPIC], _user(*anthropic)),
        GEMINI: {"contents": [*said[GEMINI], _gemini(*gemini)]},
        BEDROCK: _said(*said[BEDROCK], _user(*bedrock)),
    }


def _callers(sent: dict[Dialect, Fragment]) -> dict[Dialect, Fragment]:
    return {dialect: sent[dialect] for dialect in (CHAT, RESPONSES, ANTHROPIC) if dialect in sent}


_PLAIN_RESULT: Final = _result(
    [{"role": "tool", "tool_call_id": "c1", "content": "42"}],
    [{"type": "function_call_output", "call_id": "c1", "output": "42"}],
    [{"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "42"}]}],
    [{"functionResponse": {"name": "look", "response": {"result": "42"}}}],
    [{"toolResult": {"toolUseId": "c1", "content": [{"text": "42"}]}}],
)
_FAILED: Final = _result(
    [{"role": "tool", "tool_call_id": "c1", "content": "Error: no"}],
    [{"type": "function_call_output", "call_id": "c1", "output": "Error: no"}],
    [{"type": "tool_result", "tool_use_id": "c1", "is_error": True, "content": [{"type": "text", "text": "no"}]}],
    [{"functionResponse": {"name": "look", "response": {"error": "no"}}}],
    [{"toolResult": {"toolUseId": "c1", "content": [{"text": "no"}], "status": "error"}}],
)
_IMAGE_BLOCK: Final = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": _PNG}}
_SEEN: Final = _result(
    [
        {"role": "tool", "tool_call_id": "c1", "content": ""},
        _user({"type": "image_url", "image_url": {"url": _PNG_URL}}),
    ],
    [{"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_image", "image_url": _PNG_URL}]}],
    [{"type": "tool_result", "tool_use_id": "c1", "content": [_IMAGE_BLOCK]}],
    [{"functionResponse": {"name": "look"}}, {"inlineData": {"mimeType": "image/png", "data": _PNG}}],
    [{"toolResult": {"toolUseId": "c1", "content": [{"image": {"format": "png", "source": {"bytes": _PNG}}}]}}],
)
_SYSTEM: Final[dict[Dialect, Fragment]] = {
    CHAT: _said({"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}),
    RESPONSES: {"instructions": "Be brief."},
    ANTHROPIC: {"system": "Be brief."},
    GEMINI: {"systemInstruction": {"parts": [{"text": "Be brief."}]}},
    BEDROCK: {"system": [{"text": "Be brief."}]},
}
_IMAGE: Final[dict[Dialect, Fragment]] = {
    CHAT: _said(_user(_HI, {"type": "image_url", "image_url": {"url": _PNG_URL}})),
    RESPONSES: {
        "input": [
            {
                "role": "user",
                "content": [{"type": "input_text", "text": "hi"}, {"type": "input_image", "image_url": _PNG_URL}],
            }
        ]
    },
    ANTHROPIC: _said(_user(_HI, _IMAGE_BLOCK)),
    GEMINI: {"contents": [_gemini({"text": "hi"}, {"inlineData": {"mimeType": "image/png", "data": _PNG}})]},
    BEDROCK: _said(_user({"text": "hi"}, {"image": {"format": "png", "source": {"bytes": _PNG}}})),
}
_IMAGE_URL: Final[dict[Dialect, Fragment]] = {
    CHAT: _said(_user({"type": "image_url", "image_url": {"url": _WEB}})),
    RESPONSES: {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": _WEB}]}]},
    ANTHROPIC: _said(_user({"type": "image", "source": {"type": "url", "url": _WEB}})),
    GEMINI: {"contents": [_gemini({"fileData": {"fileUri": _WEB, "mimeType": "image/png"}})]},
}
_DOCUMENT: Final[dict[Dialect, Fragment]] = {
    CHAT: _said(_user({"type": "file", "file": {"filename": "a.pdf", "file_data": _PDF_URL}})),
    RESPONSES: {
        "input": [{"role": "user", "content": [{"type": "input_file", "filename": "a.pdf", "file_data": _PDF_URL}]}]
    },
    ANTHROPIC: _said(
        _user(
            {
                "type": "document",
                "title": "a.pdf",
                "source": {"type": "base64", "media_type": "application/pdf", "data": _PDF},
            }
        )
    ),
    GEMINI: {"contents": [_gemini({"inlineData": {"mimeType": "application/pdf", "data": _PDF}})]},
    BEDROCK: _said(_user({"document": {"format": "pdf", "name": "a", "source": {"bytes": _PDF}}})),
}
_SOUND: Final = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
_AUDIO: Final[dict[Dialect, Fragment]] = {
    CHAT: _said(_user(_SOUND)),
    GEMINI: {"contents": [_gemini({"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}})]},
    BEDROCK: _said(_user({"audio": {"format": "wav", "source": {"bytes": "UklGRg=="}}})),
}
_CLAUDE_THOUGHT: Final = {
    "type": "reasoning.text",
    "text": "hm",
    "signature": "sig",
    "format": "anthropic-claude-v1",
    "index": 0,
}
_THOUGHT: Final[dict[Dialect, Fragment]] = {
    CHAT: _said(
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "yes", "reasoning_details": [_CLAUDE_THOUGHT]},
    ),
    RESPONSES: {
        "input": [
            {"role": "user", "content": "hi"},
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [{"type": "summary_text", "text": "hm"}],
                "encrypted_content": "masthead:anthropic:signed::sig",
            },
            {"role": "assistant", "content": "yes"},
        ]
    },
    ANTHROPIC: _said(
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "hm", "signature": "sig"}, {"type": "text", "text": "yes"}],
        },
    ),
    BEDROCK: _said(
        _user({"text": "hi"}),
        {
            "role": "assistant",
            "content": [{"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}}, {"text": "yes"}],
        },
    ),
}
_MARK: Final = {"cache_control": {"type": "ephemeral"}}
_MARKED: Final[dict[Dialect, Fragment]] = {
    CHAT: _said(_user({**_HI, "prompt_cache_breakpoint": {"mode": "explicit"}})),
    RESPONSES: {
        "input": [
            {
                "role": "user",
                "content": [{"type": "input_text", "text": "hi", "prompt_cache_breakpoint": {"mode": "explicit"}}],
            }
        ]
    },
    ANTHROPIC: _said(_user({**_HI, **_MARK})),
    BEDROCK: _said(_user({"text": "hi"}, {"cachePoint": {"type": "default"}})),
}
CONTENT: Final = (
    Feature("System prompt", _callers(_SYSTEM), _SYSTEM),
    Feature("Image, its data", _callers(_IMAGE), _IMAGE),
    Feature("Image, its address", _callers(_IMAGE_URL), _IMAGE_URL, refused=frozenset({BEDROCK})),
    Feature("Document", _callers(_DOCUMENT), _DOCUMENT, note="Gemini has no place for its name"),
    Feature("Sound", _callers(_AUDIO), _AUDIO, refused=frozenset({ANTHROPIC, RESPONSES})),
    Feature(
        "File held by the vendor",
        {
            CHAT: _said(_user({"type": "file", "file": {"file_id": "f1"}})),
            ANTHROPIC: _said(_user({"type": "image", "source": {"type": "file", "file_id": "f1"}})),
        },
        {},
        refused=frozenset(Dialect),
    ),
    Feature("A call and its result", _callers(_PLAIN_RESULT), _PLAIN_RESULT),
    Feature(
        "A failed tool",
        {ANTHROPIC: _FAILED[ANTHROPIC]},
        _FAILED,
        note="where there is no mark for it, it is written before the text",
    ),
    Feature(
        "A result that is an image",
        {ANTHROPIC: _SEEN[ANTHROPIC], RESPONSES: _SEEN[RESPONSES]},
        _SEEN,
        note="chat completions and Gemini get it behind the result",
    ),
    Feature(
        "Claude's signed thought, sent back",
        _callers(_THOUGHT),
        {ANTHROPIC: _THOUGHT[ANTHROPIC], BEDROCK: _THOUGHT[BEDROCK], CHAT: _THOUGHT[CHAT]},
        note="only its own vendor takes a thought back",
    ),
    Feature(
        "A conversation that Claude compacted",
        {
            ANTHROPIC: _said(
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": [{"type": "compaction", "content": "They said hi."}]},
            )
        },
        {
            CHAT: _said({"content": "hi"}, {"role": "assistant", "content": "They said hi."}),
            RESPONSES: {"input": [{"content": "hi"}, {"role": "assistant", "content": "They said hi."}]},
            GEMINI: {"contents": [_gemini({"text": "hi"}), _gemini({"text": "They said hi."}, role="model")]},
            BEDROCK: _said(_user({"text": "hi"}), {"role": "assistant", "content": [{"text": "They said hi."}]}),
        },
        note="as the text that it holds, which is noted",
    ),
    Feature(
        "A conversation that OpenAI compacted",
        {RESPONSES: {"input": [{"type": "compaction", "encrypted_content": "enc"}]}},
        {},
        refused=frozenset(Dialect),
    ),
    Feature("Name of a participant", {CHAT: _said({"role": "user", "content": "hi", "name": "ann"})}, {}),
    Feature(
        "Cache mark",
        _callers(_MARKED),
        {ANTHROPIC: _MARKED[ANTHROPIC], BEDROCK: _MARKED[BEDROCK]},
        note="OpenAI and Gemini cache by themselves",
    ),
    Feature(
        "Detail of an image",
        {
            CHAT: _said(_user({"type": "image_url", "image_url": {"url": _PNG_URL, "detail": "low"}})),
            RESPONSES: {
                "input": [
                    {"role": "user", "content": [{"type": "input_image", "image_url": _PNG_URL, "detail": "low"}]}
                ]
            },
        },
    ),
)
