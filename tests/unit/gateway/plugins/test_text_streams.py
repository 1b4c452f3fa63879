"""However a stream is cut, and whatever the plugins, the client gets the same text; garbage breaks nothing."""

import contextlib
import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from masthead.gateway.assemble import events_in
from masthead.gateway.plugins.texts.answer import slots_in
from masthead.gateway.upstream.port import UpstreamFailed
from masthead.providers.dialects import Dialect
from masthead.testing.content import ContentSite
from masthead.testing.streamed import DIALECTS, PATHS, got, streamed, whole

pytestmark = pytest.mark.unit

PLUGINS: Sequence[dict[str, Any]] = (
    {"kind": "pii", "patterns": {"odd": 'q"u\\\\o[0-9]'}},
    {"kind": "banned", "on": "correct", "words": ["dragon", "sea monster"], "patterns": {"hex": "0x[0-9a-f]+"}},
)
ASKED = 'Write to anna@example.com and bob@example.org about q"u\\o7.'
SAID = "Dear <EMAIL_1>, the dragon, a sea  monster, dragonfly 0xdeadbeef; see <ODD_1> or <EMAIL_2>, <EMAIL_3> <b> <"
WANTED = 'Dear anna@example.com, the ***, a ***, dragonfly ***; see q"u\\o7 or bob@example.org, <EMAIL_3> <b> <'
CALLED = '{"to":["\\u003cEMAIL_1\\u003e","<EMAIL_2>"],"note":"the dragon\\n<ODD_1>\\\\","x":"\\\\u003cEMAIL_1>"}'
CALLED_WANTED = {
    "to": ["anna@example.com", "bob@example.org"],
    "note": 'the ***\nq"u\\o7\\',
    "x": "\\u003cEMAIL_1>",
}
SITE = ContentSite(PLUGINS)
SLOWLY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def cut(text: Any, places: Sequence[int]) -> list[Any]:
    """Return the text or bytes cut at these places, whichever of them there are."""
    ends = [0, *sorted({place % (len(text) + 1) for place in places}), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(ends) if end > start]


PLACES = st.lists(st.integers(0, 10_000), max_size=40)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(texts=PLACES, calls=PLACES, chunks=PLACES)
@SLOWLY
async def test_any_pieces_and_any_chunks_give_the_client_the_same(
    dialect: Dialect, texts: list[int], calls: list[int], chunks: list[int]
):
    exchange = await SITE.asked(dialect, ASKED, stream=True)
    stream = streamed(dialect, cut(SAID, texts), cut(CALLED, calls))
    client = got(dialect, SITE.passed(exchange, cut(stream, chunks)))
    assert (client.text, client.whole_text) == (WANTED, WANTED)
    assert json.loads(client.arguments) == CALLED_WANTED
    told = client.whole_arguments
    assert (json.loads(told) if isinstance(told, str) else told) == CALLED_WANTED
    assert not client.is_error and client.finish in {"tool_calls", "tool_use", "completed"}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_whole_answer_is_given_like_a_streamed_one(dialect: Dialect):
    exchange = await SITE.asked(dialect, ASKED)
    body = await SITE.answered(exchange, whole(dialect, SAID, CALLED))
    told = [slot.value for slot in slots_in(dialect, body)]
    assert told[0] == WANTED
    assert (json.loads(told[1]) if isinstance(told[1], str) else told[1]) == CALLED_WANTED


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_stream_in_which_nothing_is_to_be_done_keeps_its_bytes(dialect: Dialect):
    site = ContentSite([{"kind": "pii"}])
    plain = await site.asked(dialect, "nothing to hide", stream=True)
    assert site.chain.filter(plain) is None
    exchange = await site.asked(dialect, ASKED, stream=True)
    stream = streamed(dialect, ["Hello", ", a < b", " and more."], ['{"a": 1}'])
    assert site.passed(exchange, [stream]) == stream


async def test_events_of_a_response_are_numbered_without_a_gap():
    exchange = await SITE.asked(Dialect.OPENAI_RESPONSES, ASKED, stream=True)
    sent = SITE.passed(exchange, [streamed(Dialect.OPENAI_RESPONSES, [SAID], [CALLED])])
    numbers = [event["sequence_number"] for event in events_in(sent)]
    assert numbers == list(range(len(numbers)))


FRAGMENTS = st.sampled_from([
    b"data: ", b"event: x\n", b"\n\n", b"\r\n\r\n", b"\r", b"{", b"}", b'"', b"[DONE]", b"null", b"\xff\xfe", b"\x00",
    b": c\n",
    b'data: {"choices":[{"delta":{"content":"<EMAIL_1> dragon"}}]}\n\n', b'data: {"choices":[null,3,{"delta":7}]}\n\n',
    b'data: {"choices":{"a":1},"type":{"b":2}}\n\n', b'data: {"type":"content_block_delta","index":"x","delta":[]}\n\n',
    b'data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","name":3}}\n\n',
    b'data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\\"a"}}\n\n',
    b'data: {"type":"response.output_text.delta","delta":"sea <","output_index":0}\n\n',
    b'data: {"type":"response.completed","response":{"output":[{"type":"message","content":[{"text":5}]}]}}\n\n',
    b'data: {"type":"response.output_item.done","item":[]}\n\n', b'data: {"type":"message_stop"}\n\n',
    b'data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{"}}]},"finish_reason":"stop"}]}\n\n',
    b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n',
])  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
@given(pieces=st.lists(FRAGMENTS | st.binary(max_size=12), max_size=25))
@SLOWLY
async def test_garbage_never_breaks_a_call(dialect: Dialect, pieces: list[bytes]):
    site = ContentSite([*PLUGINS, {"kind": "json"}, {"kind": "max_output", "characters": 30}])
    form = {"response_format": {"type": "json_object"}} if dialect is Dialect.OPENAI_CHAT else {}
    exchange = await site.asked(dialect, ASKED, stream=True, **form)
    with contextlib.suppress(UpstreamFailed):  # the gateway's own word for a stream that has no end
        site.passed(exchange, pieces)


@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "messages",
                        "content",
                        "role",
                        "type",
                        "text",
                        "input",
                        "tools",
                        "source",
                        "data",
                        "name",
                        "choices",
                        "message",
                        "output",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    dialect=st.sampled_from(DIALECTS),
)
@SLOWLY
async def test_odd_bodies_never_break_a_call(body: Any, dialect: Dialect):
    members = {
        "messages": body,
        "input": body,
        "system": body,
        "tools": body,
        "metadata": body,
        "response_format": body,
    }
    exchange = await SITE.asked(dialect, ASKED, **members)
    await SITE.answered(exchange, {"choices": body, "content": body, "output": body, "usage": body})
    assert exchange.call.endpoint.path in PATHS[dialect]
