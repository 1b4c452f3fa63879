"""Personal data leaves as placeholders and comes back; nobody gets another's; the record keeps placeholders."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masthead.clock import FixedClock
from masthead.gateway.plugins.personal import sensitive
from masthead.gateway.plugins.veil import LITERAL, Hiding, RestoreEdit, Veil, Veils
from masthead.gateway.reply import reply_of
from masthead.gateway.seams import Refused
from masthead.gateway.spans import spans_of
from masthead.providers.dialects import Dialect
from masthead.testing.content import ContentSite
from masthead.testing.exchanges import exchange_of
from masthead.testing.streamed import DIALECTS, streamed, whole

pytestmark = pytest.mark.unit

ALL = ("email", "phone", "iban", "card", "ip", "secret")
PII = {"kind": "pii"}
EVERYTHING = sensitive(ALL, {"odd": "[0-9A-Z]{2,}", "any": "q.+z"}, first=(LITERAL,))


def sent(exchange: Any) -> Any:
    """Return the messages that the provider gets."""
    return exchange.outgoing.member("messages")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "anna.müller+x@mail.example.com"),
        ("phone", "+49 170 1234567"),
        ("phone", "(555) 123-4567"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iban", "GB29NWBK60161331926819"),
        ("iban", "nl91abna0417164300"),
        ("card", "4111 1111 1111 1111"),
        ("ip", "203.0.113.7"),
        ("ip", "2001:db8::8a2e:370:7334"),
        ("secret", "sk-abcdefghij0123456789"),
    ],
)
def test_each_kind_is_found_in_the_midst_of_a_sentence(kind: str, value: str):
    veil = Veil()
    hidden = Hiding(sensitive(ALL, {}), veil).text(f"Note {value}, thanks; again: {value}.")
    assert hidden == f"Note <{kind.upper()}_1>, thanks; again: <{kind.upper()}_1>."
    assert veil.restored(hidden) == f"Note {value}, thanks; again: {value}."


@pytest.mark.parametrize(
    "text",
    [
        "DE88 3704 0044 0532 0130 00 has wrong check digits",
        "XX89 3704 0044 0532 0130 00 is of no country",
        "It ran at 12:30:45 on 127.0.0.1, version 1.2.3, std::vector, a::b, ::",
        "999.1.1.1 is no address and 4111 1111 1111 1112 no card",
        "order 12345, 2024-01-01 10:00, $1,234.56",
    ],
)
def test_what_only_looks_alike_stays(text: str):
    assert Hiding(sensitive(("email", "iban", "card", "ip", "secret"), {}), Veil()).text(text) == text


def test_an_account_number_ends_where_its_country_says():
    hidden = Hiding(sensitive(ALL, {}), Veil()).text("DE89 3704 0044 0532 0130 00 EUR 500")
    assert hidden == "<IBAN_1> EUR 500"


TRICKY = (
    "anna@example.com", "<EMAIL_1>", "<", "EMAIL_", "1>", " ", "q", "z", "<ODD_2>", "+49 170 1234567", "AB12", "\n",
    "\U000f0000", "\U000f0001", "password: hunter2x", "hunter2x", "\\u003c", "{", '"',
)  # fmt: skip


@given(st.lists(st.sampled_from(TRICKY), max_size=14).map("".join))
@settings(max_examples=300, deadline=None)
def test_what_is_hidden_comes_back_as_it_was_whatever_it_looks_like(text: str):
    veil = Veil()
    hidden = Hiding(EVERYTHING, veil).text(text)
    assert "anna@example.com" not in hidden
    assert veil.restored(hidden) == text


@given(st.text(max_size=60), st.data())
@settings(max_examples=200, deadline=None)
def test_a_restored_text_does_not_depend_on_its_pieces(noise: str, data: st.DataObject):
    veil = Veil()
    veil.placeholder("email", 'a"\\\n@b')
    veil.placeholder("odd", "x")
    at = data.draw(st.integers(0, len(noise)))
    text = (
        noise[:at]
        + data.draw(st.sampled_from(["<EMAIL_1>", "<ODD_1", "<EMAIL_12>", "\\u003cODD_1\\u003E", "\\\\"]))
        + noise[at:]
    )
    for is_json in (False, True):
        edit, pieces = RestoreEdit(veil, is_json=is_json), list[str]()
        rest = text
        while rest:
            size = data.draw(st.integers(1, 5))
            pieces.append(edit.feed(rest[:size]))
            rest = rest[size:]
        assert "".join(pieces) + edit.close(is_whole=True) == veil.restored(text, is_json=is_json)


async def test_system_prompt_tool_results_and_arguments_are_hidden_and_pictures_are_not():
    site = ContentSite([PII])
    picture = {"type": "image_url", "image_url": {"url": "https://x.example/?of=anna@example.com"}}
    call = {
        "id": "t1",
        "type": "function",
        "function": {"name": "f", "arguments": '{"anna@example.com": "b@x.org\\n"}'},
    }
    messages: list[Any] = [
        {"role": "system", "content": "You serve anna@example.com."},
        {"role": "user", "content": [{"type": "text", "text": "I am anna@example.com"}, picture]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t1", "content": '{"mail": "c@x.org\\nd@x.org", "n": 1}'},
    ]
    exchange = await site.asked(messages=messages, user="anna@example.com")
    assert sent(exchange) == [
        {"role": "system", "content": "You serve <EMAIL_1>."},
        {"role": "user", "content": [{"type": "text", "text": "I am <EMAIL_1>"}, picture]},
        {
            **messages[2],
            "tool_calls": [{**call, "function": {"name": "f", "arguments": '{"<EMAIL_1>":"<EMAIL_2>\\n"}'}}],
        },
        {"role": "tool", "tool_call_id": "t1", "content": '{"mail":"<EMAIL_3>\\n<EMAIL_4>","n":1}'},
    ]
    assert exchange.outgoing.member("user") == "<EMAIL_1>"
    assert exchange.call.member("messages") == messages, "guards and cache see what the client said"


async def test_signed_thoughts_and_ids_are_left_alone():
    site = ContentSite([{"kind": "pii", "patterns": {"ticket": "T-[0-9]+"}}])
    thought = {"type": "thinking", "thinking": "mail anna@example.com", "signature": "T-1"}
    content = [thought, {"type": "tool_use", "id": "T-2", "name": "T-3", "input": {"id": "T-4", "type": "T-5"}}]
    exchange = await site.asked(Dialect.ANTHROPIC, messages=[{"role": "assistant", "content": content}])
    assert sent(exchange)[0]["content"] == [
        thought,
        {**content[1], "input": {"id": "<TICKET_1>", "type": "<TICKET_2>"}},
    ]


async def test_the_same_value_has_the_same_placeholder_within_a_run_and_a_run_knows_its_own_values_only():
    site = ContentSite([PII])
    first = await site.asked(said="a@x.org and b@x.org", run="1" * 32, key="k1")
    later = await site.asked(said="b@x.org", run="1" * 32, key="k1")
    assert (sent(first)[0]["content"], sent(later)[0]["content"]) == ("<EMAIL_1> and <EMAIL_2>", "<EMAIL_2>")
    others: list[dict[str, Any]] = [
        {"run": "2" * 32, "key": "k1"},
        {"run": "1" * 32, "key": "k2"},
        {"run": "1" * 32, "key": "k1", "user": "x"},
        {"run": "1" * 32, "key": "k1", "project": "other"},
    ]
    for other in others:
        exchange = await site.asked(said="nothing here", **other)
        told = await site.answered(exchange, whole(Dialect.OPENAI_CHAT, "It is <EMAIL_1>."))
        assert told["choices"][0]["message"]["content"] == "It is <EMAIL_1>."


async def test_an_answer_that_refers_to_an_earlier_call_of_the_run_is_restored_too():
    site = ContentSite([PII])
    await site.asked(Dialect.OPENAI_RESPONSES, "a@x.org", run="1" * 32)
    later = await site.asked(Dialect.OPENAI_RESPONSES, "who?", run="1" * 32, previous_response_id="r1")
    told = await site.answered(later, whole(Dialect.OPENAI_RESPONSES, "<EMAIL_1>"))
    assert told["output"][0]["content"][0]["text"] == "a@x.org"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("is_stream", [False, True])
async def test_the_record_keeps_placeholders_and_no_value(dialect: Dialect, is_stream: bool):
    site = ContentSite([PII])
    exchange = await site.asked(dialect, "I am anna@example.com, 4111 1111 1111 1111", stream=is_stream)
    arguments = '{"to": "<EMAIL_1>", "more": "new@example.com"}'
    if is_stream:
        got = site.passed(exchange, [streamed(dialect, ["Hello <EMA", "IL_1>"], [arguments])])
    else:
        got = json.dumps(await site.answered(exchange, whole(dialect, "Hello <EMAIL_1>", arguments))).encode()
    assert b"anna@example.com" in b"".join(exchange.answered) and (is_stream or b"anna@example.com" in got)
    assert "anna@example.com" in str(reply_of(exchange)), "what guards read"
    exchange.attributes["masthead.guard.findings"] = ["said anna@example.com thrice"]
    exchange.error = "no such user anna@example.com"
    assert exchange.veil is not None
    exchange.veil(exchange)
    recorded = str(spans_of(exchange))
    for value in ("anna@example.com", "4111", "new@example.com"):
        assert value not in recorded
    assert "Hello <EMAIL_1>" in recorded and "<EMAIL_2>" in recorded and "<CARD_1>" in recorded


async def test_what_cannot_be_redacted_is_not_recorded(caplog: pytest.LogCaptureFixture):
    site = ContentSite([PII])
    exchange = await site.asked(said="I am anna@example.com")
    await site.answered(exchange, whole(Dialect.OPENAI_CHAT, "Hello <EMAIL_1>"))
    exchange.attributes = "anna@example.com"  # pyright: ignore[reportAttributeAccessIssue] - makes it fail
    assert exchange.veil is not None
    exchange.veil(exchange)
    exchange.attributes = {}
    assert "anna" not in str(spans_of(exchange)) + caplog.text
    assert "not recorded" in caplog.text


async def test_the_record_may_keep_what_was_said():
    exchange = await ContentSite([{**PII, "record": "original"}]).asked(said="I am anna@example.com")
    assert exchange.veil is None
    assert "anna@example.com" in str(spans_of(exchange))


async def test_a_call_may_be_refused_or_noted_instead():
    with pytest.raises(Refused, match="does not pass on: card, email") as refused:
        await ContentSite([{**PII, "on": "block"}]).asked(said="a@x.org 4111 1111 1111 1111")
    assert (refused.value.status, refused.value.headers) == (400, ((b"x-should-retry", b"false"),))
    exchange = await ContentSite([{**PII, "on": "record"}]).asked(said="a@x.org")
    assert exchange.sent is None
    assert exchange.headers == [(b"x-masthead-plugin", b"pii recorded in request; 1 email")]


@pytest.mark.parametrize("is_stream", [False, True])
async def test_what_the_model_brings_up_itself_is_masked_and_what_the_caller_sent_is_not(is_stream: bool):
    site = ContentSite([{**PII, "at": "both"}])
    exchange = await site.asked(said="I am anna@example.com", stream=is_stream)
    said = "<EMAIL_1>, ask bob@example.org\nor +49 170 1234567"
    if is_stream:
        stream = streamed(Dialect.OPENAI_CHAT, list(said))
        site.passed(exchange, [stream])
        told = str(reply_of(exchange))
    else:
        told = str(await site.answered(exchange, whole(Dialect.OPENAI_CHAT, said)))
    assert "anna@example.com, ask [redacted:email]\\nor [redacted:phone]" in told
    assert exchange.attributes["masthead.gateway.plugin.pii"] == "corrected"


async def test_embeddings_are_asked_for_placeholders():
    site = ContentSite([PII])
    exchange = exchange_of({"model": "m", "input": ["a@x.org", "b"]}, path="/v1/embeddings")
    await site.chain.before(exchange)
    assert exchange.outgoing.member("input") == ["<EMAIL_1>", "b"]
    assert site.chain.filter(exchange) is None


async def test_two_plugins_that_replace_look_together():
    site = ContentSite([{**PII, "find": ["email"]}, {**PII, "find": ["card"], "patterns": {"ticket": "T-[0-9]+"}}])
    exchange = await site.asked(said="a@x.org 4111 1111 1111 1111 T-7")
    assert sent(exchange)[0]["content"] == "<EMAIL_1> <CARD_1> <TICKET_1>"


def test_values_of_a_run_are_bounded_and_what_comes_beyond_is_taken_out_for_good():
    veil = Veil()
    made = [veil.placeholder("email", f"{number}@x.org") for number in range(6000)]
    assert made[-1] == "<EMAIL>" and len(veil) == 5000
    assert veil.placeholder("secret", "s" * 20_000) == "<SECRET>"


def test_a_veil_ends_with_an_hour_of_silence_and_with_too_many_runs():
    clock = FixedClock()
    veils = Veils(clock)
    kept = Veil()
    kept.placeholder("email", "a@x.org")
    veils.keep("one", kept)
    assert veils.of("one") is kept
    clock.advance(3601)
    assert len(veils.of("one")) == 0
    for number in range(5000):
        other = Veil()
        other.placeholder("email", "a@x.org")
        veils.keep(number, other)
    assert len(veils.of(0)) == 0 and len(veils.of(4999)) == 1
