"""A call is one span, whether it is handed to the door as such or spooled as a line of OTLP's JSON."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.gateway.call import Attempt, Connection, Exchange, Target
from masthead.gateway.noted import attributes_of, noted
from masthead.gateway.reply import outline_of, usage_in
from masthead.gateway.spans import Line, bodies_of, lines_of, spans_of
from masthead.ingest import otlp_json
from masthead.ingest.otlp_write import traces_json
from masthead.ingest.wire import WireSpan
from masthead.providers.dialects import Dialect
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit
UP = Connection("up", "openai", (Dialect.OPENAI_CHAT,), "https://x/v1", "sk-secret")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=200)
"""Any text that JSON can hold: control characters, quotes, line separators, astral planes."""
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def answered(said: str, answer: Any, *attempts: Attempt) -> Exchange:
    made = exchange_of({"model": "m", "messages": [{"role": "user", "content": said}], "temperature": 0.5})
    made.attempts += attempts
    made.status, made.end_ns = 200, 9
    made.answered = [answer if isinstance(answer, bytes) else msgspec.json.encode(answer)]
    return made


def written(body: bytes) -> list[dict[str, Any]]:
    """Return a body's spans as it writes them, without the attempts' ids: they are drawn when they are written."""
    (resource,) = msgspec.json.decode(body)["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    assert (resource["resource"], scope["scope"]) == (
        {"attributes": [{"key": "telemetry.sdk.name", "value": {"stringValue": "masthead-gateway"}}]},
        {"name": "masthead.gateway"},
    )
    return [scope["spans"][0], *({**span, "spanId": ""} for span in scope["spans"][1:])]


def decoded(lines: Sequence[Line]) -> list[WireSpan]:
    return [span for body in bodies_of(lines) for span in otlp_json.decode(body)]


@given(said=TEXTS, heard=TEXTS, extra=st.dictionaries(TEXTS.filter(bool), VALUES, max_size=4), error=st.none() | TEXTS)
def test_a_spooled_line_reads_as_the_span_that_the_door_gets(
    said: str, heard: str, extra: dict[str, Any], error: str | None
) -> None:
    made = answered(
        said,
        {"id": "c1", "model": "m-1", "choices": [{"message": {"role": "assistant", "content": heard}}],
         "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
        Attempt(target=Target(UP, "m"), start_ns=1, end_ns=2, status=500, failure="status", error=error),
        Attempt(target=Target(UP, "m"), start_ns=3, end_ns=4, status=200),
    )  # fmt: skip
    made.attributes |= extra
    made.error = error
    note = noted(made)
    spans, (body,) = spans_of(made, note), bodies_of(lines_of(made, note))
    assert written(body) == written(traces_json(spans))
    assert [span.attributes for span in otlp_json.decode(body)] == [dict(span.attributes) for span in spans]


def test_what_a_plugin_says_takes_the_place_of_what_calls_have_in_common() -> None:
    made = answered("hi", {"model": "m-1", "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]})
    before = attributes_of(made)
    made.attributes["gen_ai.response.model"] = "another"
    note = noted(made)
    (span,) = decoded(lines_of(made, note))
    assert span.attributes == note.attributes() == before | {"gen_ai.response.model": "another"}
    assert before["gen_ai.response.finish_reasons"] == ["stop"]


def test_calls_of_any_size_are_found_again_in_order() -> None:
    said = ["a", 'b"' * 20_000, "c\\", *(letter * 600_000 for letter in "def"), "g"]
    spans = decoded([line for made in (answered(one, {}) for one in said) for line in lines_of(made, noted(made))])
    found = [msgspec.json.decode(str(span.attributes["gen_ai.input.messages"]))[0]["content"] for span in spans]
    assert found == said


def test_half_a_surrogate_pair_costs_a_character_and_not_the_call() -> None:
    made = answered("hi", {})
    made.attributes["odd\ud800"] = ["a\udfffb"]
    (span,) = decoded(lines_of(made, noted(made)))
    assert span.attributes["odd?"] == ["a?b"]


@pytest.mark.parametrize(
    "answer",
    [
        {"id": 7, "model": None, "choices": [], "usage": {"prompt_tokens": 3}},
        {"choices": [{"message": {"content": "x"}, "finish_reason": ["odd"]}], "usage": {"prompt_tokens": 3}},
        {"choices": None, "usage": {"prompt_tokens": 3}, "status": {"code": 1}},
    ],
)
def test_an_odd_member_of_an_answer_costs_nothing_but_itself(answer: dict[str, Any]) -> None:
    made = answered("hi", answer)
    usage = usage_in(made)
    assert usage is not None
    assert usage.input_tokens == 3
    assert attributes_of(made)["gen_ai.usage.input_tokens"] == 3


@pytest.mark.parametrize("body", [b"", b"[]", b"no JSON", b'{"choices":7}', b"\xff"])
def test_what_is_no_answer_has_no_outline(body: bytes) -> None:
    made = answered("hi", body)
    assert outline_of(made) is None
    assert usage_in(made) is None
    assert "gen_ai.output.messages" not in attributes_of(made)


def test_where_two_members_mean_the_same_the_first_is_kept() -> None:
    made = exchange_of({"model": "m", "input": "second", "messages": [{"role": "user", "content": "first"}]})
    full, hashed = attributes_of(made), attributes_of(made, content="hashed")
    assert "first" in str(full["gen_ai.input.messages"])
    same = exchange_of({"model": "m", "messages": [{"role": "user", "content": "first"}]})
    assert (
        hashed["gen_ai.input.messages.sha256"] == attributes_of(same, content="hashed")["gen_ai.input.messages.sha256"]
    )
