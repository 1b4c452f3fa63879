"""Tokens are read of whatever an upstream says they are: a count, or nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.providers.dialects import Dialect, usage_of

pytestmark = pytest.mark.unit

NAMES = (
    "prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details", "cached_tokens",
    "reasoning_tokens", "input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details",
    "cache_read_input_tokens", "cache_creation_input_tokens", "promptTokenCount", "candidatesTokenCount",
    "thoughtsTokenCount", "toolUsePromptTokenCount", "cachedContentTokenCount", "inputTokens", "outputTokens",
    "cacheReadInputTokens", "cacheWriteInputTokens", "total_tokens",
)  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(NAMES), ANYTHING), st.sampled_from(Dialect))
def test_any_usage_is_counts_or_nothing(usage: dict[str, Any], dialect: Dialect):
    found = usage_of(dialect, {"usageMetadata" if dialect is Dialect.GEMINI else "usage": usage})
    if found is not None:
        counts = (found.input_tokens, found.output_tokens, found.cache_read_tokens, found.cache_write_tokens)
        assert all(count is None or (type(count) is int and count >= 0) for count in (*counts, found.reasoning_tokens))


@pytest.mark.parametrize("count", ["12", 1.5, -1, True, [1], 10**30, None])
def test_what_is_no_count_is_unknown(count: object):
    found = usage_of(Dialect.OPENAI_CHAT, {"usage": {"prompt_tokens": count, "completion_tokens": 3}})
    assert found is not None
    assert (found.input_tokens, found.output_tokens) == (None, 3)


@pytest.mark.parametrize(
    ("told", "made"),
    [
        ({"total_tokens": 399, "completion_tokens_details": {"reasoning_tokens": 386}}, 387),  # xAI
        ({"total_tokens": 399}, 387),  # Gemini in OpenAI's dialect
        ({"total_tokens": 13, "completion_tokens_details": {"reasoning_tokens": 1}}, 1),  # OpenAI
        ({"total_tokens": 399, "completion_tokens_details": {"reasoning_tokens": 3}}, 1),  # it is something else
        ({"total_tokens": 399, "prompt_tokens_details": {"cached_tokens": 386}}, 1),  # counted beside the prompt
        ({"total_tokens": 5}, 1),
        ({}, 1),
    ],
)
def test_thoughts_that_a_vendor_counts_in_the_total_alone_are_paid_as_output(told: dict[str, Any], made: int):
    usage = {"prompt_tokens": 12, "completion_tokens": 1, **told}
    found = usage_of(Dialect.OPENAI_CHAT, {"usage": usage})
    assert found is not None
    assert (found.input_tokens, found.output_tokens) == (12, made)
