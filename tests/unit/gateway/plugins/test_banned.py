"""Banned words and patterns are found in calls and in answers, however the answer is cut into pieces."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masthead.gateway.plugins.banned import Matcher
from masthead.gateway.seams import Refused
from masthead.providers.dialects import Dialect
from masthead.testing.content import ContentSite
from masthead.testing.streamed import DIALECTS, got, streamed, whole

pytestmark = pytest.mark.unit

BANNED: Mapping[str, Any] = {
    "kind": "banned",
    "words": ["dragon", "sea monster", "größe", "c++"],
    "patterns": {"hex": "0x[0-9a-f]+"},
}


def found(text: str) -> list[str]:
    """Return what is found in a text."""
    matcher, at, all_found = Matcher(BANNED["words"], BANNED["patterns"], 128), 0, list[str]()
    while (hit := matcher.first(text, at)) is not None:
        all_found.append(text[hit.start : hit.end])
        at = hit.end
    return all_found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("A Dragon, dragon-like DRAGON", ["Dragon", "dragon", "DRAGON"]),
        ("dragon dragon", ["dragon", "dragon"]),
        ("dragons snapdragon ädragon dragon7 dragon_x", []),
        ("sea\n monster, seamonster", ["sea\n monster"]),
        ("die Größe; GRÖßE; Größen", ["Größe", "GRÖßE"]),
        ("c++ and c+++", ["c++", "c++"]),
        ("xx0xffg", ["0xff"]),
    ],
)
def test_words_are_found_whole_in_any_case_and_patterns_anywhere(text: str, wanted: list[str]):
    assert found(text) == wanted


async def test_a_call_that_holds_one_is_refused_and_the_refusal_does_not_repeat_it():
    site = ContentSite([BANNED])
    result = {"role": "tool", "tool_call_id": "1", "content": "dragon 0xff"}
    calls: list[dict[str, Any]] = [{"said": "a dragon"}, {"messages": [result]}]
    for more in calls:
        with pytest.raises(Refused) as refused:
            await site.asked(**more)
        assert refused.value.status == 400 and "dragon" not in str(refused.value)
        assert str(refused.value).startswith("this call holds content that this gateway does not pass on (")


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": "data:text/plain;base64,a dragon"},
        {"role": "user", "content": [{"type": "text", "text": "data:;base64,a dragon"}]},
        {"role": "user", "content": "a dragon", "type": "thinking"},
        {"role": "user", "type": "redacted_thinking", "content": [{"type": "text", "text": "a dragon"}]},
    ],
)
async def test_a_text_that_is_dressed_up_as_a_picture_or_a_thought_is_a_text(message: dict[str, Any]):
    with pytest.raises(Refused):
        await ContentSite([BANNED]).asked(messages=[message])


async def test_a_picture_is_left_alone():
    url = "data:image/png;base64,0xff"
    parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "video_url", "video_url": url}]
    exchange = await ContentSite([BANNED]).asked(messages=[{"role": "user", "content": parts}])
    assert exchange.sent is None and not exchange.verdicts


async def test_a_call_may_be_masked_or_noted_instead():
    masked = await ContentSite([{**BANNED, "on": "correct", "mask": "[-]"}]).asked(said="a dragon and 0xff")
    assert masked.outgoing.member("messages") == [{"role": "user", "content": "a [-] and [-]"}]
    noted = await ContentSite([{**BANNED, "on": "record"}]).asked(said="a dragon and 0xff")
    assert noted.sent is None
    assert noted.attributes == {
        "masthead.gateway.plugin.banned": "recorded",
        "masthead.gateway.plugin.banned.found": ["request: hex", "request: words"],
    }


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_stream_ends_with_an_error_where_one_is_said_and_nothing_of_it_was_sent(dialect: Dialect):
    site = ContentSite([BANNED])
    exchange = await site.asked(dialect, stream=True)
    said = "It was a " + "very " * 40 + "old dra"
    client = site.passed(exchange, [streamed(dialect, [said, "gon, they", " say"])])
    seen = got(dialect, client)
    assert seen.is_error and b"content_refused" in client and b"gon" not in client
    assert said.startswith(seen.text) and len(seen.text) > 90
    assert exchange.attributes["masthead.gateway.plugin.banned"] == "blocked"


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_whole_answer_that_holds_one_is_refused(dialect: Dialect):
    site = ContentSite([BANNED])
    for text, arguments in (("a dragon", None), (None, '{"what": "a dragon"}')):
        exchange = await site.asked(dialect)
        with pytest.raises(Refused) as refused:
            await site.answered(exchange, whole(dialect, text, arguments))
        assert refused.value.status == 502


async def test_a_stream_may_be_noted_and_then_flows_at_once():
    site = ContentSite([{**BANNED, "on": "record"}])
    exchange = await site.asked(stream=True)
    stream = streamed(Dialect.OPENAI_CHAT, ["a dra", "gon"])
    assert site.passed(exchange, [stream]) == stream
    assert exchange.attributes["masthead.gateway.plugin.banned.found"] == ["response: words"]


async def test_arguments_that_masking_would_break_are_refused():
    site = ContentSite([{"kind": "banned", "on": "correct", "patterns": {"pair": 'a":"b'}}])
    exchange = await site.asked(stream=True)
    client = site.passed(exchange, [streamed(Dialect.OPENAI_CHAT, (), ['{"a":"b"}'])])
    assert got(Dialect.OPENAI_CHAT, client).is_error


WORDS = st.sampled_from(
    ["dragon", "Dra", "gon", "sea", " ", "  ", "monster", "\n", "0x", "ff", "x", ".", "ä", "größe", "c++", "a" * 60]
)


@given(text=st.lists(WORDS, max_size=40).map("".join), data=st.data())
@settings(max_examples=200, deadline=None)
async def test_masking_does_not_depend_on_pieces(text: str, data: st.DataObject):
    site = ContentSite([{**BANNED, "on": "correct"}])
    exchange = await site.asked(stream=True)
    pieces: list[str] = []
    rest = text
    while rest:
        size = data.draw(st.integers(1, 30))
        pieces.append(rest[:size])
        rest = rest[size:]
    client = got(Dialect.OPENAI_CHAT, site.passed(exchange, [streamed(Dialect.OPENAI_CHAT, pieces)]))
    plain = await site.answered(await site.asked(), whole(Dialect.OPENAI_CHAT, text))
    assert client.text == plain["choices"][0]["message"]["content"]


async def test_a_long_piece_is_judged_like_short_ones():
    said = "the sea and a dragon, " * 2000
    site = ContentSite([{**BANNED, "on": "correct"}])
    pieces = [said[at : at + 100] for at in range(0, len(said), 100)]
    exchanges = [await site.asked(stream=True) for _ in "12"]
    one, many = (
        got(Dialect.OPENAI_CHAT, site.passed(exchange, [streamed(Dialect.OPENAI_CHAT, cut)])).text
        for exchange, cut in zip(exchanges, ([said], pieces), strict=True)
    )
    assert one == many == said.replace("dragon", "***")


async def test_time_is_linear_in_the_text_whatever_the_pattern():
    site = ContentSite([{"kind": "banned", "on": "correct", "patterns": {"evil": "(a|a)*(a|a)*(a|a)*b"}}])
    exchange = await site.asked(said="a" * 20_000)
    assert exchange.sent is None
