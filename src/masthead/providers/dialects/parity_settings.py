"""The rows of the table of parity for settings."""

from typing import Any, Final

from masthead.providers.dialects.dialect import Dialect
from masthead.providers.dialects.parity_row import (
    ANTHROPIC,
    BEDROCK,
    CALLERS,
    CHAT,
    GEMINI,
    RESPONSES,
    Feature,
    Fragment,
)

_FUNCTION: Final = {"name": "look", "description": "Look.", "parameters": {"type": "object"}}


def _number(name: str, value: float, *fields: str | None) -> Feature:
    """Return a row of one plain setting; a dialect without it notes it as dropped.

    `fields` are its names in the order of `Dialect`.
    """
    chat, responses, anthropic, gemini, bedrock = fields
    asked: dict[Dialect, Fragment] = {}
    for dialect, field in ((CHAT, chat), (RESPONSES, responses), (ANTHROPIC, anthropic)):
        if field is not None:
            asked[dialect] = {field: value}
    sent = dict(asked)
    if gemini is not None:
        sent[GEMINI] = {"generationConfig": {gemini: value}}
    if bedrock is not None:
        sent[BEDROCK] = {"inferenceConfig": {bedrock: value}}
    return Feature(name, asked, sent)


def _openai(name: str, **field: Any) -> Feature:
    """Return a row of a field that OpenAI's dialects share and nobody else has."""
    return Feature(name, {CHAT: field, RESPONSES: field})


SETTINGS: Final = (
    _number(
        "Limit of output tokens",
        64,
        "max_completion_tokens",
        "max_output_tokens",
        "max_tokens",
        "maxOutputTokens",
        "maxTokens",
    ),
    _number("Temperature", 0.5, "temperature", "temperature", "temperature", "temperature", "temperature"),
    _number("Top p", 0.5, "top_p", "top_p", "top_p", "topP", "topP"),
    Feature(
        "Top k",
        {ANTHROPIC: {"top_k": 5}},
        {GEMINI: {"generationConfig": {"topK": 5}}, BEDROCK: {"additionalModelRequestFields": {"top_k": 5}}},
    ),
    Feature(
        "Where to stop",
        {CHAT: {"stop": ["END"]}, ANTHROPIC: {"stop_sequences": ["END"]}},
        {
            CHAT: {"stop": ["END"]},
            ANTHROPIC: {"stop_sequences": ["END"]},
            GEMINI: {"generationConfig": {"stopSequences": ["END"]}},
            BEDROCK: {"inferenceConfig": {"stopSequences": ["END"]}},
        },
        refused=frozenset({RESPONSES}),
    ),
    _number("Seed", 7, "seed", None, None, "seed", None),
    _number("Frequency penalty", 0.5, "frequency_penalty", None, None, "frequencyPenalty", None),
    _number("Presence penalty", 0.5, "presence_penalty", None, None, "presencePenalty", None),
    Feature(
        "Streaming",
        {CHAT: {"stream": True}, RESPONSES: {"stream": True}, ANTHROPIC: {"stream": True}},
        {
            CHAT: {"stream": True, "stream_options": {"include_usage": True}},
            RESPONSES: {"stream": True},
            ANTHROPIC: {"stream": True},
            GEMINI: {},
            BEDROCK: {},
        },
        note="Gemini and Bedrock are told by the address",
    ),
    Feature(
        "End user",
        {CHAT: {"user": "u1"}, RESPONSES: {"user": "u1"}, ANTHROPIC: {"metadata": {"user_id": "u1"}}},
    ),
    Feature(
        "Metadata",
        {CHAT: {"metadata": {"k": "v"}}, RESPONSES: {"metadata": {"k": "v"}}},
        {CHAT: {"metadata": {"k": "v"}}, RESPONSES: {"metadata": {"k": "v"}}, BEDROCK: {"requestMetadata": {"k": "v"}}},
    ),
    Feature(
        "Service tier",
        {
            CHAT: {"service_tier": "default"},
            RESPONSES: {"service_tier": "default"},
            ANTHROPIC: {"service_tier": "standard_only"},
        },
        {
            CHAT: {"service_tier": "default"},
            RESPONSES: {"service_tier": "default"},
            ANTHROPIC: {"service_tier": "standard_only"},
            BEDROCK: {"serviceTier": {"type": "default"}},
        },
    ),
    Feature("Verbosity", {CHAT: {"verbosity": "low"}, RESPONSES: {"text": {"verbosity": "low"}}}),
    _openai("Stored by the vendor", store=True),
    _openai("Key of the prompt cache", prompt_cache_key="k"),
    _openai("Options of the prompt cache", prompt_cache_options={"ttl": "30m"}),
    _openai("Retention of the prompt cache", prompt_cache_retention="24h"),
    Feature(
        "Safety identifier",
        {CHAT: {"safety_identifier": "s"}, RESPONSES: {"safety_identifier": "s"}},
        {
            CHAT: {"safety_identifier": "s"},
            RESPONSES: {"safety_identifier": "s"},
            ANTHROPIC: {"metadata": {"user_id": "s"}},
        },
        note="Anthropic's name of the end user, where the caller gives no other",
    ),
    _openai("Moderation by the vendor", moderation={"model": "omni-moderation-latest"}),
    Feature("Bias of tokens", {CHAT: {"logit_bias": {"50256": -100}}}, {}),
    Feature(
        "Probabilities of tokens", {CHAT: {"logprobs": True, "top_logprobs": 2}, RESPONSES: {"top_logprobs": 2}}, {}
    ),
    Feature("Predicted output", {CHAT: {"prediction": {"type": "content", "content": "x"}}}, {}),
    Feature("Truncation by the vendor", {RESPONSES: {"truncation": "auto"}}, {}),
    Feature("Limit of calls by the vendor", {RESPONSES: {"max_tool_calls": 3}}, {}),
    Feature("Extras of the answer", {RESPONSES: {"include": ["message.output_text.logprobs"]}}, {}),
    Feature("Speed", {ANTHROPIC: {"speed": "fast"}}, {}),
    Feature("Place of inference", {ANTHROPIC: {"inference_geo": "eu"}}, {}),
    Feature("Cache mark for the whole request", {ANTHROPIC: {"cache_control": {"type": "ephemeral"}}}, {}),
    Feature("A field that nobody knows", {dialect: {"house_field": 1} for dialect in CALLERS}, {}),
    Feature("Several answers", {CHAT: {"n": 2}}, {}, refused=frozenset(Dialect)),
    Feature(
        "Spoken answers",
        {CHAT: {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}},
        {},
        refused=frozenset(Dialect),
    ),
    Feature("Functions, before tools", {CHAT: {"functions": [_FUNCTION]}}, {}, refused=frozenset(Dialect)),
    Feature(
        "Other tools that run at the vendor",
        {
            CHAT: {"tools": [{"type": "web_search"}]},
            RESPONSES: {"tools": [{"type": "file_search", "vector_store_ids": ["vs"]}]},
            ANTHROPIC: {"tools": [{"type": "code_execution_20260521", "name": "code_execution"}]},
        },
        {},
        refused=frozenset(Dialect),
    ),
    Feature(
        "Conversation held by the vendor",
        {RESPONSES: {"previous_response_id": "resp_1"}},
        {},
        refused=frozenset(Dialect),
    ),
    Feature("Answer in the background", {RESPONSES: {"background": True}}, {}, refused=frozenset(Dialect)),
    Feature("Container of files", {ANTHROPIC: {"container": "c1"}}, {}, refused=frozenset(Dialect)),
)
